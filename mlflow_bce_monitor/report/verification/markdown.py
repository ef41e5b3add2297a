"""A verification as Markdown, for the description of the run that gathers it, and for a file."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from mlflow_bce_monitor.contract import ARTIFACT_FOLDER, ARTIFACT_VERIFICATION
from mlflow_bce_monitor.report.description import escaped
from mlflow_bce_monitor.report.verification.content import Table, content
from mlflow_bce_monitor.verifying.result import VerificationReport


def markdown(
    report: VerificationReport, *, picture: str = f"{ARTIFACT_VERIFICATION}.png", verified: str = ""
) -> str:
    """Return the report as Markdown.

    Parameters
    ----------
    report
        The verification.
    picture
        Address of the picture; see :func:`picture_of`.
    verified
        Address of the verified run's page; "" for none.
    """
    said = content(report)
    parts = [
        f"**{escaped(said.title)}.** {escaped(said.sentence)}",
        f"![Skill with and without the remedy, and the chance level]({picture})",
        *_section("What was tried", said.trials),
        *_section("How the cause was found", said.path),
        *_section("The causes", said.causes),
        *(f"- {escaped(note)}" for note in said.notes),
        escaped(said.cost),
    ]
    if said.run_id:
        name = f"[{escaped(said.run)}]({verified})" if verified else escaped(said.run)
        parts.append(f"Verified run: {name}, `{said.run_id}`.")
    if said.parent_run_id:
        parts.append(f"Reruns: `{said.parent_run_id}` and the runs below it.")
    return "\n\n".join(parts) + "\n"


def picture_of(run_id: str) -> str:
    """Return the address of the picture on a run, relative to MLflow's page."""
    path = f"{ARTIFACT_FOLDER}/{ARTIFACT_VERIFICATION}.png"
    return f"get-artifact?path={path}&run_uuid={quote(run_id, safe='')}"


def _section(title: str, table: Table) -> Sequence[str]:
    if len(table) == 1:
        return ()
    lines = [_row(table[0]), _row(("---",) * len(table[0])), *(_row(row) for row in table[1:])]
    return (f"### {title}", "\n".join(lines))


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(escaped(cell) for cell in cells) + " |"
