"""What an answer is in a store: how it gets there, and how it is found there. ``writer`` is read first.

``fingerprint`` tells which runs carry their answer and ``reports`` which of them get a report, which
``report_files`` logs; ``view`` offers the runs table with the answers as columns, and ``links`` are the
addresses of all this.
"""
