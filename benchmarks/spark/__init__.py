"""What a diagnosis costs from Parquet and on Spark: ``python -m benchmarks.spark``."""
