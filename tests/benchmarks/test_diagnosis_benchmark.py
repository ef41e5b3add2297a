"""The scores of the diagnosis: worked by hand, in words, as a page and as JSON."""

from __future__ import annotations

import itertools
import json
import math
import xml.etree.ElementTree as ET
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from click.testing import CliRunner

from benchmarks.diagnosis import Case, case_of, measure, score
from benchmarks.diagnosis.__main__ import main
from benchmarks.diagnosis.bare import without_params
from benchmarks.diagnosis.breakdowns import by_confidence, by_what_was_logged
from benchmarks.diagnosis.calibration import Calibration, calibration
from benchmarks.diagnosis.cases import AUC, NO_GRADIENT, SHARE, VALIDATION_LOSS
from benchmarks.diagnosis.cause_scores import score_causes
from benchmarks.diagnosis.comparison import compare
from benchmarks.diagnosis.goals import GOALS
from benchmarks.diagnosis.numbers import as_json
from benchmarks.diagnosis.page import page, write
from benchmarks.diagnosis.report import Report, Speed, select
from benchmarks.diagnosis.shares import Share
from benchmarks.diagnosis.table import Table, as_markdown
from benchmarks.diagnosis.tables import all_tables
from benchmarks.diagnosis.verdict_scores import score_verdicts
from benchmarks.rivals.answer import RivalAnswer, no_answer
from mlflow_bce_monitor.contract import CAUSES, Verdict
from mlflow_bce_monitor.pipeline import diagnose
from mlflow_bce_monitor.records import DatasetInput, MetricHistory, RunRecord, Sibling

LEARNING, ESCAPED, SLOW, STALLED = Verdict.LEARNING, Verdict.ESCAPED, Verdict.SLOW, Verdict.STALLED
OVERFITTING, INCONCLUSIVE = Verdict.OVERFITTING, Verdict.INCONCLUSIVE

Stated = tuple[tuple[str, float], ...]


def case(
    true: Verdict,
    said: Verdict,
    *others: Verdict,
    causes: set[str] | None = None,
    stated: Stated = (),
    kind: str = "healthy",
    fault: str = "none",
    n_points: int = 40,
    rate_known: bool = True,
) -> Case:
    """Return a run: its true verdict, what was said, and further acceptable verdicts."""
    return Case(
        verdict=true,
        acceptable=frozenset({true, *others}),
        causes=frozenset({"none"} if causes is None else causes),
        kind=kind,
        fault=fault,
        n_points=n_points,
        said=said,
        stated=stated,
        rate_known=rate_known,
    )


def stalled(causes: set[str], *stated: tuple[str, float], rate_known: bool = True) -> Case:
    """Return a stall with a true cause and what was stated about it."""
    said = STALLED if stated else INCONCLUSIVE
    return case(STALLED, said, causes=causes, stated=stated, fault="any", rate_known=rate_known)


# --- shares --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "n", "low", "high"),
    # As scipy.stats.binomtest(count, n).proportion_ci(method="wilson") gives them.
    [(0, 10, 0.0, 0.277533), (5, 10, 0.236593, 0.763407), (98, 100, 0.929988, 0.994498), (0, 0, 0.0, 1.0)],
)
def test_intervals_are_wilsons(count: int, n: int, low: float, high: float) -> None:
    """Intervals agree with another implementation and stay within 0 and 1."""
    assert Share(count, n).interval == pytest.approx((low, high), abs=1e-6)


def test_more_than_all_is_no_share() -> None:
    """A count above the number of runs is refused with both numbers."""
    with pytest.raises(ValueError, match="got 3 of 2"):
        Share(3, 2)


# --- verdicts ------------------------------------------------------------------------


