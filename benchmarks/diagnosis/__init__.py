"""How good the diagnosis is on the fault zoo: ``python -m benchmarks.diagnosis``.

    pairs, diagnoses -> cases -> scores -> tables, page, picture

``measure(pairs, diagnoses)`` is the whole of the first two arrows, as a pure function.
"""

from benchmarks.diagnosis.cases import Case, case_of
from benchmarks.diagnosis.scores import Scores, measure, score

__all__ = ["Case", "Scores", "case_of", "measure", "score"]
