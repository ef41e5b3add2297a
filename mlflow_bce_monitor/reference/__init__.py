"""Do labels depend on inputs? A cheap learner, asked beside permuted labels.

`features` makes columns of whatever a network is given, `windows` adds what random filters see of
neighbours, `kernels` compares rows, and `learner` fits and tests.
"""

from mlflow_bce_monitor.reference.learner import MOST_ROWS, Reference, reference

__all__ = ["MOST_ROWS", "Reference", "reference"]
