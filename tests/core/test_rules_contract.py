"""What every rule promises: its examples, its needs, its words, and that it reads nothing else."""

from __future__ import annotations

import ast
import importlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from made_runs import LIMITS

import mlflow_bce_monitor.rules as rules_package
from mlflow_bce_monitor.contract import CAUSES, NO_CAUSE, UNKNOWN, Tier
from mlflow_bce_monitor.evidence.catalogue import CATALOGUE
from mlflow_bce_monitor.evidence.fact import Evidence, Fact, FactValue
from mlflow_bce_monitor.ranking import consult
from mlflow_bce_monitor.rules import BY_CODE, RULES, Example, NotAssessed, Rule, RuledOut, Supported
from mlflow_bce_monitor.rules.no_number import never_a_number
from mlflow_bce_monitor.rules.rule import Piece
from mlflow_bce_monitor.rules.weighing import weigh

LONGEST_ADVICE = 140  # characters: the tag's column in the MLflow UI and one line of a terminal
NOT_CAUSES = {"inside", "no_number", "probed", "shared", "rule", "weighing", "__init__"}

BY_RULE = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
EXAMPLES = [
    pytest.param(rule, example, speaks_for, id=f"{rule.code}-{example.title}")
    for rule in RULES
    for speaks_for, examples in ((True, rule.fires), (False, rule.stays_quiet))
    for example in examples
]


def evidence_of(facts: Mapping[str, FactValue]) -> Evidence:
    """Return these facts as evidence."""
    return Evidence(tuple(Fact(name, value, "made", Tier.CURVE) for name, value in facts.items()))


class Watched(Evidence):
    """Evidence that remembers which facts were looked for."""

    def __init__(self, facts: tuple[Fact, ...] = ()) -> None:
        super().__init__(facts)
        self.asked: set[str] = set()
        self._look = self._noted

    def _noted(self, name: str) -> Fact | None:
        self.asked.add(name)
        return self._facts.get(name)


def drawn_value(unit: str) -> st.SearchStrategy[FactValue]:
    """Return values that a fact of this unit can have, extreme ones included."""
    if unit == "yes/no":
        return st.booleans()
    if unit == "word":
        return st.sampled_from(["adam", "SGD", "named", "implied", "assumed", ""])
    if unit == "count":
        return st.one_of(st.integers(0, 100_000), st.just(10**20))
    if unit == "share":
        return st.one_of(st.floats(0.0, 1.0), st.sampled_from([0.0, 0.5, 1.0]))
    return st.one_of(
        st.floats(-20.0, 20.0), st.sampled_from([0.0, 1.0, 1e-9, 1e9, -1e9, math.inf, -math.inf])
    )


SOME_EVIDENCE = st.fixed_dictionaries(
    {}, optional={name: drawn_value(kind.unit) for name, kind in CATALOGUE.items()}
)
FULL_EVIDENCE = st.fixed_dictionaries({name: drawn_value(kind.unit) for name, kind in CATALOGUE.items()})


@pytest.mark.parametrize(("rule", "example", "speaks_for"), EXAMPLES)
def test_every_example_holds(rule: Rule, example: Example, speaks_for: bool) -> None:  # noqa: FBT001 - a table's column
    """An example that must fire has a positive weight; one that must stay quiet has none or is ruled out."""
    outcome = consult(evidence_of(example.facts), [rule], LIMITS)[rule.code]
    assert not isinstance(outcome, NotAssessed), f"the example lacks {outcome}"
    fired = isinstance(outcome, Supported) and outcome.weight > 0
    assert fired == speaks_for, outcome


@pytest.mark.parametrize(("rule", "example", "speaks_for"), EXAMPLES)
def test_without_a_needed_fact_nothing_is_assessed(rule: Rule, example: Example, speaks_for: bool) -> None:  # noqa: FBT001 - a table's column
    """Taking any needed fact away gives "not assessed", which names that fact."""
    del speaks_for
    assert rule.needs, "a rule that needs nothing would judge runs without a single finite loss"
    for name in rule.needs:
        fewer = {key: value for key, value in example.facts.items() if key != name}
        assert consult(evidence_of(fewer), [rule], LIMITS)[rule.code] == NotAssessed((name,))


@BY_RULE
def test_a_rule_has_examples_of_both_kinds(rule: Rule) -> None:
    """Each rule shows a case that fires and one that stays quiet."""
    assert rule.fires
    assert rule.stays_quiet
    titles = [example.title for example in (*rule.fires, *rule.stays_quiet)]
    assert len(set(titles)) == len(titles)


@BY_RULE
def test_all_facts_are_in_the_catalogue(rule: Rule) -> None:
    """Needs, uses and examples speak of known facts, and examples only of those the rule looks at."""
    declared = {*rule.needs, *rule.uses}
    assert declared <= CATALOGUE.keys()
    assert not set(rule.needs) & set(rule.uses)
    for shown in (*rule.fires, *rule.stays_quiet):
        assert shown.facts.keys() <= declared, shown.title


@BY_RULE
def test_one_word_is_code_file_and_cause(rule: Rule) -> None:
    """The code is a cause of the contract and the name of the rule's file."""
    module = importlib.import_module(f"mlflow_bce_monitor.rules.{rule.code}")
    assert module.RULE is rule
    assert rule.code in CAUSES
    assert BY_CODE[rule.code] is rule


def test_every_cause_has_one_rule_and_every_file_is_listed() -> None:
    """The list holds every rule's file once, and every cause of the contract has its rule."""
    codes = [rule.code for rule in RULES]
    files = {path.stem for path in Path(rules_package.__file__).parent.glob("*.py")} - NOT_CAUSES
    assert sorted(codes) == sorted(files)
    assert set(codes) == set(CAUSES) - {UNKNOWN, NO_CAUSE}


