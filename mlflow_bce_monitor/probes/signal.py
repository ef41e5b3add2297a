"""Do the labels depend on the inputs? A cross-validated reference learner with a permutation test.

Two learners are fitted on two thirds of the rows and rank the last third, each third once:
logistic regression, and gradient-boosted trees (scikit-learn's HistGradientBoosting). The
statistic is the larger of their AUCs. It is compared with what the same procedure gives
for permuted labels. With b of m permutations at least as large,

    p = (b + 1) / (m + 1)

which is never 0 (Phipson & Smyth 2010, doi:10.2202/1544-6115.1585). Permuting ends early when
enough of them exceed the statistic (Besag & Clifford 1991, doi:10.1093/biomet/78.2.301), or when
it stands far above all of them.

The answer goes by the distance z = (statistic - mean of the permuted) / their standard deviation, and not
by p: looking after every permutation makes "p <= 0.02" come up far more often than twice in
a hundred, and 99 permutations cannot show less than p = 0.01. With 1,500 rows z = 3 is an AUC of 0.55. A
model that found all of that would have a skill of 0.008, so less counts as no signal to learn from.
"""

from __future__ import annotations

import warnings
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from mlflow_bce_monitor.chance.level import chance_level
from mlflow_bce_monitor.errors import UsageError
from mlflow_bce_monitor.evidence.fact import FactValue
from mlflow_bce_monitor.probes.bench import OUT_OF_TIME, Bench, Experiment, Finding
from mlflow_bce_monitor.probes.data import FloatArray, dealt
from mlflow_bce_monitor.probes.result import Answer
from mlflow_bce_monitor.rules.probed.signal import ORDINARY_P
from mlflow_bce_monitor.scores import auc_error, cross_entropy, roc_auc

FOLDS: Final = 3
MOST_ROWS: Final = 1500
"""Rows of the test: with them an AUC of 0.56 is told from 0.5."""

MOST_FEATURES: Final = 500
COMPONENTS: Final = 64
"""Principal components that stand for more features than that: 99 permutations must fit into a minute."""

BINS: Final = 31
"""Values of a feature that the trees tell apart: 255 take twice as long, and a thousand rows hold no more."""

MOST_PERMUTATIONS: Final = 99
FEWEST: Final = 19
"""Permutations before which their standard deviation is not known well enough."""

FAR_ABOVE: Final = 6.0
"""Standard deviations of the permuted statistics above their mean that end the permuting with "yes"."""

ABOVE: Final = 4.0
"""... that are signal after all permutations: one in 30,000 under no signal, were they normal."""

NEAR: Final = 3.0
"""... below which there is none that could be learned."""

ENOUGH: Final = 4
"""Permutations that reach the statistic after which the permuting ends: p is then 0.05 at least."""

LEARNABLE: Final = 0.65
"""AUC that must not have gone unseen for "no": its skill is about 0.05."""

MOST_OF_BUDGET: Final = 0.5
"""Share of the whole budget for permutations: a doubtful case would use up all of it for one answer."""

BoolArray = npt.NDArray[np.bool_]


class _Fit(NamedTuple):
    auc: float
    skill: float
    learner: str


def _learners() -> dict[str, Any]:
    try:
        from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415 - an extra
        from sklearn.impute import SimpleImputer  # noqa: PLC0415 - as above
        from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - as above
        from sklearn.pipeline import make_pipeline  # noqa: PLC0415 - as above
        from sklearn.preprocessing import StandardScaler  # noqa: PLC0415 - as above
    except ImportError as error:
        raise UsageError(
            "The reference learner needs scikit-learn, which is not installed here. "
            "Install it with: pip install 'mlflow-bce-monitor[scenarios]'"
        ) from error
    linear = make_pipeline(
        SimpleImputer(keep_empty_features=True), StandardScaler(), LogisticRegression(C=0.1, max_iter=200)
    )
    trees = HistGradientBoostingClassifier(
        max_iter=40, max_leaf_nodes=8, max_bins=BINS, learning_rate=0.15, early_stopping=False, random_state=0
    )
    return {"logistic regression": linear, "boosted trees": trees}


def _one_thread() -> Any:
    """Keep the learners to one thread: threads that wait for busy cores make small fits far slower."""
    from threadpoolctl import threadpool_limits  # noqa: PLC0415 - comes with scikit-learn

    return threadpool_limits(limits=1)


def _held_out(table: FloatArray, positive: BoolArray, folds: npt.NDArray[np.int64]) -> _Fit | None:
    """Return the better of the learners on rows they were not fitted on; None when a fold has one class."""
    best: _Fit | None = None
    for name, learner in _learners().items():
        p = np.zeros(positive.size)
        for fold in range(FOLDS):
            rest = folds != fold
            if positive[rest].all() or not positive[rest].any():
                return None
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of convergence, and of features that are constant
                learner.fit(table[rest], positive[rest])
                p[~rest] = learner.predict_proba(table[~rest])[:, 1]
        entropy = cross_entropy(p, positive.astype(np.float64), None, logits=False)
        skill = 1.0 - (entropy or 0.0) / chance_level(float(positive.mean()))
        found = _Fit(roc_auc(p, positive), skill, name)
        if best is None or found.auc > best.auc:
            best = found
    return best


