"""The rules in a terminal: all of them in a table, and each on its page."""

from __future__ import annotations

import pytest
from printing import printed

from mlflow_bce_monitor.report import rule_pages
from mlflow_bce_monitor.rules import RULES
from mlflow_bce_monitor.rules.rule import Rule


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_has_a_page(rule: Rule) -> None:
    """Each rule tells what it is, what speaks for it, what to change, and its source."""
    said = " ".join(printed(rule_pages.rule_page(rule), 100).split())
    assert rule.title in said
    assert rule.code in said
    for title in ("Speaks for it", "Change", "Source"):
        assert title in said


def test_the_table_of_rules_lists_them_all() -> None:
    """Every cause with a rule is in the table, once."""
    shown = printed(rule_pages.rules_table(RULES), 120)
    assert [shown.count(f" {rule.code} ") for rule in RULES] == [1] * len(RULES)
