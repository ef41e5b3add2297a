"""The project's source as it was: in place when it is the same version, else a copy in a temporary folder.

Nothing is ever checked out in the user's own folder.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit
from urllib.request import url2pathname

from git import Repo
from git.exc import GitCommandError, InvalidGitRepositoryError, NoSuchPathError

from mlflow_bce_monitor.verifying.arm import CannotRerun
from mlflow_bce_monitor.verifying.origin import Origin

_SHORT = 8
"""Digits of a commit in a message."""

_REASON = 200
"""Characters of Git's reason in a message."""


@dataclass(frozen=True)
class Source:
    """What MLflow is told to run.

    Attributes
    ----------
    uri, version
        Of the project; a version only for Git's addresses.
    folder
        Where it lies on this machine, None for Git's addresses.
    note
        What is not as it was, a sentence; "" for nothing.
    """

    uri: str
    version: str | None
    folder: Path | None
    note: str = ""


@contextmanager
def prepared(origin: Origin) -> Iterator[Source]:
    """Yield the source of a run for as long as it is rerun.

    Raises
    ------
    CannotRerun
        It is gone, or its version is.
    """
    base, _, inner = origin.uri.partition("#")
    root = _folder(base)
    if root is None:
        yield Source(origin.uri, origin.commit, None)
        return
    if not (root / inner).is_dir():
        raise CannotRerun(
            f"The source of the run is gone: there is no folder {root / inner}. Restore it, or pass "
            "--project with the place where the project lies now."
        )
    repo = _repository(root)
    if repo is None or origin.commit is None:
        note = "The project is under no version control that the run knows of: its code may have changed."
        yield Source(str(root / inner), None, root / inner, note if origin.commit is None else "")
        return
    if repo.head.is_valid() and repo.head.commit.hexsha == origin.commit:
        changed = repo.is_dirty(untracked_files=False)
        note = f"{root} has changes that are not committed; they are used." if changed else ""
        yield Source(str(root / inner), None, root / inner, note)
        return
    with TemporaryDirectory(prefix="bce-monitor-") as folder:
        within = root.resolve().relative_to(Path(repo.working_tree_dir or root).resolve())
        copy = _copied(repo, origin.commit, Path(folder)) / within / inner
        if not copy.is_dir():
            raise CannotRerun(f"Commit {origin.commit[:_SHORT]} of {root} has no folder {inner!r}.")
        yield Source(
            str(copy),
            None,
            copy,
            f"The project was rerun from a copy of commit {origin.commit[:_SHORT]}: {root} is at another one "
            "now. Files that are not in Git, such as data, are not in the copy.",
        )


def _folder(uri: str) -> Path | None:
    """Return the folder of a path or a ``file:`` address, None for any other address."""
    parts = urlsplit(uri)
    if parts.scheme == "file":
        return Path(url2pathname(parts.path))
    is_address = len(parts.scheme) > 1 or (uri.partition(":")[0].count("@") == 1 and ":" in uri)
    return None if is_address else Path(uri)


def _repository(folder: Path) -> Repo | None:
    try:
        return Repo(folder, search_parent_directories=True)
    except (InvalidGitRepositoryError, NoSuchPathError):
        return None


def _copied(repo: Repo, commit: str, folder: Path) -> Path:
    """Check a commit out into a folder of its own; the repository is only read."""
    try:
        # Sharing the objects reads commits that no branch leads to any more, and copies nothing.
        copy = Repo.clone_from(
            str(repo.working_tree_dir or repo.git_dir),
            folder / "source",
            multi_options=["--shared", "--no-checkout", "--quiet"],
        )
        copy.git.checkout("--quiet", "--detach", commit)
        if (folder / "source" / ".gitmodules").is_file():
            copy.git.submodule("update", "--init", "--recursive")
    except GitCommandError as error:
        raise CannotRerun(
            f"Commit {commit[:_SHORT]}, from which the run was made, cannot be had from "
            f"{repo.working_tree_dir}: {' '.join(str(error.stderr).split())[:_REASON]}. Fetch it, or pass "
            "--project to use another version."
        ) from error
    return folder / "source"
