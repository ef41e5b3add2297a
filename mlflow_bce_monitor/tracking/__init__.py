"""The MLflow edge: runs are read here, answers are written back here, and nowhere else.

``store`` opens a tracking store, ``search`` finds runs, ``reader`` turns them into
:class:`~mlflow_bce_monitor.records.RunRecord`, ``fingerprint`` tells which are already
answered, ``writer`` writes a diagnosis back, ``evaluation`` puts these in order, and
``scan`` is what Python callers use.
"""
