"""Where findings are posted to, and which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from mlflow_bce_monitor.contract import FLAGGED, Verdict
from mlflow_bce_monitor.errors import UsageError
from mlflow_bce_monitor.report.plain_text import plain

ENV_URL: Final = "BCE_MONITOR_WEBHOOK"
ENV_SECRET: Final = "BCE_MONITOR_WEBHOOK_SECRET"  # noqa: S105 - the name of a variable
ENV_VERDICTS: Final = "BCE_MONITOR_WEBHOOK_VERDICTS"

TOLD_BY_DEFAULT: Final = frozenset({Verdict.STALLED, Verdict.DIVERGED, Verdict.INCONSISTENT})
"""A person who is called should find something to do at once: these are never a matter of waiting."""

# Runs in trouble make findings; a message for each healthy run would teach people to look away.
TELLABLE: Final = FLAGGED


@dataclass(frozen=True)
class Webhook:
    """An address that takes findings.

    Attributes
    ----------
    url
        http or https. It may hold a secret of its own, as Slack's do: it is never printed whole.
    verdicts
        Which verdicts are told.
    secret
        Key of the signature; None to send none.
    """

    url: str = field(repr=False)
    verdicts: frozenset[Verdict] = TOLD_BY_DEFAULT
    secret: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError(
                f"The webhook {self} is no address: give one that starts with https:// or http://."
            )

    def __str__(self) -> str:
        parts = urlsplit(self.url)
        return plain(f"{parts.scheme}://{parts.hostname or ''}")


def webhook_of(
    environment: Mapping[str, str], url: str | None = None, verdicts: Iterable[str] = ()
) -> Webhook | None:
    """Return the webhook that somebody set, None when nobody did.

    Parameters
    ----------
    environment
        Environment variables; the secret comes from here alone, because every user of a machine
        can read its command lines.
    url, verdicts
        From the command line; they win over the environment.

    Raises
    ------
    UsageError
        The address is none, or a verdict is none that can be told.
    """
    address = url or environment.get(ENV_URL) or None
    if address is None:
        return None
    named = list(verdicts) or environment.get(ENV_VERDICTS, "").replace(",", " ").split()
    told = frozenset(_verdict(word) for word in named) or TOLD_BY_DEFAULT
    return Webhook(address, told, environment.get(ENV_SECRET) or None)


def _verdict(word: str) -> Verdict:
    known = {verdict.value: verdict for verdict in TELLABLE}
    if word not in known:
        raise UsageError(
            f"{plain(word)!r} is no verdict to alert on: choose from {', '.join(sorted(known))}."
        )
    return known[word]
