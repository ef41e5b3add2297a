"""Fits how much each observation says about each cause, on the zoo's blocks for fitting."""
