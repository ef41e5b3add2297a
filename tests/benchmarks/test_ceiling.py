"""The learner over the facts: what it sees, never what it is asked about, and how it is scored."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks.ceiling.__main__ import main
from benchmarks.ceiling.facts import OUR_VERDICT, Examples, examples_of, matrix_of
from benchmarks.ceiling.learner import across_blocks, across_groups
from benchmarks.ceiling.report import cause_rows, cause_table, verdict_rows, verdict_table
from benchmarks.diagnosis import Case
from mlflow_bce_monitor.contract import Verdict
from mlflow_bce_monitor.records import MetricHistory, RunRecord

LEARNING, STALLED = Verdict.LEARNING, Verdict.STALLED
N_GROUPS, N_OF_GROUP = 10, 12


def case(true: Verdict, said: Verdict) -> Case:
    """Return a run; a stall of learnable data has one cause, and it is stated when the stall is."""
    in_trouble, seen = true is STALLED, said is STALLED
    return Case(
        verdict=true,
        acceptable=frozenset({true}),
        causes=frozenset({"dead_relu" if in_trouble else "none"}),
        kind="healthy",
        fault="dead_relu" if in_trouble else "none",
        n_points=20,
        said=said,
        stated=(("no_signal", 0.9), ("unknown", 0.1)) if seen else (),
        rate_known=True,
    )


def examples() -> Examples:
    """Return runs whose one fact tells the verdict, and of which we find half of the stalls, and no cause."""
    cases, rows, groups, blocks = [], [], [], []
    for group in range(N_GROUPS):
        for place in range(N_OF_GROUP):
            true = STALLED if place % 2 else LEARNING
            said = STALLED if true is STALLED and place % 4 == 1 else LEARNING
            cases.append(case(true, said))
            rows.append(
                {"end_skill": 0.0 if true is STALLED else 0.4 + 0.01 * place, OUR_VERDICT: said.value}
            )
            groups.append(f"data {group}")
            blocks.append("development" if group % 2 else "validation")
    return Examples(tuple(cases), tuple(rows), tuple(groups), tuple(blocks))


def test_facts_become_numbers() -> None:
    """Numbers stay, words take their place in the alphabet, what is not known is NaN."""
    rows = [
        {"end_skill": 0.1, "share_known": True, "ranking": "unclear", OUR_VERDICT: "slow"},
        {"end_skill": 0.2, "ranking": "at chance", OUR_VERDICT: "learning"},
    ]
    np.testing.assert_equal(matrix_of(rows, with_our_verdict=False), [[0.1, 1.0, 1.0], [0.2, 0.0, np.nan]])
    assert matrix_of(rows, with_our_verdict=True).shape == (2, 4)


def test_nobody_is_asked_about_what_was_seen() -> None:
    """An answer that only one group, or one block, ever had is not given to it."""
    names = [f"data {place // 20}" for place in range(100)]
    matrix = np.arange(100.0)[:, None]
    assert all(
        answer != name for answer, name in zip(across_groups(matrix, names, names), names, strict=True)
    )
    blocks = ["development"] * 50 + ["validation"] * 50
    assert across_blocks(matrix, blocks, blocks) == ["validation"] * 50 + ["development"] * 50


def test_a_learner_that_is_better_is_shown_to_be() -> None:
    """Where a fact tells everything and we use half of it, the rows say so, by block and in all."""
    ours, *learners = verdict_rows(examples())
    assert [block for block, _ in ours.scores] == ["development", "validation", "all"]
    assert ours.scores[-1][1].stalls.found.value == pytest.approx(0.5)
    assert [row.scores[-1][1].stalls.found.value for row in learners] == [1.0] * 4
    assert ours.scores[-1][1].n == N_GROUPS * N_OF_GROUP
    assert "rules and limits: all" in {row[0] for row in verdict_table([ours, *learners]).rows}


def test_causes_are_compared_where_the_true_one_is_established() -> None:
    """Only stalls are asked about, a wrong first cause is none, and the group of a cause is one answer."""
    ours, *learners = cause_rows(examples())
    assert ours.first[-1][1].n == N_GROUPS * N_OF_GROUP // 2
    assert ours.first[-1][1].count == 0
    assert [row.first[-1][1].value for row in learners] == [1.0, 1.0]
    assert cause_table([ours, *learners]).columns == ("who: asked about", "share", "runs")


@dataclass(frozen=True)
class Plan:
    """What the scores read of a plan."""

    block: str = "development"
    kind: str = "healthy"
    fault: str = "none"


@dataclass(frozen=True)
class Truth:
    """What the scores read of a truth."""

    plan: Plan = Plan()
    verdict: Verdict = STALLED
    acceptable: frozenset[Verdict] = frozenset({STALLED})
    causes: frozenset[str] = frozenset({"no_signal"})
    group: tuple[str, str] = ("moons", "mlp2")


def test_a_run_brings_its_facts_and_our_verdict() -> None:
    """The row of a run holds what the diagnosis gathered, beside group and block."""
    steps = np.arange(20)
    loss = MetricHistory("loss", steps, steps, np.full(20, 0.6931))
    record = RunRecord("0" * 32, "flat", "1", histories={"loss": loss})
    found = examples_of([(record, Truth())])  # type: ignore[list-item] # as much of a truth as is read
    assert found.rows[0][OUR_VERDICT] == "stalled"
    assert found.rows[0]["n_points"] == 20
    assert found.cases[0].verdict is STALLED
    assert found.blocks == ("development",)
    assert len(set(found.groups)) == 1


@pytest.mark.training
def test_the_command_leaves_the_test_block_alone(tmp_path: Path) -> None:
    """Of real traces of all blocks, only those that rules are fitted on are read."""
    from benchmarks.zoo import traces as zoo  # noqa: PLC0415 - by this test alone

    specimens = zoo.read()
    some = [
        one
        for block in ("development", "validation", "test")
        for one in [each for each in specimens if each.plan.block == block][:40]
    ]
    traces = tmp_path / "some.parquet"
    zoo.write(some, traces)
    result = CliRunner().invoke(main, ["--traces", str(traces)])
    assert result.exit_code == 0, result.output
    assert "80 runs, blocks development, validation, practice, rehearsal and exercise" in result.output
    assert "learner, facts, from the other block: all" in result.output
