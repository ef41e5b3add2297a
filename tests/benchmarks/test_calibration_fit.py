"""The fit of the weights: it finds what made the data, keeps to its bounds, and is the same every time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks.calibration.__main__ import main
from benchmarks.calibration.fit import (
    LARGEST_ACROSS,
    LARGEST_UNSEEN,
    Strength,
    fit,
    log_likelihoods,
    probabilities,
)
from benchmarks.calibration.samples import Sample
from benchmarks.calibration.together import fit_together, pooled_probabilities
from benchmarks.calibration.validation import blocks_apart, folds, report
from benchmarks.zoo import traces as zoo
from benchmarks.zoo.blocks import TEST
from mlflow_bce_monitor.contract import UNKNOWN, Verdict
from mlflow_bce_monitor.rules import RULES

AUTHORS = {"no_signal.ranks": -1.0, "no_signal.memorises": 1.0, "dead_relu.shock": 1.0}
WEAK = Strength(pieces=1e-3, verdicts=1e3, priors=1e-3)


def sample(
    cause: str,
    no_signal: tuple[str, ...],
    dead_relu: tuple[str, ...],
    group: int = 0,
    seen: tuple[str, ...] = (),
    block: str = "",
    facts: Mapping[str, float] = MappingProxyType({}),
) -> Sample:
    """Return a run whose true cause is this, with these observations of two rules and of none."""
    return Sample(
        group=(f"data {group}", "mlp"),
        verdict=Verdict.STALLED,
        pieces={"no_signal": no_signal, "dead_relu": dead_relu},
        not_assessed=(),
        targets=frozenset({cause}),
        accepted=frozenset({cause}),
        seen=seen,
        block=block,
        facts=facts,
    )


def made(n: int = 400, seed: int = 0) -> list[Sample]:
    """Return runs in which memorising is three times as common under one cause, a shock under the other."""
    rng = np.random.default_rng(seed)
    samples = []
    for number in range(n):
        cause = ("no_signal", "dead_relu")[int(rng.random() < 0.5)]
        memorises = rng.random() < (0.6 if cause == "no_signal" else 0.2)
        shock = rng.random() < (0.2 if cause == "no_signal" else 0.6)
        samples.append(
            sample(cause, ("memorises",) if memorises else (), ("shock",) if shock else (), number % 20)
        )
    return samples


def test_probabilities_fitted_are_those_that_made_the_data() -> None:
    """Of the runs with one pattern of observations, the stated share has that cause."""
    samples = made(4_000)
    fitted = fit(samples, AUTHORS, WEAK)
    pattern = [one for one in samples if one.pieces["no_signal"] and not one.pieces["dead_relu"]]
    share = np.mean(["no_signal" in one.targets for one in pattern])
    assert probabilities(pattern[0], fitted)["no_signal"] == pytest.approx(share, abs=0.02)


def test_an_observation_never_changes_sides() -> None:
    """Where the data say the opposite of the author, the weight goes to nothing and not beyond."""
    against = [sample("dead_relu", ("memorises",), ()) for _ in range(50)]
    against += [sample("no_signal", (), ()) for _ in range(50)] + [sample("no_signal", ("memorises",), ())]
    fitted = fit(against, AUTHORS, WEAK)
    assert fitted.pieces["no_signal.memorises"] == pytest.approx(0.0, abs=1e-6)


def test_an_observation_never_seen_with_its_cause_keeps_its_weight() -> None:
    """What the zoo does not contain is no evidence against: the author's weight stays."""
    never = [sample("dead_relu", ("memorises",), ("shock",)) for _ in range(50)]
    assert fit(never, AUTHORS, WEAK).pieces["no_signal.memorises"] == AUTHORS["no_signal.memorises"]


def test_a_strong_hold_keeps_the_authors_weights() -> None:
    """Without room to move, the fit gives back what it started from."""
    held = fit(made(), AUTHORS, Strength(pieces=1e6, verdicts=1e6, priors=1e6, across=1e6))
    for name, weight in AUTHORS.items():
        assert held.pieces[name] == pytest.approx(weight, abs=1e-3)
    for rule in RULES:
        assert held.priors[rule.code] == pytest.approx(rule.prior, rel=1e-2)


FREE = Strength(pieces=1e3, verdicts=1e3, priors=1e-3, across=1e-3, sparing=1e-3)
"""Nothing but the shared observations can explain anything."""


def with_shared(n: int = 4_000, seed: int = 0) -> list[Sample]:
    """Return runs of two causes of which one mostly lies still; the rules see nothing."""
    rng = np.random.default_rng(seed)
    samples = []
    for _ in range(n):
        cause = ("no_signal", "dead_relu")[int(rng.random() < 0.5)]
        still = rng.random() < (0.2 if cause == "no_signal" else 0.6)
        samples.append(sample(cause, (), (), seen=("still",) if still else ()))
    return samples


def test_a_shared_observation_is_weighed_for_every_cause() -> None:
    """What belongs to no rule tells causes apart as strongly as it does in the data."""
    samples = with_shared()
    fitted = fit(samples, AUTHORS, FREE)
    still = [one for one in samples if one.seen]
    share = np.mean(["dead_relu" in one.targets for one in still])
    assert probabilities(still[0], fitted)["dead_relu"] == pytest.approx(share, abs=0.02)
    assert fitted.across["still"]["dead_relu"] > 0 > fitted.across["still"]["no_signal"]


def test_a_shared_observation_that_tells_little_is_left_out() -> None:
    """A weight that costs more than it explains is nothing at all, so the rest can be read."""
    assert fit(with_shared(200), AUTHORS, Strength(across=1.0, sparing=100.0)).across == {}


