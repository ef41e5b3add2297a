"""What is trained next, what it says, and when it ends, in a world whose cause is known."""

from __future__ import annotations

import json
import math

import pytest
from worlds import CHANGES, World, causes, prescribe

from mlflow_bce_monitor.diagnosis import RankedCause
from mlflow_bce_monitor.errors import UsageError
from mlflow_bce_monitor.information import entropy, expected_information
from mlflow_bce_monitor.remedies import prescribe_jointly
from mlflow_bce_monitor.verifying.arm import Arm
from mlflow_bce_monitor.verifying.budget import Budget, seconds_of
from mlflow_bce_monitor.verifying.candidates import Change, Experiment, best_experiment
from mlflow_bce_monitor.verifying.comparison import Result
from mlflow_bce_monitor.verifying.course import INSIDE, Course
from mlflow_bce_monitor.verifying.experiments import CONTROLS, REMEDIES
from mlflow_bce_monitor.verifying.plan import Plan, Subject
from mlflow_bce_monitor.verifying.posterior import expected_gain, updated
from mlflow_bce_monitor.verifying.result import VerificationReport

UNSURE = {
    "learning_rate_too_high": 0.35,
    "insufficient_capacity": 0.3,
    "no_signal": 0.2,
    "class_imbalance": 0.1,
    "unknown": 0.05,
}


def carried_out(world: World, budget: Budget | None = None, **probabilities: float) -> VerificationReport:
    """Return the report of a verification in a world."""
    subject = Subject(causes(**(probabilities or UNSURE)), prescribe, "run", "a run")
    return Course(subject, world, Plan(seeds=4), budget or Budget()).run()


@pytest.mark.parametrize("truth", ["learning_rate_too_high", "insufficient_capacity", "class_imbalance"])
def test_the_true_cause_is_found_and_its_remedy_works(truth: str) -> None:
    """Whichever of the candidates it is, reruns single it out, and the trial proves it."""
    report = carried_out(World(truth))
    assert report.result is Result.WORKS
    assert report.cause == truth
    assert report.probability > 0.9
    assert dict(report.trial.arm.changes) == CHANGES[truth] if report.trial else False
    assert report.interval is not None
    assert report.interval[0] > 0.0


def test_what_no_single_remedy_helps_is_changed_at_once() -> None:
    """A run with two faults learns with both changes; which of them it needed is not claimed."""
    both = World("insufficient_capacity", needs=frozenset({"learning_rate"}))
    report = carried_out(both)
    assert report.result is Result.WORKS
    assert report.trial is not None
    assert report.trial.cause == "learning_rate_too_high"
    assert "insufficient_capacity" in report.trial.also
    assert {"learning_rate", "hidden_units"} <= report.trial.arm.changes.keys()
    assert any("which of them was needed is not known" in note for note in report.notes)
    assert report.as_dict()["trials"][0]["also"]


MASKED = {"learning_rate_too_high": 0.6, "insufficient_capacity": 0.3, "unknown": 0.098, "no_signal": 0.002}


def test_labels_without_signal_behind_another_fault_are_found_by_the_reruns_own_diagnosis() -> None:
    """Whatever hid them in the first run is mended in the reruns, which are diagnosed as any run is."""
    report = carried_out(World("no_signal", seen=0.93), **MASKED)
    assert report.result is Result.NO_EFFECT
    assert report.cause == "no_signal"
    assert report.steps[0].after[0].probability == pytest.approx(0.93)
    assert report.probability >= 0.93
    assert "the labels carry no signal" in report.sentence
    tried = {cause for trial in report.trials for cause in (trial.cause, *trial.also)}
    assert tried >= {"learning_rate_too_high", "insufficient_capacity"}
    assert {str(trial.comparison.result) for trial in report.trials if trial.comparison} == {"no_effect"}
    assert "are diagnosed" in report.causes[0].because


def test_a_fault_hides_the_labels_only_until_it_is_mended() -> None:
    """Where reruns are not diagnosed, labels without signal get back the probability they have at first."""
    report = carried_out(World("no_signal"), **MASKED)
    probability = next(one.probability for one in report.causes if one.cause == "no_signal")
    assert 0.1 <= probability < 0.9
    own = Subject(
        causes(**MASKED), lambda _: [Change("mine", {"class_weight": "balanced"}, "mine")], joins=False
    )
    left = Course(own, World("no_signal"), Plan(seeds=2, discriminate=False), Budget()).run()
    assert left.causes == left.first_causes


