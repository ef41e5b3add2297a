"""A second process for large SQLite stores: it reads and diagnoses, so that two cores work on a scan.

``tasks`` is what is asked and answered, ``child`` what the second process does, ``parent`` how it is
started, asked and ended. Why a process: ``docs/decisions/0023-a-second-process.md``.
"""
