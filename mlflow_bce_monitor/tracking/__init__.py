"""The MLflow edge: what is done with a store from beginning to end. ``evaluation`` is read first.

``evaluation`` puts the rooms in order for a scan: ``options`` says how runs are evaluated, ``answers`` what
came of each. ``scan`` is what Python callers use; ``watching`` does the same again and again, ``exporting``
and ``applying`` do its two halves apart, ``overviews`` shows many runs on a page. Below are four rooms, none
of which knows a module of this one:

1. ``store/`` opens a store and lists its runs;
2. ``reading/`` makes run records of them, with the runs around each;
3. ``coworker/`` reads and diagnoses in a second process, when ``judges`` says that it pays;
4. ``writing/`` tells which runs carry their answer, and writes the others.
"""