def test_an_acceptable_verdict_counts_as_the_true_one() -> None:
    """Lenient scores take any acceptable verdict for the true one, strict scores none but the true one."""
    scores = score_verdicts(
        [
            case(STALLED, SLOW, SLOW),
            case(STALLED, STALLED),
            case(LEARNING, LEARNING),
            case(LEARNING, STALLED),
            case(SLOW, INCONCLUSIVE),
        ]
    )
    assert scores.confusion == {
        (STALLED, STALLED): 2,
        (LEARNING, LEARNING): 1,
        (LEARNING, STALLED): 1,
        (SLOW, INCONCLUSIVE): 1,
    }
    # stalled: precision 2/3, recall 1; learning: 1 and 1/2; slow: none found.
    assert {one.verdict: one.f1 for one in scores.classes} == pytest.approx(
        {STALLED: 4 / 5, LEARNING: 2 / 3, SLOW: 0.0}
    )
    assert scores.macro_f1 == pytest.approx((4 / 5 + 2 / 3) / 3)
    # Strictly the first run is a miss of stalled and a false alarm of slow.
    assert scores.macro_f1_strict == pytest.approx((2 * 1 / (2 + 2) + 2 / 3) / 3)
    assert scores.right == Share(3, 5)
    assert scores.right_strictly == Share(2, 5)


def test_a_verdict_that_is_never_said_has_no_precision() -> None:
    """Precision of nothing is not a number, recall and F1 are 0."""
    (one,) = score_verdicts([case(STALLED, INCONCLUSIVE)]).classes
    assert math.isnan(one.precision)
    assert (one.recall, one.f1) == (0.0, 0.0)


def test_a_stall_is_found_by_a_flag_that_is_not_wrong() -> None:
    """Acceptable without a flag does not find a stall, nor does a flag with a wrong verdict."""
    runs = [
        case(STALLED, STALLED),
        case(STALLED, SLOW, SLOW),
        case(STALLED, LEARNING, LEARNING),
        case(STALLED, OVERFITTING),
    ]
    scores = score_verdicts(runs)
    assert scores.stalls.flagged == Share(3, 4)
    assert scores.stalls.found == Share(2, 4)
    assert scores.stalls.named == Share(1, 4)
    assert scores.clear_stalls.found == Share(1, 2)


def test_false_alarms_are_counted_by_kind_and_without_harmless_faults() -> None:
    """An alarm near a boundary is not wrong; faults that did no harm stand apart from the total."""
    runs = [
        case(LEARNING, SLOW, kind="healthy"),
        case(LEARNING, SLOW, SLOW, kind="healthy"),
        case(LEARNING, LEARNING, kind="hard"),
        case(ESCAPED, ESCAPED, kind="healthy"),
        case(LEARNING, STALLED, kind="dead_relu", fault="dead_relu"),
        case(STALLED, STALLED, kind="healthy"),
    ]
    scores = score_verdicts(runs)
    assert [(row.kind, row.wrong, row.any_alarm) for row in scores.alarms] == [
        ("escaped", Share(0, 1), Share(0, 1)),
        ("hard", Share(0, 1), Share(0, 1)),
        ("healthy", Share(1, 2), Share(2, 2)),
        ("fault without harm", Share(1, 1), Share(1, 1)),
    ]
    assert scores.false_alarms.wrong == Share(1, 4)
    assert scores.false_alarms.any_alarm == Share(2, 4)


def test_short_runs_are_scored_apart() -> None:
    """Ten points are few, eleven are not."""
    scores = score([case(STALLED, STALLED, n_points=10), case(STALLED, INCONCLUSIVE, n_points=11)])
    assert scores.short_verdicts.stalls.found == Share(1, 1)
    assert scores.verdicts.stalls.found == Share(1, 2)


# --- causes --------------------------------------------------------------------------


def test_inseparable_causes_are_one_answer_of_their_summed_probability() -> None:
    """Three causes of a constant output outweigh a single cause that was ahead of each of them."""
    run = stalled(
        {"zero_initialization"},
        ("no_signal", 0.4),
        ("dead_relu", 0.3),
        ("vanishing_gradients", 0.25),
        ("unknown", 0.05),
    )
    first = run.candidates(grouped=True)[0]
    assert first.causes == NO_GRADIENT
    assert first.probability == pytest.approx(0.55)
    assert score_causes([run], grouped=True).top_1 == Share(1, 1)
    assert score_causes([run], grouped=False).top_3 == Share(0, 1)


