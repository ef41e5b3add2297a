"""The explanation of one run: what a colleague would say, in a terminal of any width."""

from __future__ import annotations

import dataclasses

import handmade_diagnoses as handmade
import pytest
from printing import printed
from rich.cells import cell_len

from mlflow_bce_monitor.contract import Verdict
from mlflow_bce_monitor.diagnosis import Diagnosis, RankedCause
from mlflow_bce_monitor.report import headlines, reasons
from mlflow_bce_monitor.report.explanation import explanation


def _said(diagnosis: Diagnosis, width: int = 100) -> str:
    """Return the explanation as running text."""
    return " ".join(printed(explanation(diagnosis), width).split())


def _explained(
    *probabilities: tuple[str, float], verdict: Verdict = Verdict.STALLED, missing: tuple[str, ...] = ()
) -> Diagnosis:
    """Return a run at chance with these causes."""
    causes = tuple(
        RankedCause(cause, share, f"signs of {cause}", f"change {cause}") for cause, share in probabilities
    )
    return handmade.diagnosis(verdict, handmade.curve([0.7] * 9), causes=causes, missing=missing)


@pytest.mark.parametrize("width", [80, 160])
@pytest.mark.parametrize("name", list(handmade.EVERY_VERDICT))
def test_an_explanation_holds_all_that_is_known(name: str, width: int) -> None:
    """Verdict, causes with evidence, what was ruled out, what is missing and the change are all said."""
    diagnosis = handmade.EVERY_VERDICT[name]
    shown = printed(explanation(diagnosis), width)
    said = " ".join(shown.split())
    assert headlines.headline(diagnosis) in said
    assert f"Is this normal? {headlines.is_normal(diagnosis.verdict)}." in said
    for cause in reasons.causes(diagnosis):
        for text in (f"{cause.title} ", cause.percent, cause.evidence_for, cause.evidence_against):
            assert text in said
    for dismissed in (
        *reasons.less_likely(diagnosis),
        *reasons.ruled_out(diagnosis),
        *reasons.next_to_impossible(diagnosis),
        *reasons.not_assessed(diagnosis),
    ):
        assert f"{dismissed.title} {dismissed.reason}" in said
    assert reasons.advice(diagnosis) in said
    for text in reasons.next_measurements(diagnosis):
        assert text in said
    code = {line.strip() for line in _code(diagnosis)}
    assert all(cell_len(line) <= width or line.strip() in code for line in shown.splitlines())


def _code(diagnosis: Diagnosis) -> list[str]:
    """Return the lines to paste that the explanation shows."""
    causes = reasons.causes(diagnosis)[:1] if diagnosis.cause != "unknown" else ()
    return [line for cause in causes for one in cause.snippets for line in one.source.strip().splitlines()]


def test_code_to_paste_stays_whole_in_a_narrow_terminal() -> None:
    """A line that were folded at 80 columns would come out of a terminal as two, and run as neither."""
    diagnosis = handmade.stalled()
    shown = printed(explanation(diagnosis), 80).splitlines()
    assert max(map(len, _code(diagnosis))) > 80 - 4
    for line in _code(diagnosis):
        assert f"    {line}" in shown


def _order(said: str, *parts: str) -> bool:
    places = [said.index(part) for part in parts]
    return places == sorted(places)


def test_the_answer_comes_first_and_the_fine_print_last() -> None:
    """A settled cause: verdict, why, change, measurement, then what was dismissed and what all rests on."""
    said = _said(handmade.stalled())
    assert _order(
        said,
        "Is this normal?",
        "Stalled at chance",
        "Why Class imbalance",
        "Change Weight the rare class",
        "Measure next",
        "Less likely",
        "Ruled out",
        "Could not be checked",
        "What this rests on",
    )


def test_an_unsettled_run_asks_for_a_measurement_before_a_change() -> None:
    """Where no cause has more than half, measuring comes first, and the change names its condition."""
    causes = (("no_signal", 0.45), ("dead_relu", 0.4), ("unknown", 0.15))
    said = _said(_explained(*causes, missing=("log the AUC", "log the recall")))
    assert _order(
        said, "Why: not settled", "Measure next Log the AUC.", "Then: - Log the recall.", "Change Not"
    )
    assert "Not settled. If it is 'Labels carry no signal' (45%): Change no_signal." in said


