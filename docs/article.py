"""Write docs/article.md: what the article claims, next to what the scenarios measure.

    python docs/article.py                        # trains 5 seeds into a temporary store
    python docs/article.py --store article.db     # keeps the store, and trains only what is missing in it

Training 5 seeds takes about ten minutes on two cores. The evaluator writes nothing here.
"""

from __future__ import annotations

import math
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import mlflow
import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from mlflow.entities import Run

from mlflow_bce_monitor.scenarios.catalogue import SCENARIOS
from mlflow_bce_monitor.scenarios.fitting import ChanceLevels, chance_levels, prepare
from mlflow_bce_monitor.scenarios.rows import Rows
from mlflow_bce_monitor.scenarios.scenario import BASELINE, DataSource, Scenario, SourceName, Variant
from mlflow_bce_monitor.scenarios.tracked import train_tracked
from mlflow_bce_monitor.scenarios.training import Training, params, plan
from mlflow_bce_monitor.tracking.scan import scan

HERE = Path(__file__).parent
EXPERIMENT = "bce-monitor article"
LEAST_SKILL = 0.05
"""Skill that counts as more than chance; smaller ones are within the error of 200 validation rows."""
AUC_ERRORS = 2.58
"""Standard errors by which a validation AUC has to exceed 0.5: one in 200 does so by luck."""

Key = tuple[str, str, str, int]
"""Scenario, data source, variant, seed."""


@dataclass(frozen=True)
class Outcome:
    """One run: how it ended, and what the evaluator says."""

    training: Training
    chance: ChanceLevels
    first_loss: float
    loss: float
    validation_loss: float
    validation_auc: float
    validation_recall: float
    auc_error: float
    verdict: str
    cause: str

    @property
    def training_skill(self) -> float:
        """1 - loss / chance level, training data."""
        return 1.0 - self.loss / self.chance.train

    @property
    def validation_skill(self) -> float:
        """1 - loss / chance level, validation data."""
        return 1.0 - self.validation_loss / self.chance.validation

    @property
    def learned(self) -> bool:
        """Whether something was learned that holds on the validation rows.

        Skill alone would not do: a network that memorises repeated positives predicts less
        for all other rows, which gains on a validation set of mostly negative rows.
        """
        ranks = self.validation_auc > 0.5 + AUC_ERRORS * self.auc_error
        return self.validation_skill > LEAST_SKILL and ranks

    @property
    def state(self) -> str:
        """Whether it learned, did better on the training rows only, or stayed at chance."""
        if self.learned:
            return "learns"
        return "training rows only" if self.training_skill > LEAST_SKILL else "at chance"

    @property
    def names_expected_cause(self) -> bool:
        """Whether the evaluator ranks the scenario's own fault first."""
        return self.cause == self.training.scenario.expected_cause


@dataclass(frozen=True)
class Section:
    """One scenario on one data source, all seeds."""

    scenario: Scenario
    source: DataSource
    outcomes: Mapping[str, Sequence[Outcome]]

    @property
    def baseline(self) -> Sequence[Outcome]:
        """The runs that show the fault."""
        return self.outcomes[BASELINE]

    @property
    def remedies(self) -> list[Outcome]:
        """The runs of all other variants."""
        return [one for name, runs in self.outcomes.items() if name != BASELINE for one in runs]


@click.command()
@click.option("--seeds", type=click.IntRange(min=1), default=5, show_default=True, help="How many seeds.")
@click.option("--first-seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--store", type=click.Path(path_type=Path), help="Keep the runs in this SQLite file.")
@click.option("--output", type=click.Path(path_type=Path), default=HERE / "article.md", show_default=True)
def main(seeds: int, first_seed: int, store: Path | None, output: Path) -> None:
    """Train what is missing, evaluate everything, and write the page."""
    with tempfile.TemporaryDirectory() as folder:
        _use_store((store or Path(folder, "article.db")).resolve())
        wanted = range(first_seed, first_seed + seeds)
        trainings = plan(SCENARIOS, wanted)
        _train_missing(trainings)
        outcomes = _outcomes(trainings)
    page = _page(sections(outcomes), wanted)
    output.write_text(page, encoding="utf-8")
    click.echo(f"{output} written from {len(outcomes)} runs")


def _use_store(database: Path) -> None:
    mlflow.set_tracking_uri(f"sqlite:///{database}")
    if mlflow.get_experiment_by_name(EXPERIMENT) is None:
        mlflow.create_experiment(EXPERIMENT, artifact_location=database.with_suffix(".artifacts").as_uri())
    mlflow.set_experiment(EXPERIMENT)


def _train_missing(trainings: Sequence[Training]) -> None:
    there = _finished_runs()
    for training in trainings:
        if not _is_this(training, there.get(_key(training))):
            click.echo(f"training {training.name}, seed {training.seed}", err=True)
            train_tracked(training)


def _is_this(training: Training, run: Run | None) -> bool:
    """Whether a run of the store was trained as the catalogue says now, as far as its params tell."""
    if run is None:
        return False
    wanted = params(training, prepare(training.source, training.recipe, training.seed))
    return dict(run.data.params) == {key: str(value) for key, value in wanted.items()}


