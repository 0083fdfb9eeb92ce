"""The product's source as syntax trees, and the questions that the layer rules ask of it.

Each question returns what breaks the rule, as `file:line what`, so that a test is one assertion
that an empty list is empty and its failure is a list of places to go to.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
DROP_IN = ROOT / "runner/homerun/azureml/drop-in"
START_UP = ROOT / "runner/homerun/environments/start-up"
SOURCE_ROOTS = (ROOT / "store", ROOT / "runner", DROP_IN)
ALL_ROOTS = (*SOURCE_ROOTS, START_UP)
OWN_NAMES = (DROP_IN, START_UP)
"""Folders within `homerun` whose packages are known by their own names only."""
OLDEST = (3, 9)

FACES = ("homerun.cli", "homerun.studio")
"""What stands above the SDK, for people to use."""

PLUG_INS = ("homerun.mlflow",)
"""What a third-party package alone loads, and is loaded with."""

THIRD_PARTY: dict[str, str | tuple[str, ...]] = {
    "click": "homerun.cli",
    "filelock": "runstore.fs.maintenance_lock",
    "jmespath": "homerun.cli.output.query",
    "ipykernel": "homerun.environments.notebook",
    "jupyter_client": "homerun.environments.notebook",
    "nbclient": "homerun.environments.notebook",
    "nbformat": "homerun.environments.notebook",
    "matplotlib": "homerun.metrics.figure",
    "mlflow": "homerun.mlflow",
    "psutil": ("homerun.system.portable", "runstore.run.identity"),
    "pynvml": "homerun.system.gpus.nvml",  # of nvidia-ml-py
    "anyio": "homerun.studio",
    "rich": "homerun.cli.top",  # on which Textual draws
    "starlette": "homerun.studio",
    "textual": "homerun.cli.top",
    "tomli": "homerun.project.file",
    "typing_extensions": "homerun.config.script_run_config",  # for the type checker only
    "uvicorn": "homerun.studio",
    "watchdog": "homerun.system.folder_watch",
    "yaml": "homerun.base.yaml_files",
}
"""Each package with the one module or package that imports it; of two layers, one each."""

Node = ast.AST

_found: dict[Path, list[Import]] = {}
"""The imports of each module that was asked for: a tree is walked once."""


class Module(NamedTuple):
    """One module of the product, or of the tests."""

    name: str
    path: Path
    tree: ast.Module

    def within(self, *packages: str) -> bool:
        """Is it one of these, or below one of them?"""
        return any(self.name == p or self.name.startswith(p + ".") for p in packages)

    def at(self, node: Node, what: str) -> str:
        """A place to go to."""
        return f"{self.path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)} {what}"


class Import(NamedTuple):
    """One imported module, by its absolute name."""

    module: str
    node: ast.stmt
    at_load: bool  # executed when the importing module is loaded
    for_types: bool  # under `if TYPE_CHECKING`

    @property
    def package(self) -> str:
        return self.module.partition(".")[0]


@cache
def product() -> tuple[Module, ...]:
    """Every module of both packages."""
    return tuple(module for root in ALL_ROOTS for module in _modules(root, root))


@cache
def tests() -> tuple[Module, ...]:
    """Every module of the tests."""
    return tuple(_modules(ROOT / "tests", ROOT))


def imports(module: Module) -> list[Import]:
    """Every import, at whatever depth; `from a import b` counts as `a.b` if that is a module."""
    if module.path not in _found:
        found = (i for stmt in module.tree.body for i in _imports(module, stmt, True, False))
        _found[module.path] = list(found)
    return _found[module.path]


def strings(module: Module) -> Iterator[tuple[str, ast.Constant]]:
    """Every string in the code; docstrings, and strings that stand alone as such, excepted."""
    alone = {id(n.value) for n in ast.walk(module.tree) if isinstance(n, ast.Expr)}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone:
            yield node.value, node


def calls(module: Module) -> Iterator[tuple[str, ast.Call]]:
    """Every call with the dotted name of what is called; what has no name is called ``."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            yield dotted(node.func), node


def dotted(node: Node) -> str:
    """`a.b.c` as it is written; for an attribute of anything else, `.c`."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return ""


def constants(name: str) -> set[str]:
    """The strings that a module binds at its top level, inside tuples too."""
    (module,) = (m for m in product() if m.name == name)
    bound = [n.value for n in module.tree.body if isinstance(n, ast.Assign)]
    nodes = (node for value in bound for node in ast.walk(value))
    return {n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)}


def broken_imports(modules: Iterable[Module], wrong: Callable[[Module, Import], bool]) -> list[str]:
    """The imports that a rule calls wrong."""
    return [m.at(i.node, f"imports {i.module}") for m in modules for i in imports(m) if wrong(m, i)]


def _modules(folder: Path, root: Path) -> Iterator[Module]:
    for path in sorted(folder.rglob("*.py")):
        if _has_own_name(path, root):
            continue
        parts = path.relative_to(root).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        text = path.read_text(encoding="utf-8")
        yield Module(name, path, ast.parse(text, str(path), feature_version=OLDEST))


def _has_own_name(path: Path, root: Path) -> bool:
    return any(own in path.parents and root != own for own in OWN_NAMES)


@cache
def _known() -> frozenset[str]:
    """The names of all modules, without parsing them."""
    found = set()
    for root in ALL_ROOTS:
        for path in root.rglob("*.py"):
            if _has_own_name(path, root):
                continue
            parts = path.relative_to(root).with_suffix("").parts
            found.add(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return frozenset(found)


def _imports(module: Module, node: Node, at_load: bool, for_types: bool) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield Import(alias.name, node, at_load, for_types)
    elif isinstance(node, ast.ImportFrom):
        for name in _targets(module, node):
            yield Import(name, node, at_load, for_types)
    else:
        at_load = at_load and not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        typed = isinstance(node, ast.If) and dotted(node.test).endswith("TYPE_CHECKING")
        for child in ast.iter_child_nodes(node):
            yield from _imports(module, child, at_load, for_types or typed)


def _targets(module: Module, node: ast.ImportFrom) -> list[str]:
    base = node.module or ""
    if node.level:
        package = module.name.split(".")
        package = package if module.path.name == "__init__.py" else package[:-1]
        base = ".".join([*package[: len(package) - node.level + 1], *filter(None, [node.module])])
    full = [f"{base}.{alias.name}" for alias in node.names]
    return sorted({name if name in _known() else base for name in full})