def test_what_was_ruled_out_stays_out() -> None:
    """Reruns cannot bring back a cause that the diagnosis of the run itself excludes."""
    report = carried_out(World("no_signal", seen=0.93), learning_rate_too_high=0.6, unknown=0.4)
    assert {one.cause for one in report.causes} == {"learning_rate_too_high", "unknown"}


@pytest.mark.parametrize(("first", "alone"), [(0.98, True), (0.94, False)])
def test_the_first_change_is_the_one_whose_success_is_counted(first: float, alone: bool) -> None:  # noqa: FBT001
    """At 0.94 no experiment is needed, and still all probable causes are changed at once, as in the table."""
    probabilities = {"learning_rate_too_high": first, "insufficient_capacity": 1.0 - first}
    report = carried_out(World("learning_rate_too_high"), **probabilities)
    assert report.steps == ()
    prescribed = prescribe_jointly(list(probabilities.items()), {"learning_rate": 1.0, "hidden_units": 8}, {})
    assert prescribed is not None
    assert {"learning_rate"} <= prescribed.changes.keys()
    assert ("hidden_units" in prescribed.changes) is not alone
    assert report.trial is not None
    assert ("hidden_units" in report.trial.arm.changes) is not alone


def test_nothing_is_said_of_remedies_that_nobody_asked_for() -> None:
    """A joint change that is never due says nothing of the settings that it could not have changed."""
    world = World("learning_rate_too_high", refused=frozenset({"class_weight"}))
    report = carried_out(world, learning_rate_too_high=0.985, class_imbalance=0.015)
    assert report.result is Result.WORKS
    assert report.notes == ()


def test_a_change_of_ones_own_is_never_joined() -> None:
    """Who gave the change wants that one tried."""
    subject = Subject(causes(**UNSURE), prescribe, "run", "a run", joins=False)
    report = Course(subject, World("no_signal"), Plan(seeds=4), Budget()).run()
    assert not any(trial.also for trial in report.trials)


def test_labels_without_signal_are_said_to_be_so() -> None:
    """Every remedy is tried, none has an effect, and the sentence says what would have to change."""
    report = carried_out(World("no_signal"))
    assert report.result is Result.NO_EFFECT
    assert report.cause == "no_signal"
    assert "the labels carry no signal" in report.sentence
    assert all(one.comparison is not None for one in report.trials)
    assert {one.comparison.result for one in report.trials if one.comparison} == {Result.NO_EFFECT}


def test_a_cause_that_only_a_look_inside_names_has_its_remedy_tried() -> None:
    """That no candidate of the log can be helped is no reason not to look, where a look could change that."""
    seen = World("insufficient_capacity", inside=SEEN, refused=frozenset({"learning_rate"}))
    hidden = causes(learning_rate_too_high=0.5, no_signal=0.5)
    subject = Subject(hidden, lambda cause: prescribe(cause) if cause != "class_imbalance" else [], "run")
    report = Course(subject, seen, Plan(seeds=2), Budget()).run()
    assert report.result is Result.WORKS
    sure = Subject(causes(no_signal=0.95, unknown=0.05), lambda _: [], "run")
    told = Course(sure, World("no_signal"), Plan(seeds=2), Budget()).run()
    assert (told.result, told.n_reruns) == (Result.IMPOSSIBLE, 0)
    unsure = Subject(hidden, lambda _: [], "run")
    told = Course(unsure, World("no_signal"), Plan(seeds=2), Budget()).run()
    assert (told.result, told.n_reruns) == (Result.IMPOSSIBLE, 0)
    assert "none of the causes in question has a remedy" in told.stopped


SEEN = causes(insufficient_capacity=0.95, unknown=0.05)


def test_what_is_seen_inside_the_first_rerun_goes_before_any_experiment() -> None:
    """The training is repeated as it was anyway; seen from inside, it settles what the log leaves open."""
    world = World("insufficient_capacity", inside=SEEN)
    report = carried_out(world)
    assert [step.name for step in report.steps] == [INSIDE]
    (step,) = report.steps
    assert not step.yes, "the log had named another cause first"
    assert step.expected is None
    assert (step.before, step.after) == (report.first_causes, SEEN)
    assert report.result is Result.WORKS
    assert report.cause == "insufficient_capacity"
    assert report.n_reruns == 9, "the look costs no training of its own"
    assert json.dumps(report.as_dict(), allow_nan=False)