def _key(training: Training) -> Key:
    return (training.scenario.name, training.source.name.value, training.variant.name, training.seed)


def _finished_runs() -> dict[Key, Run]:
    runs = mlflow.search_runs(
        experiment_names=[EXPERIMENT],
        filter_string="attributes.status = 'FINISHED'",
        output_format="list",
        max_results=50_000,
    )
    return {
        (given["scenario"], given["data_source"], given["variant"], int(given["seed"])): run
        for run in runs
        for given in (run.data.params,)
    }


def _outcomes(trainings: Sequence[Training]) -> list[Outcome]:
    runs = _finished_runs()
    chosen = [runs[_key(training)] for training in trainings]
    # The page is about the evaluator as it stands, whatever was said about these runs before.
    answers = scan(run_ids=[run.info.run_id for run in chosen], dry_run=True, force=True)
    by_run = {row["run_id"]: row for row in answers.to_dict(orient="records")}
    return [
        _outcome(training, run, by_run[run.info.run_id])
        for training, run in zip(trainings, chosen, strict=True)
    ]


def _outcome(training: Training, run: Run, answer: Mapping[Any, Any]) -> Outcome:
    if answer["error"]:
        raise click.ClickException(f"{training.name}, seed {training.seed}: {answer['error']}")
    rows = prepare(training.source, training.recipe, training.seed)
    last = run.data.metrics
    history = mlflow.MlflowClient().get_metric_history(run.info.run_id, "loss")
    return Outcome(
        training=training,
        chance=chance_levels(rows, training.recipe),
        first_loss=min(history, key=lambda point: point.step).value,
        loss=last["loss"],
        validation_loss=last["val_loss"],
        validation_auc=last["val_auc"],
        validation_recall=last["val_recall"],
        auc_error=_auc_error(rows.validation),
        verdict=answer["verdict"],
        cause=answer["cause"],
    )


def _auc_error(rows: Rows) -> float:
    """Return the standard error of the AUC of a ranking that knows nothing (Mann and Whitney 1947)."""
    positive = float(rows.labels.sum())
    return math.sqrt((len(rows) + 1) / (12.0 * positive * (len(rows) - positive)))


def sections(outcomes: Sequence[Outcome]) -> list[Section]:
    """Group the runs by scenario and data source, in the order of the catalogue."""
    return [
        Section(
            scenario,
            source,
            {
                variant.name: [
                    outcome
                    for outcome in outcomes
                    if (outcome.training.scenario, outcome.training.source, outcome.training.variant.name)
                    == (scenario, source, variant.name)
                ]
                for variant in source.variants
            },
        )
        for scenario in SCENARIOS
        for source in scenario.sources
    ]


def spread(values: Iterable[float], digits: int = 3) -> str:
    """Return "mean (least to greatest)" of some numbers."""
    numbers = [float(value) for value in values]
    # Adding 0.0 turns a rounded -0.0 into 0.0.
    mean, low, high = (
        round(number, digits) + 0.0 for number in (np.mean(numbers), min(numbers), max(numbers))
    )
    return f"{mean:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def tally(words: Iterable[str]) -> str:
    """Return "3 stalled, 2 learning", most frequent first."""
    return ", ".join(f"{count} {word}" for word, count in Counter(words).most_common())


def how_many(runs: Sequence[Outcome], holds: Callable[[Outcome], bool]) -> str:
    """Return "4 of 5"."""
    return f"{sum(map(holds, runs))} of {len(runs)}"


def _page(found: Sequence[Section], seeds: range) -> str:
    environment = Environment(
        loader=FileSystemLoader(HERE),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - the page is Markdown, and every word in it is ours
    )
    environment.filters.update(spread=spread, tally=tally)
    template = environment.get_template("article.md.jinja")
    by_place = {(one.scenario.name, one.source.name.value): one for one in found}
    return template.render(
        sections=found,
        at=lambda scenario, source: by_place[scenario, source],
        learnable=[one for one in found if one.source.name is SourceName.LEARNABLE],
        published_remedies=_remedies(found, SourceName.PUBLISHED),
        learnable_remedies=_remedies(found, SourceName.LEARNABLE),
        seeds=seeds,
        n_seeds=len(seeds),
        least_skill=LEAST_SKILL,
        auc_errors=AUC_ERRORS,
        how_many=how_many,
        is_at_chance=lambda outcome: outcome.state == "at chance",
        has_learned=lambda outcome: outcome.learned,
        names_expected_cause=lambda outcome: outcome.names_expected_cause,
        deviations=_deviations(found),
        command=_command(seeds),
    )


def _remedies(found: Sequence[Section], source: SourceName) -> list[Outcome]:
    return [outcome for one in found if one.source.name is source for outcome in one.remedies]


def _command(seeds: range) -> str:
    first = f" --first-seed {seeds.start}" if seeds.start else ""
    return f"python docs/article.py --seeds {len(seeds)}{first}"


def _deviations(found: Sequence[Section]) -> list[tuple[Section, Variant]]:
    return [(one, variant) for one in found for variant in one.source.variants if variant.deviation]


if __name__ == "__main__":
    main()