def test_one_measurement_leads_and_few_follow() -> None:
    """The first measurement stands alone, three more are listed, the rest is a number."""
    measurements = tuple(f"log the metric {number}" for number in range(7))
    said = _said(_explained(("no_signal", 0.6), ("unknown", 0.4), missing=measurements))
    assert "Log the metric 0. Then: - Log the metric 1." in said
    assert "Log the metric 3. and 3 more" in said
    assert "metric 4" not in said


def test_a_sure_cause_asks_for_little_more() -> None:
    """From 90% on only the first measurement is named, and called what it is."""
    said = _said(_explained(("no_signal", 0.95), ("unknown", 0.05), missing=("log a", "log b")))
    assert "To be surer still, measure Log a." in said
    assert "Log b" not in said


def test_the_advice_of_a_cause_is_given_once() -> None:
    """The first cause's change has its own section; the others say theirs as "if so"."""
    said = _said(_explained(("no_signal", 0.6), ("dead_relu", 0.4)))
    assert said.count("Change no_signal.") == 1
    assert "if so Change dead_relu." in said


def test_causes_that_look_alike_are_told_among_the_reasons() -> None:
    """Before a change is made the reader learns that another cause would look the same."""
    said = _said(_explained(("dead_relu", 0.5), ("constant_inputs", 0.5), missing=("log the AUC",)))
    assert _order(said, "Why", "leave much the same marks on what was logged.", "Measure next")


def test_nothing_is_to_be_changed_on_a_guess() -> None:
    """While the cause is unknown no change is proposed, and none stands there as code."""
    said = _said(_explained(("unknown", 0.6), ("no_signal", 0.4)))
    assert "Nothing yet: any change would be a guess. The best one is 'Labels carry no signal' (40%)" in said
    assert "RandomForestClassifier" not in said
    alone = _said(_explained(("unknown", 0.99), ("no_signal", 0.01)))
    assert "Nothing yet: no cause stands out, so any change would be a guess." in alone


def test_a_normal_run_is_asked_for_nothing() -> None:
    """A benign run needs neither measurement nor code."""
    normal = _explained(
        ("adversarial_equilibrium", 0.8), ("unknown", 0.2), verdict=Verdict.BENIGN, missing=("log the AUC",)
    )
    said = _said(normal)
    assert "What to do Change adversarial_equilibrium." in said
    assert "Log the AUC" not in said
    assert "# judge" not in said


def test_the_change_is_printed_whole() -> None:
    """Code to paste is never cut at the edge of the terminal."""
    shown = printed(explanation(handmade.stalled()), 80)
    remedy = reasons.causes(handmade.stalled())[0].snippets[0].source
    assert "".join(remedy.split()) in "".join(shown.split())


def test_colour_only_repeats_what_words_say() -> None:
    """Without escape codes the text is the same."""
    with_colour = printed(explanation(handmade.stalled()), 80, colour=True)
    assert "\x1b[" in with_colour
    assert "\x1b" not in printed(explanation(handmade.stalled()), 80)


def test_names_are_text_never_markup() -> None:
    """Square brackets stay, escape codes and direction overrides do not get through."""
    shown = printed(explanation(handmade.hostile()), 160)
    assert "[b]" in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown


def test_a_terminal_without_unicode_gets_the_explanation_too() -> None:
    """On an ASCII terminal the bars are drawn with ASCII characters."""
    assert "Class imbalance" in printed(explanation(handmade.stalled()), 100, encoding="ascii")


def test_the_settings_of_the_training_are_told() -> None:
    """What the evidence knows of the training stands in one line, in the order people say it."""
    said = _said(handmade.stalled())
    assert "training learning rate 0.001, 10 epochs" in said
    unknown = dataclasses.replace(handmade.stalled_unknown_share(), causes=())
    assert "training" not in _said(unknown)