@pytest.mark.parametrize(
    ("first", "inside", "is_seen_inside"),
    [
        (UNSURE, SEEN, True),
        (UNSURE, (), False),
        ({"learning_rate_too_high": 0.95, "unknown": 0.05}, SEEN, False),
    ],
    ids=["seen inside before", "learns with another seed", "settled"],
)
def test_a_look_inside_that_tells_nothing_new_is_left_out(
    first: dict[str, float],
    inside: tuple[RankedCause, ...],
    is_seen_inside: bool,  # noqa: FBT001 - a table's column
) -> None:
    """Causes that rest on such measurements, or that are settled, stay; so they do where the rerun learns."""
    subject = Subject(causes(**first), prescribe, "run", "a run", is_seen_inside=is_seen_inside)
    report = Course(subject, World("insufficient_capacity", inside=inside), Plan(seeds=2), Budget()).run()
    assert INSIDE not in {step.name for step in report.steps}


def test_no_experiment_with_a_seed_that_is_in_no_trouble() -> None:
    """What learns as it was cannot learn better: nothing is concluded from that; remedies are tried."""
    world = World("insufficient_capacity", inside=(), learns_with=frozenset({0}))
    report = carried_out(world)
    assert report.steps == ()
    assert any("learns" in note and "seed 0" in note for note in report.notes)
    assert report.result is Result.WORKS
    blind = World("insufficient_capacity", inside=())
    assert carried_out(blind).steps, "what looks sound from inside and does not learn is asked further"


def test_a_settled_cause_needs_no_experiment() -> None:
    """Above 0.9 the remedy is tried at once."""
    world = World("learning_rate_too_high")
    report = carried_out(world, learning_rate_too_high=0.95, unknown=0.05)
    assert report.steps == ()
    assert [seed for _, seed in world.trained] == [0, 1, 1, 2, 2, 3, 3, 4, 4]


def test_a_remedy_is_not_judged_by_the_training_it_was_chosen_for() -> None:
    """Experiments take one seed, the pairs take others."""
    report = carried_out(World("insufficient_capacity"))
    chosen_with = {one.measured.seed for one in report.steps}
    judged_with = {one.seed for trial in report.trials for one in (*trial.baseline, *trial.remedied)}
    assert chosen_with == {0}
    assert not chosen_with & judged_with


def test_baselines_are_trained_once_a_seed() -> None:
    """Several remedies are compared with the same trainings."""
    world = World("no_signal")
    carried_out(world)
    assert len(world.trained) == len(set(world.trained))


@pytest.mark.parametrize("runs", [1, 2, 4, 6])
def test_no_more_trainings_than_allowed(runs: int) -> None:
    """The budget of trainings holds, whatever is in the middle."""
    world = World("class_imbalance")
    report = carried_out(world, Budget(runs=runs))
    assert len(world.trained) <= runs
    assert report.n_reruns == len(world.trained)


def test_no_training_begins_after_the_budget() -> None:
    """A clock that runs out stops the course, and what was found stays."""
    seconds = iter(range(0, 100_000, 20))
    world = World("class_imbalance")
    report = carried_out(world, Budget(400.0, now=lambda: float(next(seconds))))
    assert 1 <= len(world.trained) < 9
    assert "budget" in report.stopped


def test_an_interruption_keeps_what_is_finished() -> None:
    """Ctrl-C in the third pair leaves the two that were finished, and their comparison."""
    world = World("learning_rate_too_high", interrupt_at=6)
    report = carried_out(world, learning_rate_too_high=0.95, unknown=0.05)
    assert report.interrupted
    assert report.trials[0].comparison is not None
    assert len(report.trials[0].comparison.gains) == 2


def test_what_cannot_be_rerun_is_impossible() -> None:
    """The reason is the sentence, and nothing else is tried."""
    report = carried_out(World("class_imbalance", broken=frozenset({"baseline"})))
    assert report.result is Result.IMPOSSIBLE
    assert report.sentence == (
        "Cannot be verified: The entry point 'main' failed when run again: no such file."
    )
    assert report.trials == ()


def test_a_remedy_that_fails_does_not_stop_the_others() -> None:
    """The next one is tried."""
    world = World("insufficient_capacity", broken=frozenset({"learning_rate"}))
    report = carried_out(world)
    assert report.result is Result.WORKS
    assert report.cause == "insufficient_capacity"
    assert any("no such file" in note for note in report.notes)


