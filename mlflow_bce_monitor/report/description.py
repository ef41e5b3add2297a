"""The block in the run's description: markdown that MLflow renders above the run's params.

The description shows about three lines before "Show more", so the first line is the
answer and the second the picture.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

from mlflow_bce_monitor.contract import ARTIFACT_CURVE, ARTIFACT_FOLDER, ARTIFACT_REPORT
from mlflow_bce_monitor.diagnosis import Diagnosis
from mlflow_bce_monitor.report import headlines, reasons

# What starts anything in markdown or HTML: emphasis, code, links, images, tags and tables. MLflow's renderer
# follows GitHub, so mentions, emoji names and bare addresses count too; an underscore inside a word does not.
# A character reference starts nothing.
_ACTIVE: Final = re.compile(r"[\\`*\[\]<>&|~@]|(?<![^\W_])_|_(?![^\W_])|:(?=[\w+-]+:)|://|(?<=www)\.")


def block(diagnosis: Diagnosis, run_id: str, *, with_artifacts: bool = True) -> str:
    """Return the markdown body of the description block, without its delimiters.

    Parameters
    ----------
    diagnosis
        What to tell.
    run_id
        The run that holds the artifacts.
    with_artifacts
        Whether picture and report were written to the run, so that they can be shown.

    Returns
    -------
    str
        Paragraphs parted by empty lines; it ends without a line break. The first line
        is one plain sentence.
    """
    paragraphs = [escaped(headlines.headline(diagnosis))]
    if with_artifacts:
        paragraphs.append(f"![The loss curve and its chance level]({picture_url(run_id)})")
    action = reasons.action(diagnosis)
    if action is not None:
        paragraphs.append(f"**{action.title}:** {escaped(action.rest)}")
    if with_artifacts:
        paragraphs.append(f"The whole report is under Artifacts, `{ARTIFACT_FOLDER}/{ARTIFACT_REPORT}`.")
    return "\n\n".join(paragraphs)


def picture_url(run_id: str) -> str:
    """Return the address of the picture relative to MLflow's page, which its sanitiser lets through."""
    return f"get-artifact?path={ARTIFACT_FOLDER}/{ARTIFACT_CURVE}&run_uuid={quote(run_id, safe='')}"


def escaped(text: str) -> str:
    """Return text that markdown and HTML show as it is, whatever a run chose to call its metrics."""
    return _ACTIVE.sub(lambda found: "".join(f"&#{ord(character)};" for character in found.group()), text)
