"""Every name that is imported from this repository is there, also in benchmarks that no test runs."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
OURS: Final = ("mlflow_bce_monitor", "benchmarks")
READERS: Final = sorted(
    path for folder in (*OURS, "docs", "examples", ".ci") for path in (ROOT / folder).rglob("*.py")
)


@cache
def names_of(module: str) -> frozenset[str] | None:
    """Return what a module binds at its top, submodules included; None when there is no such module."""
    place = ROOT.joinpath(*module.split("."))
    source = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    if not source.exists():
        return None
    tree = ast.parse(source.read_text(encoding="utf-8"))
    bound = {alias.asname or alias.name for node in ast.walk(tree) for alias in imported_by(node)}
    bound |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    bound |= {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    if place.is_dir():
        bound |= {path.stem for path in place.iterdir()}
        # What a package loads when it is asked for stands in its code as text.
        bound |= {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    return frozenset(str(name) for name in bound)


def imported_by(node: ast.AST) -> list[ast.alias]:
    """Return the names that an import statement binds, [] for any other node."""
    return node.names if isinstance(node, (ast.Import, ast.ImportFrom)) else []


@pytest.mark.parametrize("path", READERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_imported_is_there(path: Path) -> None:
    """A module that was moved or renamed leaves no import of its old name behind."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in OURS:
            names = names_of(node.module)
            assert names is not None, f"there is no module {node.module}"
            missing = {alias.name for alias in node.names} - names
            assert not missing, f"{node.module} has no {missing}"