@pytest.mark.parametrize(("rate_known", "right"), [(False, 1), (True, 0)])
def test_frozen_parameters_pass_for_a_low_rate_only_where_the_rate_is_not_logged(
    *, rate_known: bool, right: int
) -> None:
    """A logged learning rate separates the two."""
    run = stalled({"frozen_parameters"}, ("learning_rate_too_low", 0.9), rate_known=rate_known)
    assert score_causes([run], grouped=True).top_1 == Share(right, 1)


def test_a_run_that_is_not_flagged_has_a_wrong_cause_and_no_probability() -> None:
    """It counts against the places, and not in the calibration."""
    scores = score_causes([stalled({"no_signal"}), stalled({"no_signal"}, ("no_signal", 0.7))], grouped=True)
    assert scores.top_1 == scores.top_3 == Share(1, 2)
    assert scores.answered == Share(1, 2)
    assert scores.first_named.n == 1


def test_unknown_takes_a_place_and_is_counted_as_abstaining() -> None:
    """It is wrong in the first place, no wrong cause, and not the claim whose calibration is the headline."""
    runs = [
        stalled(
            {"dead_relu"}, ("unknown", 0.6), ("no_signal", 0.2), ("masked_labels", 0.15), ("dead_relu", 0.05)
        ),
        stalled({"no_signal"}, ("no_signal", 0.9), ("unknown", 0.1)),
    ]
    scores = score_causes(runs, grouped=False)
    assert scores.top_1 == scores.top_3 == Share(1, 2)
    assert scores.abstained == Share(1, 2)
    assert scores.top_1_when_named == Share(1, 1)
    assert scores.sure == Share(1, 1)
    assert scores.unknown == pytest.approx(0.35)
    assert scores.first_named.confidence == pytest.approx((0.2 + 0.9) / 2)
    assert scores.first.confidence == pytest.approx((0.6 + 0.9) / 2)
    assert scores.pairs.n == 4


def test_either_of_two_true_causes_is_right() -> None:
    """The run stands in the rows of both, with the probability of both together."""
    run = stalled(
        {"unscaled_inputs", "learning_rate_too_high"},
        ("learning_rate_too_high", 0.6),
        ("unscaled_inputs", 0.3),
    )
    rows = {row.cause: row for row in score_causes([run], grouped=True).rows}
    assert set(rows) == {"unscaled_inputs", "learning_rate_too_high"}
    assert rows["unscaled_inputs"].top_1 == Share(1, 1)
    assert rows["unscaled_inputs"].probability == pytest.approx(0.9)


@pytest.mark.parametrize(
    "run",
    [
        case(STALLED, STALLED, causes=set(), stated=(("no_signal", 0.9),)),
        case(OVERFITTING, OVERFITTING, causes={"none", "unknown"}, stated=(("no_signal", 0.9),)),
        case(LEARNING, STALLED, stated=(("no_signal", 0.9),)),
        case(Verdict.BENIGN, Verdict.BENIGN, causes={"none", "adversarial_equilibrium"}),
    ],
)
def test_runs_without_an_established_cause_are_not_judged(run: Case) -> None:
    """No cause, none that the vocabulary has a word for, and no trouble: nothing to be right about."""
    assert score_causes([run], grouped=True).n == 0


# --- calibration ---------------------------------------------------------------------


def naive_error(stated: list[float], right: list[bool], n_bins: int) -> float:
    """Return the expected calibration error, bin by bin."""
    order = sorted(range(len(stated)), key=lambda place: stated[place])
    edges = [round(place * len(order) / n_bins) for place in range(n_bins + 1)]
    error = 0.0
    for start, end in itertools.pairwise(edges):
        members = order[start:end]
        gap = sum(right[place] for place in members) - sum(stated[place] for place in members)
        error += abs(gap) / len(order)
    return error


def test_the_error_is_that_of_its_definition() -> None:
    """The vectorised error agrees with a loop over bins."""
    rng = np.random.default_rng(0)
    stated = rng.random(237).tolist()
    right = (rng.random(237) < 0.6).tolist()
    found = calibration(list(zip(stated, right, strict=True)))
    assert found.error == pytest.approx(naive_error(stated, right, 10))
    assert {part.right.n for part in found.bins} <= {23, 24}
    assert sum(found.tenths) == found.n == 237


