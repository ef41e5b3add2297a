"""Evidence that is looked for when it is asked for: what comes out is what looking for all of it gives."""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Iterator

import pytest
from hostile_runs import hostile_runs, questions
from hypothesis import given
from made_runs import LN_2, run

from benchmarks.core.answers import digest_of
from mlflow_bce_monitor.contract import Tier
from mlflow_bce_monitor.errors import RunError
from mlflow_bce_monitor.evidence.catalogue import CATALOGUE
from mlflow_bce_monitor.evidence.fact import Fact
from mlflow_bce_monitor.evidence.gather import FINDERS
from mlflow_bce_monitor.evidence.on_demand import EvidenceOnDemand, Finder, Finders
from mlflow_bce_monitor.pipeline import Question, diagnose
from mlflow_bce_monitor.records import RunRecord


def fact(name: str, value: float) -> Fact:
    """Return a fact."""
    return Fact(name, value, "made", Tier.CURVE)


def evidence_about(calls: Counter[str]) -> EvidenceOnDemand[Counter[str]]:
    """Return evidence of three finders that count how often they are asked; two may find ``ranking``."""

    def first(seen: Counter[str]) -> Iterator[Fact]:
        seen["first"] += 1
        yield fact("auc", 0.5)
        yield fact("ranking", 1.0)

    def second(seen: Counter[str]) -> Iterator[Fact]:
        seen["second"] += 1
        yield fact("recall", 0.25)

    def third(seen: Counter[str]) -> Iterator[Fact]:
        seen["third"] += 1
        yield fact("ranking", 2.0)

    finders = [Finder(("auc", "ranking"), first), Finder(("recall", "penalty"), second)]
    return EvidenceOnDemand(Finders([*finders, Finder(("ranking", "penalty"), third)]), calls)


def test_only_what_is_asked_for_is_looked_for() -> None:
    """A finder is called for its own facts alone, and once."""
    calls: Counter[str] = Counter()
    evidence = evidence_about(calls)
    assert not calls
    assert evidence.number("recall") == evidence["recall"] == evidence.get("recall") == 0.25
    assert "nothing of the kind" not in evidence
    assert calls == {"second": 1}


def test_the_later_finder_counts() -> None:
    """Of two that find one fact; where the later one finds nothing, the earlier one does."""
    evidence = evidence_about(Counter())
    assert evidence.number("ranking") == 2.0
    assert "penalty" not in evidence
    assert evidence.number_or("penalty", 0.5) == 0.5
    with pytest.raises(KeyError, match="penalty"):
        evidence.number("penalty")


def test_all_of_it_stands_in_the_order_of_the_finders() -> None:
    """Asking for everything looks for the rest, once, and gives what a plain gathering gives."""
    calls: Counter[str] = Counter()
    evidence = evidence_about(calls)
    assert evidence.number("ranking") == 2.0
    assert [(one.name, one.value) for one in evidence.facts()] == [
        ("auc", 0.5),
        ("ranking", 2.0),
        ("recall", 0.25),
    ]
    assert list(evidence) == ["auc", "ranking", "recall"]
    assert len(evidence) == 3
    assert dict(evidence.and_facts([fact("auc", 0.75)])) == {"auc": 0.75, "ranking": 2.0, "recall": 0.25}
    assert set(calls.values()) == {1}


@given(hostile_runs(), questions())
def test_a_fact_is_the_same_whoever_is_asked_for_first(record: RunRecord, question: Question) -> None:
    """One by one, the last of the catalogue first, or all at once: nothing is missed, nothing differs."""
    try:
        one_by_one, at_once = (diagnose(record, question).evidence for _ in range(2))
    except RunError:
        return
    asked = {name: one_by_one.fact(name) for name in reversed(CATALOGUE) if name in one_by_one}
    assert repr(sorted(asked.items())) == repr(sorted((one.name, one) for one in at_once.facts()))


def test_every_fact_of_a_run_has_a_finder() -> None:
    """All of the catalogue but what siblings and probes say, and nothing that is not in it."""
    found = {name for finder in FINDERS.all for name in finder.names}
    assert found <= CATALOGUE.keys()
    assert all(name.startswith(("sibling", "probe_")) for name in CATALOGUE.keys() - found)


@pytest.mark.parametrize("values", [[LN_2] * 20, [0.9 - 0.02 * i for i in range(30)]])
def test_a_diagnosis_goes_to_another_process_whole(values: list[float]) -> None:
    """Facts that nobody asked for and clauses that nobody read are in the copy."""
    diagnosis = diagnose(run({"loss": values, "val_loss": values, "accuracy": [0.5] * len(values)}))
    assert digest_of(pickle.loads(pickle.dumps(diagnosis))) == digest_of(diagnosis)  # noqa: S301 - our own
