"""Whether the prescribed changes work: runs of the zoo put right, ``python -m benchmarks.remedies``."""
