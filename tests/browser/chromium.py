"""Debian's Chromium, driven by Playwright, confined to this machine."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from playwright.sync_api import Browser, sync_playwright

# Debian calls it chromium; the other names are those of other systems.
_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_START: Final = 180_000.0  # milliseconds: a start on a busy machine takes ten seconds
_FLAGS: Final = (
    "--no-sandbox",  # its own sandbox cannot be had by root or in a container
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--font-render-hinting=none",  # the same glyphs on every machine that has the same fonts
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)


def executable() -> str:
    """Return the path of Chromium; RuntimeError with what to do when there is none."""
    found = next((path for path in map(shutil.which, _NAMES) if path is not None), None)
    if found is None:
        raise RuntimeError(
            f"No Chromium on PATH (looked for {', '.join(_NAMES)}). Install it: apt-get install chromium"
        )
    return found


@contextmanager
def launched() -> Iterator[Browser]:
    """Start a headless Chromium and stop it at the end.

    While it runs, Playwright's event loop counts as running in this thread, so nothing else
    in it can call ``asyncio.run``: keep the block short.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable(), args=list(_FLAGS), timeout=_START, chromium_sandbox=False
        )
        try:
            yield browser
        finally:
            browser.close()
