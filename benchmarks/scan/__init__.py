"""How fast stores are read and scanned, beside the peers: ``python -m benchmarks.scan``."""