def test_an_example_by_hand() -> None:
    """Two bins of two: stated 0.2 and right half of the time, stated 0.9 and always right."""
    found = calibration([(0.1, False), (0.3, True), (0.8, True), (1.0, True)], n_bins=2)
    assert found.error == pytest.approx((0.3 + 0.1) / 2)
    assert found.brier == pytest.approx((0.01 + 0.49 + 0.04 + 0.0) / 4)
    assert [(part.low, part.high, part.right) for part in found.bins] == [
        (0.1, 0.3, Share(1, 2)),
        (0.8, 1.0, Share(2, 2)),
    ]


def test_what_is_attainable_is_what_exact_probabilities_get() -> None:
    """Draws that come true as often as stated agree with the simulation; being 20 % too sure shows."""
    rng = np.random.default_rng(1)
    stated = 0.3 + 0.6 * rng.random(200)

    def judged(true: npt.NDArray[np.float64]) -> Calibration:
        return calibration(list(zip(stated.tolist(), (rng.random(200) < true).tolist(), strict=True)))

    exact = [judged(stated) for _ in range(300)]
    errors = np.array([one.error for one in exact])
    assert errors.mean() == pytest.approx(exact[0].attainable, rel=0.05)
    assert (errors < exact[0].attainable_95).mean() == pytest.approx(0.95, abs=0.03)
    too_sure = judged(stated - 0.2)
    assert too_sure.error > too_sure.attainable_95


def test_fewer_answers_than_bins_are_a_bin_each() -> None:
    """Nothing is divided by an empty bin, and nothing at all is not a number."""
    assert len(calibration([(0.5, True), (0.6, False)]).bins) == 2
    assert math.isnan(calibration([]).error)


def test_a_probability_above_one_is_refused() -> None:
    """The message says which values came."""
    with pytest.raises(ValueError, match=r"got 0\.5 to 1\.5"):
        calibration([(0.5, True), (1.5, True)])


# --- from runs to scores -------------------------------------------------------------


@dataclass(frozen=True)
class Plan:
    """As much of a plan as the scores look at."""

    block: str
    kind: str = "no_signal"
    fault: str = "no_signal"


@dataclass(frozen=True)
class Truth:
    """As much of a truth as the scores look at."""

    plan: Plan
    verdict: Verdict = STALLED
    acceptable: frozenset[Verdict] = frozenset({STALLED})
    causes: frozenset[str] = frozenset({"no_signal"})


def flat_run() -> RunRecord:
    """Return a run that stays at ln 2, with everything else that a run can log."""
    values = math.log(2) + 0.001 * np.random.default_rng(0).standard_normal(30)
    steps = np.arange(30)
    return RunRecord(
        "r1",
        run_name="a run",
        params={"learning_rate": "0.001"},
        tags={"a": "tag"},
        histories={"loss": MetricHistory("loss", steps, steps, values)},
        datasets=(DatasetInput("rows"),),
        model_summary="dense",
        siblings=(Sibling("r2"),),
    )


def test_a_real_diagnosis_becomes_a_case() -> None:
    """Verdict, causes with their probabilities, points and the knowledge of the rate are taken over."""
    record = flat_run()
    diagnosis = diagnose(record)
    found = case_of(record, Truth(Plan("development")), diagnosis)
    assert found.said is diagnosis.verdict is STALLED
    assert found.stated == tuple((one.cause, one.probability) for one in diagnosis.causes)
    assert sum(probability for _, probability in found.stated) == pytest.approx(1.0)
    assert found.n_points == 30
    assert found.rate_known
    bare = without_params(record)
    assert not case_of(bare, Truth(Plan("development")), diagnose(bare)).rate_known


def test_without_params_only_metrics_are_left() -> None:
    """Everything but identity and histories is gone."""
    record = flat_run()
    bare = without_params(record)
    assert bare.histories is record.histories
    assert (bare.params, bare.tags, bare.datasets, bare.model_summary, bare.siblings) == (
        {},
        {},
        (),
        None,
        (),
    )