def _signal(bench: Bench) -> Finding:
    data = bench.data.originals()
    data = data.rows(np.arange(min(MOST_ROWS, data.n)))
    _learners()  # says what is missing before anything else
    table, positive = _reduced(data.table()), data.positive
    if not table.shape[1]:
        return Finding(
            Answer.UNCLEAR, {}, "the inputs hold no numbers, so there is nothing for the reference learner"
        )
    folds = dealt(data, FOLDS, bench.rng)
    with _one_thread():  # looking the libraries up costs 10 ms, as much as a small fit
        found = _held_out(table, positive, folds)
        if found is None:
            return Finding(Answer.UNCLEAR, {}, "too few rows of the rarer class for cross-validation")
        permuted = _permuted(table, positive, folds, found.auc, bench)
    null = _null(found.auc, permuted, _luck(positive))
    answer = _answer(found.auc, null)
    numbers: dict[str, FactValue] = {
        "signal": str(answer),
        "signal_p": null.p_value,
        "signal_auc": found.auc,
        "reference_skill": found.skill,
    }
    if null.n >= ENOUGH:
        numbers |= {"signal_distance": null.distance(found.auc), "signal_detectable": null.told}
    sentence = (
        f"{found.learner} ranks held-back rows with AUC {found.auc:.3f} (skill {found.skill:.2f}; "
        f"p = {null.p_value:.2g} after {len(permuted)} permutations of the labels)"
    )
    if bench.clock.is_over and answer is Answer.UNCLEAR:
        sentence += f"; {OUT_OF_TIME}"
    return Finding(answer, numbers, sentence)


class _Null(NamedTuple):
    """What permuted labels gave: how many AUCs, how many of them reach the statistic, mean and deviation."""

    n: int
    reaching: int
    mean: float
    spread: float

    @property
    def p_value(self) -> float:
        return (self.reaching + 1) / (self.n + 1)

    @property
    def told(self) -> float:
        """The least AUC that would not have been taken for chance."""
        return self.mean + NEAR * self.spread

    def distance(self, auc: float) -> float:
        return (auc - self.mean) / max(self.spread, 1e-9)


def _luck(positive: BoolArray) -> float:
    """Return the standard deviation of the AUC of one learner that has found nothing."""
    return auc_error(positive.size, float(positive.mean()))


def _null(auc: float, permuted: list[float], luck: float) -> _Null:
    spread = float(np.std(permuted, ddof=1)) if len(permuted) > 1 else 0.0
    if len(permuted) < FEWEST:
        spread = max(spread, luck)  # so few may lie close together by chance
    mean = float(np.mean(permuted)) if permuted else 0.5
    return _Null(len(permuted), sum(one >= auc for one in permuted), mean, spread)


def _answer(auc: float, null: _Null) -> Answer:
    if null.reaching >= ENOUGH and null.p_value >= ORDINARY_P:
        return Answer.NO if null.told <= LEARNABLE else Answer.UNCLEAR
    if null.n < FEWEST:
        return Answer.UNCLEAR
    distance = null.distance(auc)
    if distance >= FAR_ABOVE or (null.n >= MOST_PERMUTATIONS and distance >= ABOVE):
        return Answer.YES
    is_near = null.reaching >= ENOUGH or (null.n >= MOST_PERMUTATIONS and distance < NEAR)
    return Answer.NO if is_near and null.told <= LEARNABLE else Answer.UNCLEAR


def _reduced(table: FloatArray) -> FloatArray:
    """Return a wide table as its first principal components, which are found without the labels."""
    if table.shape[1] <= MOST_FEATURES:
        return table
    from sklearn.decomposition import PCA  # noqa: PLC0415 - an extra

    filled = np.nan_to_num(table.astype(np.float32), copy=False)
    components = min(COMPONENTS, len(table) - 1)
    found: FloatArray = PCA(components, svd_solver="randomized", random_state=0).fit_transform(filled)
    return found


def _permuted(
    table: FloatArray, positive: BoolArray, folds: npt.NDArray[np.int64], auc: float, bench: Bench
) -> list[float]:
    """Return the statistics of permuted labels, until the answer is decided or the time is up."""
    found: list[float] = []
    start = bench.clock.spent
    allowed = MOST_OF_BUDGET * bench.clock.budget
    while len(found) < MOST_PERMUTATIONS and not bench.clock.is_over:
        if bench.clock.spent - start > allowed:
            break
        shuffled = positive.copy()
        for fold in range(FOLDS):  # within the folds, which keeps each fold's share of positives
            at = np.flatnonzero(folds == fold)
            shuffled[at] = positive[bench.rng.permutation(at)]
        one = _held_out(table, shuffled, folds)
        if one is not None:
            found.append(one.auc)
        null = _null(auc, found, _luck(positive))
        # What few of them leave unclear, their spread may decide once it is known.
        enough = null.reaching >= ENOUGH and null.n >= FEWEST
        if enough or _answer(auc, null) is not Answer.UNCLEAR:
            break
    return found


SIGNAL = Experiment("signal", "The labels depend on the inputs", 6.0, _signal)
