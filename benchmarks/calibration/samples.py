"""Runs in trouble as the fit sees them: which observations each rule made, and which causes are true."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from benchmarks.diagnosis.bare import one_curve, without_params
from benchmarks.diagnosis.cases import RATE
from benchmarks.tiers.views import BOTH, CALLBACK, PROBES
from mlflow_bce_monitor.contract import FLAGGED, NO_CAUSE, UNKNOWN, Verdict
from mlflow_bce_monitor.evidence.fact import Evidence, Fact
from mlflow_bce_monitor.limits import LIMITS
from mlflow_bce_monitor.observations import QUESTIONS, observe
from mlflow_bce_monitor.pipeline import diagnose
from mlflow_bce_monitor.ranking import consult
from mlflow_bce_monitor.records import RunRecord
from mlflow_bce_monitor.rules import RULES, NotAssessed, Supported

if TYPE_CHECKING:
    from benchmarks.zoo.inside import Case
    from benchmarks.zoo.truth import Truth

BARE_WEIGHT: Final = 0.5
"""Of a run without its params: the same training a second time, seen through fewer facts."""

ALONE_WEIGHT: Final = 0.5
"""Of a run of which only the judged loss is left: the fit has to learn how little one curve tells, or it
takes the zoo's shares of causes for the world's."""

INSIDE_WEIGHT: Final = 0.5
"""Of one view of a training with the callback or probes; it is the same training three times."""

INSIDE_VIEWS: Final = (CALLBACK, PROBES, BOTH)

UNCOVERED_WEIGHT: Final = 0.02
"""Of a run whose true causes no rule may name: then ``unknown`` is the right answer. The share of
troubles that none of our rules covers is not known; one in fifty is what we allow for, besides the one
in twenty of the reported runs for which no cause is right."""

UNCOVERED_ALONE_WEIGHT: Final = 0.05
"""The same of one curve alone, where no fact speaks against a cause that nobody thought of: one in ten."""


_SHORT_WAYS: Final = {"learning_rate_too_low": RATE, "too_few_steps": "n_updates"}
"""Causes of a way too short, steps that are small and steps that are few, with the fact that tells which."""


AS_LOGGED: Final = "as logged"
BARE: Final = "metrics alone"
ALONE: Final = "one curve alone"
UNCOVERED: Final = "no rule for its cause"

Seen = tuple[RunRecord, tuple[Fact, ...]]
"""A run as it is seen, and what probes of its model found."""


@dataclass(frozen=True)
class Sample:
    """One run in trouble.

    Attributes
    ----------
    group
        Data set and architecture; runs of one group are never on both sides of a split.
    verdict
        As diagnosed.
    pieces
        Rule to the keys of the observations it made, for every rule that considers its cause.
    not_assessed
        Rules that lacked a fact.
    targets
        Causes that the fit makes probable, ``unknown`` among them when no rule may be.
    accepted
        Causes that are right, which may be more.
    seen
        Keys of the shared observations.
    block
        Of the zoo.
    rate_known
        Whether the run says its learning rate.
    weight
        How often the sample counts.
    view
        How the run was seen; :data:`AS_LOGGED` is what the strength of the fit is chosen by.
    facts
        The facts that are numbers, by name.
    """

    group: tuple[str, str]
    verdict: Verdict
    pieces: Mapping[str, tuple[str, ...]]
    not_assessed: tuple[str, ...]
    targets: frozenset[str]
    accepted: frozenset[str]
    seen: tuple[str, ...] = ()
    block: str = ""
    rate_known: bool = False
    weight: float = 1.0
    view: str = AS_LOGGED
    facts: Mapping[str, float] = field(default_factory=dict)


def authors_weights(seen: Iterable[Seen]) -> dict[str, float]:
    """Return "rule.key" to the author's weight, of every observation made on some runs.

    Raises
    ------
    ValueError
        When one key comes with two weights: fitted weights go by key.
    """
    weights: dict[str, float] = {}
    for record, facts in seen:
        for code, outcome in consult(diagnose(record, probed=facts).evidence, RULES, LIMITS).items():
            for piece in outcome.pieces if isinstance(outcome, Supported) else ():
                name = f"{code}.{piece.key}"
                if weights.setdefault(name, piece.weight) != piece.weight:
                    raise ValueError(f"{name} weighs {weights[name]} here and {piece.weight} there")
    return weights


def every_view(pairs: Iterable[tuple[RunRecord, Truth]], cases: Iterable[Case]) -> Iterator[Seen]:
    """Yield every run in each way in which the fit sees it."""
    for record, _ in pairs:
        yield record, ()
        yield without_params(record), ()
        yield from ((one, ()) for one in _alone(record))
    for case in cases:
        yield from (view.of(case) for view in INSIDE_VIEWS if view.shows(case))


def samples_of(pairs: Sequence[tuple[RunRecord, Truth]]) -> list[Sample]:
    """Return the samples of all runs in trouble that were reported as such.

    Runs whose true cause is not established are left out; runs that are in no trouble and
    were reported all the same count as ``unknown``, because no cause is right for them.
    """
    samples: list[Sample] = []
    for record, truth in pairs:
        samples += _of_run(record, truth)
    return samples


def samples_from_inside(cases: Iterable[Case]) -> list[Sample]:
    """Return the samples of trainings with the callback and probes, one for each way to see them."""
    samples = []
    for case in cases:
        for view in (one for one in INSIDE_VIEWS if one.shows(case)):
            record, facts = view.of(case)
            sample = _sample(record, case.truth, facts)
            if sample is not None:
                samples.append(replace(sample, weight=INSIDE_WEIGHT, view=view.title))
    return samples


def _of_run(record: RunRecord, truth: Truth) -> Iterator[Sample]:
    whole = _sample(record, truth)
    if whole is not None:
        yield whole
        yield from _uncovered(whole)
    bare = _sample(without_params(record), truth)
    if bare is not None:
        yield replace(bare, weight=BARE_WEIGHT, view=BARE)
    for one in _alone(record):
        alone = _sample(one, truth)
        if alone is not None:
            yield replace(alone, weight=ALONE_WEIGHT, view=ALONE)
            yield from (replace(other, weight=UNCOVERED_ALONE_WEIGHT) for other in _uncovered(alone))


def _alone(record: RunRecord) -> Iterator[RunRecord]:
    """Yield the run with its judged loss alone, if it has one."""
    metric = diagnose(record).metric
    if metric is not None:
        yield one_curve(record, metric)


def _sample(record: RunRecord, truth: Truth, facts: tuple[Fact, ...] = ()) -> Sample | None:
    diagnosis = diagnose(record, probed=facts)
    if diagnosis.verdict not in FLAGGED or not truth.causes:
        return None
    accepted = frozenset(truth.causes - {NO_CAUSE}) or frozenset({UNKNOWN})
    outcomes = consult(diagnosis.evidence, RULES, LIMITS)
    return Sample(
        group=truth.group,
        verdict=diagnosis.verdict,
        pieces={
            code: tuple(piece.key for piece in outcome.pieces)
            for code, outcome in outcomes.items()
            if isinstance(outcome, Supported)
        },
        not_assessed=tuple(code for code, said in outcomes.items() if isinstance(said, NotAssessed)),
        targets=_aims(truth.plan.fault, accepted, diagnosis.evidence),
        accepted=accepted,
        seen=tuple(one.key for one in observe(diagnosis.evidence, QUESTIONS, LIMITS)),
        block=truth.plan.block,
        rate_known=RATE in diagnosis.evidence,
        facts={
            name: float(value) for name, value in diagnosis.evidence.items() if not isinstance(value, str)
        },
    )


def _aims(fault: str, accepted: frozenset[str], evidence: Evidence) -> frozenset[str]:
    """Return the causes that the fit aims at: of a small rate and few steps the one that was unusual.

    Either remedy works, so both are right; a run that says how few steps it made at the usual rate is helped
    by knowing which. One that does not say cannot be.
    """
    if fault not in accepted or _SHORT_WAYS.get(fault) not in evidence:
        return accepted
    return accepted - (_SHORT_WAYS.keys() - {fault})


def _uncovered(sample: Sample) -> Iterator[Sample]:
    """Yield the sample as it would be had nobody written a rule for its causes."""
    if UNKNOWN in sample.targets:
        return
    yield replace(
        sample,
        pieces={code: keys for code, keys in sample.pieces.items() if code not in sample.targets},
        not_assessed=tuple(code for code in sample.not_assessed if code not in sample.targets),
        targets=frozenset({UNKNOWN}),
        accepted=frozenset({UNKNOWN}),
        weight=UNCOVERED_WEIGHT,
        view=UNCOVERED,
    )