def test_measure_scores_runs_in_order() -> None:
    """One stall, found; and one diagnosis is needed for every run."""
    record = flat_run()
    pairs = [(record, Truth(Plan("development")))]
    assert measure(pairs, [diagnose(record)]).verdicts.clear_stalls.found == Share(1, 1)
    with pytest.raises(ValueError, match="1 runs, 0 diagnoses"):
        measure(pairs, [])


# --- taken apart ---------------------------------------------------------------------


def test_confidences_are_compared_with_the_share_of_right_verdicts() -> None:
    """One row a stated confidence, the lowest first, with its own runs only."""
    cases = [
        replace(case(LEARNING, LEARNING), confidence=0.9),
        replace(case(LEARNING, STALLED), confidence=0.9),
        replace(case(STALLED, STALLED), confidence=0.5),
    ]
    assert [(row.stated, row.right) for row in by_confidence(cases)] == [
        (0.5, Share(1, 1)),
        (0.9, Share(1, 2)),
    ]


def test_scores_are_told_apart_by_what_was_logged() -> None:
    """Each run stands in the row of what it logged and in none of what it lacks."""
    cases = [
        replace(case(STALLED, STALLED), logged=frozenset({SHARE, VALIDATION_LOSS, AUC})),
        replace(case(STALLED, LEARNING), logged=frozenset({VALIDATION_LOSS})),
        case(LEARNING, STALLED),
    ]
    rows = {row.logged: row for row in by_what_was_logged(cases)}
    assert rows["share of positives known"].right == Share(1, 1)
    assert rows["share of positives not known"].right == Share(0, 2)
    assert rows["validation loss logged"].stalls == Share(1, 2)
    assert rows["no validation loss"].false_alarms == Share(1, 1)
    assert rows["no AUC"].right == Share(0, 2)
    assert rows["all three of them"].right == Share(1, 1)


@pytest.mark.parametrize(
    ("metrics", "logged"),
    [
        ({"loss": 0.6931}, set()),
        ({"loss": 0.6931, "val_loss": 0.6931}, {VALIDATION_LOSS}),
        ({"loss": 0.6931, "val_loss": 0.6931, "val_auc": 0.5}, {VALIDATION_LOSS, AUC}),
    ],
)
def test_what_was_logged_is_read_off_the_evidence(metrics: dict[str, float], logged: set[str]) -> None:
    """A run's case names what its evidence could draw on."""
    steps = np.arange(20)
    histories = {
        name: MetricHistory(name, steps, steps, np.full(20, value)) for name, value in metrics.items()
    }
    record = RunRecord("0" * 32, "flat", "1", histories=histories)
    found = case_of(record, Truth(Plan("development")), diagnose(record))
    assert found.logged == logged
    assert 0.0 < found.confidence < 1.0


def test_a_block_is_selected() -> None:
    """Only runs of the block are kept, in their order; "all" keeps every run."""
    pairs = [(flat_run(), Truth(Plan(block))) for block in ("development", "test", "test")]
    assert select(pairs, "test") == pairs[1:]
    assert select(pairs, "development") == pairs[:1]
    assert select(pairs, "all") == pairs


# --- tables, page, picture, JSON -----------------------------------------------------


def some_report(block: str = "held-out") -> Report:
    """Return a report on four runs."""
    cases = [
        stalled({"no_signal"}, ("no_signal", 0.9), ("unknown", 0.1)),
        stalled({"dead_relu"}, ("unknown", 0.7), ("dead_relu", 0.3)),
        case(LEARNING, LEARNING),
        case(LEARNING, STALLED),
    ]
    quiet = no_answer("nothing logged")
    alarm = RivalAnswer(flagged=True, causes=("vanishing_gradients",), why="flat")
    return Report(
        block=block,
        n_runs=4,
        n_groups=2,
        scores=score(cases),
        by_block={"test": score(cases[:2]), "proof": score(cases[2:])},
        bare_scores=score([replace(one, stated=()) for one in cases]),
        contenders=compare(cases, {"silent": [quiet] * 4, "loud": [alarm] * 4}),
        speed=Speed(ours=100.0, runmedic=250.0),
    )


