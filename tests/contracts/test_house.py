"""The house: rooms in one order, arrows that go down, no circle, short folders, plain `__init__`s.

A list named `..._TODAY` holds what breaks a rule now. It is a ratchet: a new break fails.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from helpers import sources
from helpers.sources import ROOT, Import, Module

ORDER = {
    "homerun": (
        ("homerun.base",),
        ("homerun.system",),
        (
            *("homerun.metrics", "homerun.snapshots", "homerun.environments", "homerun.targets"),
            *("homerun.notify", "homerun.assets"),
        ),
        ("homerun.config", "homerun.doctor", "homerun.manual"),
        ("homerun.runs",),
        ("homerun.files", "homerun.supervisor"),
        ("homerun.views",),
        ("homerun.project",),
        ("homerun.sdk",),
        ("homerun.azureml", "homerun.mlflow", "homerun.studio"),
        ("homerun.cli",),
        ("homerun.__main__", "homerun"),
    ),
    "runstore": (
        ("runstore.layout", "runstore.errors"),
        ("runstore.status", "runstore.names"),
        ("runstore.fs",),
        ("runstore.root",),
        ("runstore.run",),
        ("runstore.store",),
        ("runstore.draft",),
        ("runstore.metrics", "runstore.queue"),
        ("runstore.look",),
        ("runstore.index", "runstore.upkeep"),
        ("runstore.__main__", "runstore"),
    ),
}
"""Each package's rooms from the ground up. A room uses itself and what lies below it."""

COMPOSITION = {
    "homerun.sdk.run": "Run.get_context, Run.get_submitted_run",
    "homerun.sdk.experiment": "Experiment.from_directory",
}
"""Factories that the original puts on a lower class ask the face for the class above them."""

SDK_CLASSES = {"Run", "Workspace", "Experiment", "ScriptRun"}
ABOVE = (
    *("homerun.sdk", "homerun.azureml", "homerun.mlflow", "homerun.studio", "homerun.cli"),
    "azureml",
)
FACES = {"homerun", "runstore", "homerun.cli", "homerun.azureml", "azureml", "sitecustomize"}
"""The `__init__`s that hold more than a docstring: two faces, two entries, the drop-in, and what
a Python of a run begins with."""

MOST_ENTRIES = 16
NOT_OURS = ("node_modules", "__pycache__", "runner/homerun/studio/assets")
"""What tools have made: packages, bytecode, the pages as they were built."""
MOST_ON_TOP = {"runner/homerun": 23}


def room_of(name: str) -> tuple[str, str, int] | None:
    """The package, the room and the floor of a module; None: it is not of the product."""
    if name.split(".")[0] == "azureml":  # the drop-in
        name = f"homerun.{name}"
    if name == "sitecustomize":
        name = f"homerun.environments.{name}"
    package = name.split(".")[0]
    best = None
    for floor, rooms in enumerate(ORDER.get(package, ())):
        for room in rooms:
            if name == room or (room not in ORDER and name.startswith(room + ".")):
                best = package, room, floor
    return best


def arrows() -> Iterator[tuple[Module, Import]]:
    """Every import of one of our modules by another, at load, inside functions, and for types."""
    known = {module.name for module in sources.product()}
    for module in sources.product():
        for found in sources.imports(module):
            if found.module in known and found.module != module.name:
                yield module, found


def goes_up(module: Module, found: Import) -> bool:
    here, there = room_of(module.name), room_of(found.module)
    assert here is not None, f"{module.name} is in no room of ORDER"
    assert there is not None, f"{found.module} is in no room of ORDER"
    if module.name in COMPOSITION and found.module == "homerun":
        return False
    if module.within("homerun.sdk") and found.for_types and found.module == "homerun":
        return False  # a signature may name a sibling class by its public name
    if here[0] != there[0]:
        return here[0] == "runstore"
    return here[1] != there[1] and here[2] <= there[2]


def edge(module: Module, found: Import) -> str:
    return f"{module.name} -> {found.module}"


def test_arrows_go_down() -> None:
    assert {edge(m, i) for m, i in arrows() if goes_up(m, i)} == set()


def test_no_circle() -> None:
    graph: dict[str, set[str]] = {module.name: set() for module in sources.product()}
    for module, found in arrows():
        if found.for_types and module.within("homerun.sdk") and found.module == "homerun":
            continue
        if module.name in COMPOSITION and found.module == "homerun":
            continue
        graph[module.name].add(found.module)
    assert circles(graph) == []


def test_below_the_sdk_nothing_names_its_classes() -> None:
    found = {
        f"{module.name} imports {alias.name}"
        for module in sources.product()
        if not module.within(*ABOVE) and module.name not in FACES
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name in SDK_CLASSES
    }
    assert found == set()


def test_the_supervisor_is_a_program_that_nothing_imports() -> None:
    into = [
        edge(module, found)
        for module, found in arrows()
        if found.module.startswith("homerun.supervisor") and not module.within("homerun.supervisor")
    ]
    assert into == []


@pytest.mark.parametrize("root", ["runner/homerun", "store/runstore"])
def test_folders_stay_short(root: str) -> None:
    long = set()
    for folder in [ROOT / root, *(ROOT / root).rglob("*/")]:
        name = str(folder.relative_to(ROOT))
        if not folder.is_dir() or any(one in name for one in NOT_OURS):
            continue
        entries = [e.name for e in folder.iterdir() if e.name not in ("__pycache__", "py.typed")]
        if len(entries) > MOST_ON_TOP.get(name, MOST_ENTRIES):
            long.add(name)
    assert long == set()


def test_every_init_is_a_docstring() -> None:
    full = {
        module.name
        for module in sources.product()
        if module.path.name == "__init__.py"
        and module.name not in FACES
        and not module.within("azureml")
        and not (len(module.tree.body) == 1 and ast.get_docstring(module.tree))
    }
    assert full == set()


def circles(graph: dict[str, set[str]]) -> list[set[str]]:
    """The strongly connected parts of more than one module, by Tarjan's algorithm."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[set[str]] = []

    def visit(start: str) -> None:
        work = [(start, iter(sorted(graph[start])))]
        index[start] = low[start] = len(index)
        stack.append(start)
        while work:
            node, rest = work[-1]
            for target in rest:
                if target not in index:
                    index[target] = low[target] = len(index)
                    stack.append(target)
                    work.append((target, iter(sorted(graph[target]))))
                    break
                if target in stack:
                    low[node] = min(low[node], index[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    at = stack.index(node)
                    part = set(stack[at:])
                    del stack[at:]
                    if len(part) > 1:
                        found.append(part)

    for name in graph:
        if name not in index:
            visit(name)
    return found
