"""How a command ends: one clear line and an exit code for everything that can go wrong."""

from __future__ import annotations

import os
import sys
import traceback
from typing import Any, Final, NoReturn

import click

from mlflow_bce_monitor.contract import EXIT_SOME_FAILED, EXIT_USAGE
from mlflow_bce_monitor.errors import BCEMonitorError, UsageError
from mlflow_bce_monitor.report.plain_text import plain

# Beside the contract's codes, as shells count: 128 + the signal's number, and sysexits.h.
EXIT_INTERRUPTED: Final = 130
EXIT_PIPE_CLOSED: Final = 141
EXIT_MISTAKE: Final = 70


class Interrupted(Exception):  # noqa: N818 - no error: what a person asked for
    """A command was stopped on request and has put everything in order."""


class Commands(click.Group):
    """The group of commands, which turns every exception into its ending."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except UsageError as error:
            _end(ctx, f"Error: {error}", EXIT_USAGE)
        except BCEMonitorError as error:
            _end(ctx, f"Error: {error}", EXIT_SOME_FAILED)
        except Interrupted as error:
            _end(ctx, f"Interrupted. {error}", EXIT_INTERRUPTED)
        except KeyboardInterrupt:
            _end(ctx, "Interrupted.", EXIT_INTERRUPTED)
        except BrokenPipeError:
            # Whoever read our output has gone; closing it at exit must not complain a second time.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(EXIT_PIPE_CLOSED)
        except (click.ClickException, click.Abort, click.exceptions.Exit):
            raise
        except Exception:  # noqa: BLE001 - Python would exit with 1, which means that a verdict was found
            traceback.print_exc()
            ctx.exit(EXIT_MISTAKE)


def _end(ctx: click.Context, message: str, exit_code: int) -> NoReturn:
    click.echo(plain(message), err=True)
    ctx.exit(exit_code)