def test_the_page_says_all_numbers_of_the_report() -> None:
    """Every table of the terminal is on the page, with who is ahead and what was fitted on what."""
    report = some_report()
    written = page(report, "python -m benchmarks.diagnosis")
    for table in all_tables(report):
        assert as_markdown(table) in written
    assert "tuned on pilot runs of the first two blocks, and the test block takes both over" in written
    assert "were fitted on the blocks development,\nvalidation, practice, rehearsal and exercise." in written
    assert "- False alarms: silent is ahead with 0.0 % (0 of 2)" in written
    assert "nothing was fitted on these runs" in written
    assert "nothing was fitted on these runs" not in page(some_report("development"), "command")


def test_goals_are_those_of_the_project() -> None:
    """The table compares with the promised bounds and says what is not reached."""
    assert [goal.bound for goal in GOALS] == [0.95, 0.97, 0.01, 0.90, 0.75, 0.95, 0.05, 0.90]
    scores = some_report().scores
    reached = {goal.title: goal.is_reached(scores) for goal in GOALS}
    assert reached["stalls found"]
    assert not reached["false alarms"]
    assert not reached["stalls found, 10 points at most"]  # there is none, so nothing is proven
    assert "Not reached: verdicts, macro F1; false alarms;" in page(some_report(), "command")


def test_the_picture_is_an_svg_for_light_and_dark_pages(tmp_path: Path) -> None:
    """It parses, has one mark a bin, and takes its colours from the reader's scheme."""
    written, picture = write(some_report(), "command", tmp_path)
    assert f"]({picture.relative_to(written.parent)})" in written.read_text(encoding="utf-8")
    root = ET.parse(picture).getroot()  # noqa: S314 - our own file
    space = "{http://www.w3.org/2000/svg}"
    assert len(root.findall(f".//{space}circle")) == 2
    assert "prefers-color-scheme: dark" in root.findtext(f"{space}style", "")
    assert "1 of 1 right, stated 0.90 to 0.90" in {title.text for title in root.iter(f"{space}title")}


def test_numbers_are_strict_json_with_counts() -> None:
    """Shares keep count and interval, pairs of verdicts are named, NaN is null."""
    read = json.loads(as_json(some_report()), parse_constant=pytest.fail)
    scores = read["report"]["scores"]
    assert scores["verdicts"]["stalls"]["found"]["count"] == 2
    assert scores["verdicts"]["confusion"]["learning/stalled"] == 1
    assert scores["short_verdicts"]["macro_f1"] is None
    assert [goal["title"] for goal in read["goals"]] == [goal.title for goal in GOALS]


def test_a_row_needs_a_cell_for_every_column() -> None:
    """A table that would shift its numbers is refused."""
    with pytest.raises(ValueError, match="2 columns, but a row of 1"):
        Table("Shifted", ("a", "b"), (("1",),))


# --- the command ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [*(["--block", block] for block in ("development", "validation", "test", "all")), ["--without-params"]],
)
def test_only_what_was_held_out_is_published(options: list[str]) -> None:
    """--write refuses runs that something was fitted on, before it loads anything."""
    result = CliRunner().invoke(main, ["--write", *options])
    assert result.exit_code == 2
    assert "--write publishes runs that nothing was fitted on" in result.output


@pytest.mark.training
def test_the_command_measures_the_block_it_is_asked_for(tmp_path: Path) -> None:
    """Real traces of the development block are measured; the default asks for those held out."""
    from benchmarks.zoo import traces as zoo  # noqa: PLC0415 - by this test alone

    specimens = [one for one in zoo.read() if one.plan.block == "development"][:12]
    traces, numbers = tmp_path / "some.parquet", tmp_path / "numbers.json"
    zoo.write(specimens, traces)
    options = ["--traces", str(traces)]
    result = CliRunner().invoke(main, [*options, "--block", "development", "--json", str(numbers)])
    assert result.exit_code == 0, result.output
    assert "12 runs, block development" in result.output
    assert json.loads(numbers.read_text(encoding="utf-8"))["report"]["scores"]["verdicts"]["n"] == 12
    default = CliRunner().invoke(main, options)
    assert default.exit_code == 1
    assert "holds no run of the block held-out" in default.output


def test_causes_of_the_groups_are_words_of_the_contract() -> None:
    """Grouped causes exist in the vocabulary."""
    assert set(CAUSES) >= NO_GRADIENT
