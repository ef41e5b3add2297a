"""Probe the models of the article's three examples: ``python -m benchmarks.tiers.article``.

Each baseline is trained as printed, on the published data and on learnable data of the same shape, and probed
with all of its rows. Prints a Markdown table; docs/probes.md shows it.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final

import click

from benchmarks.diagnosis.table import Table, as_markdown
from benchmarks.zoo.generate import QUIET

if TYPE_CHECKING:
    from mlflow_bce_monitor.probes import ProbeReport
    from mlflow_bce_monitor.scenarios.scenario import Scenario, SourceName

BUDGET: Final = 60.0
"""Seconds of processor time, so that the table does not hang on how busy the machine is."""


def probe_baseline(scenario: Scenario, name: SourceName) -> ProbeReport:
    """Train the baseline of an example on one source of data, and probe it."""
    from mlflow_bce_monitor.probes import probe  # noqa: PLC0415 - loads Keras, after QUIET is set
    from mlflow_bce_monitor.scenarios.fitting import fit, prepare  # noqa: PLC0415 - as above
    from mlflow_bce_monitor.scenarios.scenario import BASELINE  # noqa: PLC0415 - as above

    source = scenario.source(name)
    recipe = source.variant(BASELINE).recipe
    rows = prepare(source, recipe, 0)
    model = fit(recipe, rows, 0, lambda _epoch, _logs: None)
    features, labels = rows.drawn.features.astype("float32"), rows.drawn.labels
    return probe(model, features, labels, BUDGET, now=time.process_time)


def row(scenario: Scenario, name: SourceName) -> tuple[str, ...]:
    """Return what the probes found, in words."""
    report = probe_baseline(scenario, name)
    numbers = report.result("signal").numbers
    return (
        f"`{scenario.name}`, {name}",
        f"`{report.cause}`",
        f"{report.probability:.2f}",
        f"`{report.decided_by}`",
        f"{float(numbers['signal_auc']):.3f}",
        f"{float(numbers['signal_distance']):.1f}",
        f"{float(numbers['signal_p']):.2f}",
        f"{report.seconds:.0f}",
    )


@click.command()
def main() -> None:
    """Probe the six baselines and print what was found."""
    os.environ.update(QUIET)
    from mlflow_bce_monitor.scenarios.catalogue import SCENARIOS  # noqa: PLC0415 - loads Keras
    from mlflow_bce_monitor.scenarios.scenario import SourceName  # noqa: PLC0415 - as above

    columns = (
        "example, data",
        "cause",
        "probability",
        "decided by",
        "AUC of the reference learner",
        "its distance from permuted labels, in their standard deviations",
        "p-value",
        "processor seconds",
    )
    rows = tuple(row(one, name) for name in SourceName for one in SCENARIOS)
    click.echo(as_markdown(Table("The article's examples", columns, rows)))


if __name__ == "__main__":
    main()