def test_no_shared_observation_decides_alone() -> None:
    """However one-sided the zoo, one sign has its limit, a lower one against what it was never seen with."""
    one_sided = [sample("dead_relu", (), (), seen=("still",)) for _ in range(500)]
    one_sided += [sample("no_signal", (), ()) for _ in range(500)]
    across = fit(one_sided, AUTHORS, FREE).across["still"]
    assert across["dead_relu"] == pytest.approx(LARGEST_ACROSS, abs=1e-3)
    assert across["no_signal"] == pytest.approx(-LARGEST_UNSEEN, abs=1e-3)


def test_a_cause_of_next_to_no_probability_has_a_log_likelihood() -> None:
    """The search may step so far that exp() of a true cause is 0: such a step is only too long."""
    logits = np.array([[0.0, -2_000.0, -2_001.0], [3.0, -np.inf, 3.0]])
    found = log_likelihoods(logits, np.array([[False, True, True], [True, True, False]]))
    assert found == pytest.approx([-2_000.0 + math.log1p(math.exp(-1.0)), -math.log(2.0)])


def test_each_block_is_judged_by_the_others() -> None:
    """What is fitted where still runs are of one cause is wrong where they are of the other: by both."""
    still = {"seen": ("still",), "facts": {"movement": 0.0}}
    moving = {"facts": {"movement": 0.5}}
    here = [sample("dead_relu", (), (), block="development", **still) for _ in range(100)]
    here += [sample("no_signal", (), (), block="development", **moving) for _ in range(100)]
    there = [sample("no_signal", (), (), block="validation", **still) for _ in range(100)]
    there += [sample("dead_relu", (), (), block="validation", **moving) for _ in range(100)]
    found = list(blocks_apart([*here, *there], AUTHORS, FREE))
    assert len(found) == 400
    for block in ("development", "validation"):
        of_block = [one for one in found if one.sample.block == block]
        assert report([(one.sample, one.by_rules) for one in of_block]).top_1 < 0.1
        assert report([(one.sample, one.in_pool) for one in of_block]).top_1 < 0.1


def test_the_pool_follows_the_facts_where_no_rule_tells() -> None:
    """Runs whose rules saw nothing are told apart by what the facts say together."""
    rng = np.random.default_rng(0)
    runs = [
        sample(cause, (), (), facts={"movement": float(rng.uniform(low, low + 0.5))})
        for cause, low in (("dead_relu", 0.0), ("no_signal", 0.5))
        for _ in range(100)
    ]
    rules, together = fit(runs, AUTHORS, FREE), fit_together(runs)
    told = [(one, pooled_probabilities(one, rules, together)) for one in runs]
    assert all(sum(by_cause.values()) == pytest.approx(1.0) for _, by_cause in told)
    assert report(told).top_1 > 0.95
    assert report([(one, probabilities(one, rules)) for one in runs]).top_1 == pytest.approx(0.5)


def test_what_was_not_logged_is_no_evidence() -> None:
    """A fact that is known of the runs of one cause alone says nothing by that."""
    runs = [sample("dead_relu", (), (), facts={"movement": 0.1 * number}) for number in range(50)]
    runs += [sample("no_signal", (), (), facts={"end_skill": 0.01 * number}) for number in range(50)]
    together = fit_together(runs)
    assert together.characteristics
    assert all(not any(one.unknown) for one in together.characteristics)


def test_what_was_planned_is_not_fitted_on() -> None:
    """A number of epochs that tells the cause to a hair is left out."""
    runs = [
        sample(cause, (), (), facts={"n_epochs": epochs, "movement": 0.1 * number})
        for cause, epochs in (("dead_relu", 10.0), ("no_signal", 50.0))
        for number in range(50)
    ]
    assert {one.fact for one in fit_together(runs).characteristics} <= {"movement"}


def test_runs_of_no_covered_cause_raise_the_unknown() -> None:
    """The more often the vocabulary has no word, the more probable ``unknown`` is."""
    covered = made()
    open_ones = [sample(UNKNOWN, (), ()) for _ in range(200)]
    pattern = covered[0]
    before = probabilities(pattern, fit(covered, AUTHORS, WEAK))[UNKNOWN]
    after = probabilities(pattern, fit([*covered, *open_ones], AUTHORS, WEAK))[UNKNOWN]
    assert after > before


def test_no_group_is_on_both_sides() -> None:
    """Every group is in one fold, and all of them are in some."""
    samples = made()
    dealt = folds(samples)
    assert sum(len(fold) for fold in dealt) == len({one.group for one in samples})
    assert set().union(*dealt) == {one.group for one in samples}


def test_the_report_counts_inseparable_causes_as_one() -> None:
    """Dead units called constant inputs are right: no logged metric tells them apart."""
    truth = sample("dead_relu", (), ())
    found = report([(truth, {"constant_inputs": 0.5, "dead_relu": 0.4, UNKNOWN: 0.1})])
    assert found.top_1 == 1.0
    assert found.sure == (1, 1)


def test_the_fit_does_not_read_the_test_block(tmp_path: Path) -> None:
    """A file with runs of the test block alone is as good as empty."""
    traces = tmp_path / "some.parquet"
    zoo.write([one for one in zoo.read() if one.plan.block == TEST][:12], traces)
    result = CliRunner().invoke(main, ["--traces", str(traces)])
    assert result.exit_code == 1
    assert (
        "holds no run of the blocks development, validation, practice, rehearsal and exercise"
        in result.output
    )