def test_a_setting_that_cannot_be_changed_is_said_once() -> None:
    """A remedy without a way to carry it out is left out, with a note."""
    world = World("class_imbalance", refused=frozenset({"hidden_units"}))
    report = carried_out(world)
    assert report.result is Result.WORKS
    assert all("hidden_units" not in one.arm.changes for one in report.trials)
    assert len([note for note in report.notes if "insufficient_capacity" in note]) == 1


def test_nothing_is_trained_where_no_remedy_can_be_carried_out() -> None:
    """The sentence says what the training has no param for, at no cost."""
    world = World("class_imbalance", refused=frozenset({"learning_rate", "hidden_units", "class_weight"}))
    report = carried_out(world)
    assert (report.result, world.trained) == (Result.IMPOSSIBLE, [])
    assert report.sentence == (
        "Cannot be verified: none of the causes in question has a remedy that can be carried out. "
        "Of the remedy for learning_rate_too_high: one setting cannot be changed."
    )


def test_the_report_is_strict_json() -> None:
    """No NaN, no infinity, no objects."""
    for truth in ("class_imbalance", "no_signal"):
        text = json.dumps(carried_out(World(truth)).as_dict(), allow_nan=False)
        assert json.loads(text)["run_id"] == "run"


def test_probabilities_go_by_bayes_rule() -> None:
    """The answer of an experiment multiplies odds by the ratio of its likelihoods."""
    before = causes(learning_rate_too_high=0.5, no_signal=0.5)
    kind = REMEDIES["learning_rate_too_high"]
    after = {one.cause: one.probability for one in updated(before, kind, "it learns", yes=True)}
    odds = after["learning_rate_too_high"] / after["no_signal"]
    assert odds == pytest.approx(kind.yes["learning_rate_too_high"] / kind.yes["no_signal"])
    assert sum(after.values()) == pytest.approx(1.0)


@pytest.mark.parametrize("kind", [*REMEDIES.values(), *CONTROLS.values()], ids=lambda kind: kind.name)
def test_probabilities_of_answers_are_probabilities(kind: object) -> None:
    """No answer is impossible: an experiment can always be wrong."""
    yes = [*kind.yes.values(), kind.otherwise]  # type: ignore[attr-defined]
    assert all(0.0 < one < 1.0 for one in yes)


def test_an_experiment_that_separates_nothing_tells_nothing() -> None:
    """Information is 0 where all causes give the same answer, and the entropy where it is certain."""
    assert expected_information([0.5, 0.5], [0.3, 0.3]) == pytest.approx(0.0)
    assert expected_information([0.5, 0.5], [1.0, 0.0]) == pytest.approx(math.log(2))
    assert expected_information([], []) == 0.0
    assert entropy(0.0) == entropy(1.0) == 0.0
    sure = causes(learning_rate_too_high=1.0)
    assert expected_gain(REMEDIES["learning_rate_too_high"], sure) == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90.0), ("90s", 90.0), ("10m", 600.0), ("1.5 h", 5400.0), ("2d", 172800.0)]
)
def test_lengths_of_time(text: str, seconds: float) -> None:
    """As people write them."""
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "-5m", "ten", "5 weeks"])
def test_what_is_no_length_of_time(text: str) -> None:
    """The message shows the forms."""
    with pytest.raises(UsageError, match="90s, 10m or 2h"):
        seconds_of(text)


def test_arms_are_the_same_when_they_change_the_same() -> None:
    """Whatever they are called, and in whatever order."""
    assert Arm("a", {"x": 1, "y": 2}).key == Arm("b", {"y": 2, "x": 1}).key
    assert Arm("a", {"x": 1}).key != Arm("a", {"x": 1.0}).key


def test_a_cheap_experiment_that_tells_nothing_does_not_hide_a_longer_one() -> None:
    """Gain for cost is compared among those that are worth a training at all."""
    candidates = causes(learning_rate_too_high=0.5, no_signal=0.5, class_imbalance=0.001)
    idle = Experiment(REMEDIES["class_imbalance"], Arm("idle", {"class_weight": "balanced"}), cost=1e-6)
    telling = Experiment(
        REMEDIES["learning_rate_too_high"], Arm("telling", {"learning_rate": 1e-3}), cost=10.0
    )
    found = best_experiment(candidates, [idle, telling])
    assert found is not None
    assert found[0] is telling
    assert best_experiment(causes(no_signal=1.0), [telling]) is None
