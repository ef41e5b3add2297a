"""The fault zoo: real Keras trainings with one known, injected fault or none, and their truth.

Read in this order: ``plan`` (what one training is), ``datasets`` and ``architectures`` (what
it can be made of), ``faults`` (what can go wrong), ``catalogue`` (all trainings), ``training``
(how one is run and logged), ``measurement`` and ``truth`` (what really happened), ``traces``
(the file that the benchmark reads).
"""
