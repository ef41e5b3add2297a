"""The scorecard's fit: it is the stumps it was made of, and what it says of blocks that it has not seen."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from lightgbm import LGBMClassifier

from benchmarks.scorecard import __main__ as command
from benchmarks.scorecard import fit as fitting
from benchmarks.scorecard.report import tables
from benchmarks.scorecard.stored import as_json
from benchmarks.scorecard.stumps import SETTINGS
from benchmarks.scorecard.validation import OfBlock, blocks_apart, run_of
from benchmarks.zoo.blocks import DEVELOPMENT, VALIDATION
from benchmarks.zoo.traces import load
from mlflow_bce_monitor.contract import Tier, Verdict
from mlflow_bce_monitor.evidence.fact import Evidence, Fact
from mlflow_bce_monitor.scorecards import read_scorecard

N_OF_EACH = 40


def rows_of_every_verdict() -> tuple[list[dict[str, float]], list[Verdict]]:
    """Return runs whose skill and fall tell the verdicts apart; of a third no validation skill is known."""
    rng = np.random.default_rng(0)
    rows, verdicts = [], []
    for place, verdict in enumerate(fitting.VERDICTS):
        for number in range(N_OF_EACH):
            row = {
                "end_level": 0.7,
                "end_skill": place / 10 + rng.normal(0.0, 0.05),
                "end_fall": (place % 3) / 10 + rng.normal(0.0, 0.05),
                "n_points": 20.0,
            }
            if number % 3:
                row["validation_skill"] = place / 10 + rng.normal(0.0, 0.1)
            rows.append(row)
            verdicts.append(verdict)
    return rows, verdicts


def as_evidence(row: dict[str, float]) -> Evidence:
    """Return a row as the evidence of a run."""
    return Evidence(tuple(Fact(name, value, "made", Tier.CURVE) for name, value in row.items()))


def test_the_points_add_up_to_what_the_stumps_say() -> None:
    """Taken apart by fact and centred, the stumps still give every run the same log odds."""
    rows, verdicts = rows_of_every_verdict()
    fitted = fitting.fit(rows, verdicts)
    runs = fitting.answered(rows, verdicts)
    raw = np.mean(
        [
            LGBMClassifier(**SETTINGS, **fitting.SETTINGS, random_state=seed)
            .fit(runs.numbers, runs.answers)
            .predict(runs.numbers, raw_score=True)
            for seed in fitting.SEEDS
        ],
        axis=0,
    )
    for row, expected in zip(rows, raw, strict=True):
        scored = fitted.score(as_evidence(row))
        assert list(scored.log_odds.values()) == pytest.approx(expected, abs=1e-9)


def test_what_a_fact_adds_is_told_from_what_runs_get_on_average() -> None:
    """Over the runs fitted on, the points of each fact are 0 on average; one alike in all adds none."""
    rows, verdicts = rows_of_every_verdict()
    fitted = fitting.fit(rows, verdicts)
    assert "n_points" not in {one.fact for one in fitted.characteristics}
    for one in fitted.characteristics:
        added = [one.rows[one.row(row.get(one.fact, math.nan))] for row in rows]
        assert np.mean(added, axis=0) == pytest.approx(0.0, abs=1e-9), one.fact


def test_a_fact_that_every_run_knew_says_nothing_where_it_is_not_known() -> None:
    """A run without its end skill was never seen: it gets what runs get on average."""
    rows, verdicts = rows_of_every_verdict()
    by_fact = {one.fact: one for one in fitting.fit(rows, verdicts).characteristics}
    assert by_fact["end_skill"].unknown == pytest.approx([0.0] * len(fitting.VERDICTS), abs=1e-9)
    assert max(map(abs, by_fact["validation_skill"].unknown)) > 0.0


def test_kinds_that_are_left_alone_are_not_fitted_on() -> None:
    """Preference losses and runs that have other verdicts change nothing."""
    rows, verdicts = rows_of_every_verdict()
    more = [{**rows[0], "end_skill": 0.9, "preference_loss": 1.0}, dict(rows[0])]
    others = [Verdict.DIVERGED, Verdict.INCONSISTENT]
    assert fitting.fit([*rows, *more], [*verdicts, *others]) == fitting.fit(rows, verdicts)


def test_a_verdict_that_no_run_has_is_missed() -> None:
    """A scorecard that could never say a verdict is refused."""
    rows, verdicts = rows_of_every_verdict()
    with pytest.raises(ValueError, match="no run is slow"):
        fitting.fit(
            *zip(*[pair for pair in zip(rows, verdicts, strict=True) if pair[1] != "slow"], strict=True)
        )


def test_what_is_written_is_what_is_read() -> None:
    """To the digits kept, and an answer that a fact tells nothing about is left out."""
    rows, verdicts = rows_of_every_verdict()
    fitted = fitting.fit(rows, verdicts)
    read = read_scorecard(as_json(fitted, "made"))
    assert read.answers == fitted.answers
    assert read.base == pytest.approx(fitted.base, abs=1e-3)
    for one, other in zip(read.characteristics, fitted.characteristics, strict=True):
        assert (one.fact, one.cuts, one.lowest, one.highest) == (
            other.fact,
            other.cuts,
            other.lowest,
            other.highest,
        )
        assert np.array(one.rows) == pytest.approx(np.array(other.rows), abs=1e-3)


@pytest.fixture(scope="module")
def two_blocks() -> tuple[OfBlock, ...]:
    """Return the first two blocks, each with the scorecard of the other."""
    runs = [run_of(*pair) for pair in load() if pair[1].plan.block in (DEVELOPMENT, VALIDATION)]
    return blocks_apart(runs)


def test_the_scorecard_is_heard_on_blocks_it_has_not_seen(two_blocks: tuple[OfBlock, ...]) -> None:
    """Some verdicts are overruled and some disputed, and all others stay as the judges gave them."""
    assert [one.block for one in two_blocks] == [DEVELOPMENT, VALIDATION]
    for one in two_blocks:
        assert one.disputed
        assert one.overruled
        changed = len(one.disputed) + len(one.overruled)
        same = sum(before == after for before, after in zip(one.alone, one.with_scorecard, strict=True))
        assert same <= len(one.alone) - changed
    titles = [table.title for table in tables(two_blocks)]
    assert titles == [
        "Verdicts, each block with the scorecard of the others",
        "Where the scorecard disagrees",
        "How sure the verdicts are",
    ]


def test_the_command_writes_what_it_fitted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package was shipped with what the command fits."""
    written = tmp_path / "scorecard.json"
    shipped = read_scorecard(command.SCORECARD_PATH.read_text(encoding="utf-8"))
    monkeypatch.setattr(command, "SCORECARD_PATH", written)
    done = CliRunner().invoke(command.main, ["--write"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "rehearsal, with the scorecard" in done.output
    fitted = read_scorecard(written.read_text(encoding="utf-8"))
    assert fitted.answers == shipped.answers
    assert fitted.base == pytest.approx(shipped.base, abs=0.05)
    assert [one.fact for one in fitted.characteristics] == [one.fact for one in shipped.characteristics]