@BY_RULE
def test_a_rule_cites_its_source(rule: Rule) -> None:
    """The file's docstring says where the rule comes from, and so does the rule for the page."""
    docstring = importlib.import_module(f"mlflow_bce_monitor.rules.{rule.code}").__doc__ or ""
    assert "Source:" in docstring
    assert rule.source


@BY_RULE
def test_the_words_of_a_rule_fit_their_places(rule: Rule) -> None:
    """Advice fits a tag's column on one line, nothing is empty, and the prior is positive."""
    assert 0 < len(rule.advice) <= LONGEST_ADVICE
    assert "\n" not in rule.advice + rule.title + rule.separated_by
    assert rule.advice.endswith(".")
    assert rule.title
    assert rule.explanation.endswith(".")
    assert rule.separated_by
    assert 0 < rule.prior < 10


@BY_RULE
def test_a_remedy_is_python(rule: Rule) -> None:
    """The remedy can be pasted, for Keras and for PyTorch: it parses as Python."""
    ast.parse(rule.remedy)
    ast.parse(rule.remedy_torch)


@BY_RULE
def test_look_alikes_are_other_causes(rule: Rule) -> None:
    """What a cause is confused with are other words of the contract."""
    assert rule.confused_with
    assert set(rule.confused_with) <= set(CAUSES) - {rule.code, UNKNOWN, NO_CAUSE}


@settings(max_examples=120)
@given(FULL_EVIDENCE)
def test_rules_read_only_what_they_declare(facts: dict[str, FactValue]) -> None:
    """No rule looks at a fact that is not among its needs and uses, or "missing" would not name it."""
    for rule in RULES:
        watched = Watched(evidence_of(facts).facts())
        rule.assess(watched, LIMITS)
        assert watched.asked <= {*rule.needs, *rule.uses}, rule.code


@example({"n_points": 0, "had_non_finite": True})
@given(SOME_EVIDENCE)
def test_rules_answer_whatever_the_facts(facts: dict[str, FactValue]) -> None:
    """Any facts, infinite ones too, give a finite weight or a clear no, in one line, and twice the same."""
    outcomes = consult(evidence_of(facts), RULES, LIMITS)
    never = never_a_number(evidence_of(facts))
    assert outcomes.keys() == {rule.code for rule in RULES}
    assert outcomes == consult(evidence_of(facts), RULES, LIMITS)
    for rule in RULES:
        outcome = outcomes[rule.code]
        if isinstance(outcome, NotAssessed):
            # Of a loss that never was a number something else is asked.
            needs = rule.no_number.needs if never and rule.no_number is not None else rule.needs
            assert set(outcome.missing) == set(needs) - facts.keys()
            continue
        assert outcome.because
        assert "\n" not in outcome.because
        assert isinstance(outcome, RuledOut) or math.isfinite(outcome.weight)


@settings(max_examples=60)
@given(FULL_EVIDENCE)
def test_no_rule_takes_a_fact_it_may_go_without_for_granted(facts: dict[str, FactValue]) -> None:
    """Each used fact taken away alone from a full house still leaves an answer, not a KeyError."""
    for rule in RULES:
        for name in rule.uses:
            fewer = evidence_of({key: value for key, value in facts.items() if key != name})
            assert not isinstance(consult(fewer, [rule], LIMITS)[rule.code], NotAssessed), (rule.code, name)


NOTHING_SEEN = "nothing seen speaks for or against it"


@pytest.mark.parametrize(
    ("pieces", "outcome"),
    [
        ((), Supported(0.0, NOTHING_SEEN)),
        ((None, Piece("a", 0.0, "a")), Supported(0.0, NOTHING_SEEN)),
        (
            (Piece("a", 2.0, "a"), None, Piece("b", -0.5, "b"), Piece("c", 1.0, "c")),
            Supported(2.5, "a, c", ("a", "c"), ("b",)),
        ),
        (
            (Piece("a", 1.0, "a"), Piece("c", -0.5, "c"), Piece("b", -3.0, "b")),
            Supported(-2.5, "b, c", ("a",), ("b", "c")),
        ),
        (
            (Piece("a", 1.0, "a"), Piece("b", 2.0, "b"), Piece("c", 3.0, "c"), Piece("d", 4.0, "d")),
            Supported(10.0, "d, c, b", ("d", "c", "b", "a")),
        ),
    ],
)
def test_pieces_add_up_and_the_strongest_are_named(
    pieces: tuple[Piece | None, ...], outcome: Supported
) -> None:
    """Weights are summed; the reason names the three strongest of the winning side, the outcome all."""
    assert replace(weigh(*pieces), pieces=()) == outcome
    assert weigh(*pieces).pieces == tuple(piece for piece in pieces if piece is not None)


def string_constants(path: Path) -> Iterator[str]:
    """Yield the names that a module asks evidence for: subscripts, number(), number_or(), get(), fact()."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if (
            isinstance(node, ast.Subscript)
            and isinstance(node.value, ast.Name)
            and node.value.id == "evidence"
        ):
            yield from (
                c.value for c in [node.slice] if isinstance(c, ast.Constant) and isinstance(c.value, str)
            )
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "evidence"
            and node.args
            and isinstance(node.args[0], ast.Constant)
        ):
            yield str(node.args[0].value)


def test_every_fact_that_is_asked_for_is_in_the_catalogue() -> None:
    """A misspelt fact would silently never be known: every literal name in the package is checked."""
    package = Path(rules_package.__file__).parent.parent
    asked = {(path.name, name) for path in package.rglob("*.py") for name in string_constants(path)}
    assert len(asked) > 50, "the search above no longer finds how facts are asked for"
    assert {(file, name) for file, name in asked if name not in CATALOGUE} == set()
