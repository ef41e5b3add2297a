"""Runs and metric points as Arrow columns: the same diagnosis where data lies in files or a warehouse.

``layout`` names the columns, ``points`` makes histories of rows of points, ``runs`` makes run records,
``answers`` makes rows of a table of diagnoses, ``fingerprint`` says what an answer was made from, and
``folder`` reads what ``bce-monitor export`` wrote. Nothing here imports MLflow or Spark, so an executor
needs no more than this package, NumPy and pyarrow.
"""
