"""The fault zoo: real Keras trainings with one known, injected fault or none, and their truth.

Read in this order: ``plan`` (what one training is), ``datasets`` and ``architectures`` (what
it can be made of), ``blocks`` and ``split`` (what may be fitted on), ``base_plans`` (what should
learn), ``faults`` (what can go wrong), ``recipes`` (what only looks like it), ``catalogue`` (all
trainings), ``building`` and ``training`` (how one is run and logged), ``measurement`` and
``truth`` (what really happened), ``traces`` (the file that the benchmark reads).
"""
