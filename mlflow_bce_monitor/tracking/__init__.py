"""The MLflow edge: runs are read here, answers are written back here, and nowhere else.

``store`` opens a tracking store, ``search`` finds what a caller named, ``pages`` lists its runs,
``reader`` turns them into :class:`~mlflow_bce_monitor.records.RunRecord`, ``surroundings`` and
``sibling_search`` find the runs around them, ``fingerprint`` tells which are already answered,
``judges`` has the records diagnosed, here or in a second process (``coworker/``),
``writer`` writes a diagnosis back, ``evaluation`` puts these in order, and ``scan`` is what Python
callers use.
"""
