"""The directions in which the parts of the package may import each other, read from the sources."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import mlflow_bce_monitor

PACKAGE = Path(mlflow_bce_monitor.__file__).parent
NAME = "mlflow_bce_monitor"
SOURCES = sorted(PACKAGE.rglob("*.py"))

CORE = {
    *("contract", "errors", "limits", "monitored", "evaluated", "records", "siblings", "settings"),
    *("model_summary", "scores", "arrays", "stretches", "reference"),
    *("curves", "chance", "findings", "evidence", "rules", "observations", "scorecards", "pooling"),
    *("verdicts", "calibration", "ranking", "measurements", "diagnosis", "evaluated_alone", "pipeline"),
    *("remedies", "information", "collecting"),
}
EDGES = {
    *("tracking", "cli", "report", "scenarios", "keras", "probes", "verifying", "evaluator", "spark"),
    *("plugins", "alerts", "server", "columnar", "judging"),
}
# The rooms of the MLflow edge, and the rooms each may know; what is done with them stands above all four.
ROOMS_OF_TRACKING = {
    "store": set(),
    "reading": {"store"},
    "coworker": {"reading"},
    "writing": {"store"},
}
# What a verification decides, apart from what it trains with.
DECIDING = {
    *("arm", "budget", "candidates", "comparison", "course", "experiments", "posterior", "result", "wording"),
    *("possible", "params", "origin", "plan", "order", "trial", "trainings"),
}
HEAVY = {
    *("mlflow", "tensorflow", "keras", "torch", "pyspark", "click", "rich", "matplotlib", "jinja2", "pandas"),
    *("sqlalchemy", "sklearn", "imblearn", "scipy", "fastapi", "flask"),
}

# Each part of the core, and the parts it may know: what stands before it in the flow.
MAY_IMPORT = {
    "contract": set(),
    "errors": set(),
    "limits": set(),
    "monitored": {"contract"},
    "evaluated": {"monitored"},
    "records": set(),
    "information": set(),
    "siblings": {"records"},
    "stretches": {"siblings"},
    "model_summary": set(),
    "arrays": set(),
    "collecting": set(),
    "reference": set(),
    "settings": {"records", "model_summary", "monitored"},
    "curves": {"records", "settings", "limits", "errors", "arrays"},
    "chance": {"curves", "records", "settings", "limits", "arrays"},
    "scores": {"chance"},
    "findings": {"curves", "chance", "records", "limits", "arrays"},
    "evidence": {
        *(
            "curves",
            "chance",
            "findings",
            "monitored",
            "evaluated",
            "records",
            "settings",
            "scores",
            "limits",
            "arrays",
        ),
        "contract",
    },
    "rules": {"evidence", "limits"},
    "diagnosis": {"curves", "chance", "findings", "evidence", "rules", "contract", "limits"},
    "scorecards": {"evidence", "arrays"},
    "verdicts": {"diagnosis", "evidence", "limits", "contract", "scorecards"},
    "observations": {"evidence", "rules", "limits"},
    "calibration": {"observations", "rules", "contract"},
    "measurements": {"calibration", "ranking", "diagnosis", "evidence", "rules", "contract"},
    "pooling": {"calibration", "scorecards", "observations", "evidence", "rules", "contract"},
    "ranking": {"pooling", "calibration", "diagnosis", "evidence", "rules", "limits", "contract"},
    "remedies": {"diagnosis", "evidence", "rules", "settings", "limits", "contract"},
    "evaluated_alone": CORE - {"pipeline", "remedies", "information"},
    "pipeline": CORE - {"remedies", "information"},
}


def module_of(path: Path) -> str:
    """Return a source's dotted name inside the package, "" for the package itself."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def imported(path: Path) -> Iterator[str]:
    """Yield every absolute name that a source imports, at its top or inside a function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def inner(path: Path) -> set[str]:
    """Return the names inside the package that a source imports, such as ``curves.names.core``."""
    return {name.removeprefix(f"{NAME}.") for name in imported(path) if name.startswith(f"{NAME}.")}


def outer(path: Path) -> set[str]:
    """Return the top-level packages outside of this one that a source imports."""
    return {name.split(".")[0] for name in imported(path)} - {NAME}


def part_of(name: str) -> str:
    """Return the part of the package that a dotted name belongs to."""
    return name.split(".", maxsplit=1)[0]


CORE_SOURCES = [path for path in SOURCES if part_of(module_of(path)) in CORE]


def test_every_part_is_known_to_this_test() -> None:
    """A new folder or module is placed in the core or at the edges before it is used."""
    parts = {part_of(module_of(path)) for path in SOURCES} - {"", "__main__"}
    assert parts <= CORE | EDGES
    assert parts >= CORE


@pytest.mark.parametrize("path", CORE_SOURCES, ids=module_of)
def test_the_core_knows_no_edge(path: Path) -> None:
    """Between run record and diagnosis nothing imports MLflow, Keras, a terminal, a renderer or an edge."""
    assert outer(path) & HEAVY == set()
    assert {part_of(name) for name in inner(path)} & EDGES == set()


@pytest.mark.parametrize("path", CORE_SOURCES, ids=module_of)
def test_the_core_needs_numpy_alone(path: Path) -> None:
    """Besides the standard library the core imports NumPy and nothing else."""
    allowed = {"numpy", "__future__", "ast", "json", "math", "re", "shlex", "collections", "dataclasses"}
    allowed |= {
        "contextlib",
        "gc",
        "pathlib",
        "bisect",
        "enum",
        "functools",
        "typing",
        "itertools",
        "operator",
        "statistics",
    }
    assert outer(path) <= allowed


@pytest.mark.parametrize("path", CORE_SOURCES, ids=module_of)
def test_the_flow_goes_one_way(path: Path) -> None:
    """Each part of the core imports only parts that stand before it in the flow."""
    part = part_of(module_of(path))
    allowed = MAY_IMPORT[part] | {part}
    wrong = {name for name in inner(path) if part_of(name) not in allowed}
    assert wrong == set()


@pytest.mark.parametrize(
    ("part", "forbidden"),
    [
        ("report", {"tracking", "cli", "scenarios", "keras"}),
        ("tracking", {"cli", "scenarios", "alerts", "server"}),
        ("alerts", {"cli", "scenarios", "server"}),
        ("server", {"cli", "scenarios", "keras", "probes"}),
        ("scenarios", {"cli"}),
    ],
)
def test_edges_do_not_reach_across(part: str, forbidden: set[str]) -> None:
    """The report knows no store and no terminal command; tracking knows no command line."""
    sources = [path for path in SOURCES if part_of(module_of(path)) == part]
    assert sources
    for path in sources:
        assert {part_of(name) for name in inner(path)} & forbidden == set(), module_of(path)


@pytest.mark.parametrize("room", ROOMS_OF_TRACKING)
def test_the_rooms_of_tracking_stand_on_each_other(room: str) -> None:
    """Opening, reading and writing know neither what is done with a store nor a room above them."""
    allowed = {f"tracking.{name}" for name in {room} | ROOMS_OF_TRACKING[room]}
    sources = [path for path in SOURCES if module_of(path).startswith(f"tracking.{room}.")]
    assert sources
    for path in sources:
        inside = {".".join(name.split(".")[:2]) for name in inner(path) if part_of(name) == "tracking"}
        assert inside <= allowed, module_of(path)


def test_every_room_of_tracking_is_known_to_this_test() -> None:
    """A new folder of the MLflow edge gets its place before it is used."""
    folders = {path.parent.name for path in PACKAGE.glob("tracking/*/__init__.py")}
    assert folders == set(ROOMS_OF_TRACKING)


def test_the_second_process_needs_neither_mlflow_nor_a_terminal() -> None:
    """What reads and diagnoses beside a scan imports neither MLflow nor a database toolkit."""
    sources = [path for path in SOURCES if module_of(path).startswith("tracking.coworker")]
    sources += [PACKAGE / "judging.py"]
    sources += [PACKAGE / "tracking" / "reading" / f"{name}.py" for name in ("batches", "sqlite_columns")]
    for path in sources:
        assert outer(path) & (HEAVY - {"pandas"}) == set(), module_of(path)


@pytest.mark.parametrize("name", sorted(DECIDING))
def test_what_a_verification_decides_is_pure(name: str) -> None:
    """Comparison, choice and course of a verification know neither MLflow nor Keras, and no edge."""
    path = PACKAGE / "verifying" / f"{name}.py"
    assert outer(path) & HEAVY == set()
    own = {f"verifying.{one}" for one in DECIDING}
    parts = {one for one in inner(path) if part_of(one) in EDGES}
    assert {".".join(one.split(".")[:2]) for one in parts} <= own


def test_the_report_draws_but_reads_no_store() -> None:
    """The report imports neither MLflow nor TensorFlow: it words and draws a diagnosis."""
    for path in SOURCES:
        if part_of(module_of(path)) == "report":
            assert outer(path) & {"mlflow", "tensorflow", "keras", "sqlalchemy"} == set(), module_of(path)


def room_of(name: str) -> str:
    """Return the room that a dotted name belongs to: its part, or a room inside of it."""
    part, _, rest = name.partition(".")
    inside = rest.split(".", maxsplit=1)[0]
    if part == "tracking" and inside in ROOMS_OF_TRACKING:
        return f"tracking.{inside}"
    if part == "verifying" and inside in DECIDING:
        return "verifying, what it decides"
    return part


def test_rooms_do_not_know_each_other_in_circles() -> None:
    """Following the imports from any room never leads back to it: each can be read after what it needs."""
    known: dict[str, set[str]] = defaultdict(set)
    for path in SOURCES:
        room = room_of(module_of(path))
        known[room] |= {other for name in inner(path) if (other := room_of(name)) != room}
    # CycleError names the rooms of a circle.
    order = list(TopologicalSorter(known).static_order())
    assert order.index("judging") < order.index("columnar") < order.index("tracking")


def test_modules_of_the_core_do_not_import_in_circles() -> None:
    """Following the imports of the core from any module never leads back to it."""
    known = {module_of(path): path for path in CORE_SOURCES}
    edges = {
        module: {target for name in inner(path) if (target := _longest_known(name, set(known))) != module}
        for module, path in known.items()
    }
    done: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, " -> ".join((*trail, module))
        if module in done:
            return
        for target in edges.get(module, set()):
            # A package's __init__ gathers its own modules; they do not import it back.
            visit(target, (*trail, module))
        done.add(module)

    for module in edges:
        visit(module, ())


def _longest_known(name: str, known: set[str]) -> str:
    while name and name not in known:
        name = name.rpartition(".")[0]
    return name


@pytest.mark.parametrize("path", SOURCES, ids=module_of)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    """Each source starts with a docstring that is more than a placeholder."""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert docstring
    assert "TODO" not in docstring
