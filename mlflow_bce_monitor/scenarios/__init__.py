"""Trainings that show the classic ways a binary cross-entropy stagnates, and their remedies.

Read ``catalogue.py`` first: the table of scenarios. Each scenario is one file named like it.
Describing a scenario needs NumPy only; TensorFlow, scikit-learn, imbalanced-learn and MLflow
are imported when one is trained.
"""
