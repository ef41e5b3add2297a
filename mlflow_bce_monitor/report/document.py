"""What every HTML page of the package is made of: its templates, inline style and script, and its policy.

A page extends ``templates/page.html``, takes ``base.css`` and a style of its own, and is
rendered by :func:`render`: every text is escaped, and the content security policy names
the page's own style and script by their hashes and forbids the rest.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined

from mlflow_bce_monitor.report.svg import HEIGHT, WIDTH

_TEMPLATES: Final = "templates"
BASE_STYLE: Final = "base.css"


class Inline(NamedTuple):
    """The style, the script and the content security policy of one page."""

    style: str
    script: str
    policy: str


def render(
    template: str,
    styles: Sequence[str],
    scripts: Sequence[str],
    *,
    sources: Sequence[str] = (),
    **content: Any,
) -> str:
    """Return a page as HTML.

    Parameters
    ----------
    template
        A file in ``templates/`` that extends ``page.html``.
    styles, scripts
        Files in ``templates/`` that go into the page, styles after ``base.css``.
    sources
        Rules of the policy, further ones or others in the place of the usual, such as
        ``"connect-src 'self'"`` for a page of a server.
    content
        What the template names.
    """
    inline = inlined(tuple(styles), tuple(scripts), tuple(sources))
    return environment().get_template(template).render(inline=inline, box=f"0 0 {WIDTH} {HEIGHT}", **content)


@cache
def inlined(styles: tuple[str, ...], scripts: tuple[str, ...] = (), sources: tuple[str, ...] = ()) -> Inline:
    """Return what a page carries inside, as :func:`render` does."""
    style = "\n".join(_text(name) for name in (BASE_STYLE, *styles))
    script = "\n".join(_text(name) for name in scripts)
    rules = (
        "default-src 'none'",
        f"style-src '{_digest(style)}'",
        f"script-src '{_digest(script)}'",
        "base-uri 'none'",
        "form-action 'none'",
        *sources,
    )
    # One rule of a kind: a page's own takes the place of ours.
    policy = {rule.partition(" ")[0]: rule for rule in rules}
    return Inline(style, script, "; ".join(policy.values()))


@cache
def environment() -> Environment:
    """Return the templates of this package, which escape every text and miss none in silence."""
    return Environment(
        loader=PackageLoader(__package__, _TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _text(name: str) -> str:
    return files(__package__).joinpath(_TEMPLATES).joinpath(name).read_text(encoding="utf-8")


def _digest(source: str) -> str:
    """Return the hash source of a content security policy for an inline element."""
    return "sha256-" + base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
