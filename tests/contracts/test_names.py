"""Names: a string that names one of our modules resolves, and one name means one thing.

A rename of a module is seen by every import, but by no string. So each string that names a module,
or what it holds, is looked up here.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator

import pytest
import tomllib

from contracts.test_house import room_of
from helpers import sources
from helpers.sources import ROOT, Module
from homerun.azureml import cloud
from homerun.cli import command_table
from homerun.cli.command import Command

OUR_NAME = re.compile(r"(?<![\w./-])(?:homerun|runstore)(?:\.\w+)+")
"""A dotted name, alone or inside a text such as a line of code; not the end of a path."""

NO_MODULES = {"homerun.resubmitted_from", "homerun.toml", "runstore.root"}
"""A property of runs, the file of a project, and a room that is still to be built."""

SPAWNS = {"children.python"}
"""What starts a module of ours as a program: it calls the `main` of the module that is named."""

MODULES = {module.name: module for module in sources.product()}

SHARED_TODAY: set[str] = {
    *("add", "address", "again", "below"),
    *("bring_up_to_date", "build", "cancel", "capture", "changed_originals", "check_name"),
    *("check_path", "children", "chosen", "collect", "command", "count", "decode", "delete"),
    *("details", "document", "dumps", "entries", "error", "experiments", "fail", "fields"),
    *("file", "files", "find", "folder", "forget", "get", "holds", "home", "join", "label"),
    *("latest", "listed", "load", "look", "make_folder", "name", "names", "number"),
    *("opened", "page", "parse", "path_of", "place", "plain", "preview"),
    *("publish", "python", "read", "remove", "remove_unfinished", "restore", "run", "runs"),
    *("scalar", "scan", "search", "series", "settle", "stamp", "start", "step", "submit"),
    *("survey", "sweep", "take", "taken", "target", "text", "unix", "values", "words", "write"),
}
"""Public functions whose name several rooms use, such as `facts.read` and `labels.read`: the caller
names the module. It may only shrink. No class is among them."""


def holds(module: Module) -> set[str]:
    """The names that a module binds at its top level, those that it loads lazily included."""
    found = {"__file__", *lazily(module)}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.alias):
            found.add((node.asname or node.name).partition(".")[0])
    for node in module.tree.body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            found.add(node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            bound = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {n.id for one in bound for n in ast.walk(one) if isinstance(n, ast.Name)}
    return found


def lazily(module: Module) -> dict[str, object]:
    """The `_HOMES` of a face: each public name with the module that holds it."""
    for node in module.tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "_HOMES":
            value = ast.literal_eval(node.value)
            return value if isinstance(value, dict) else {}
    return {}


def is_ours(name: str) -> bool:
    """Whether a dotted name is one of our modules, or something that one of them holds."""
    home, _, held = name.rpartition(".")
    return name in MODULES or (home in MODULES and held in holds(MODULES[home]))


def test_a_string_that_names_a_module_of_ours_resolves() -> None:
    modules = [*sources.product(), *sources.tests()]
    broken = [
        module.at(node, repr(name))
        for module in modules
        for text, node in sources.strings(module)
        for name in OUR_NAME.findall(text)
        if name not in NO_MODULES and not is_ours(name)
    ]
    assert broken == []


@pytest.mark.parametrize("face", [name for name in MODULES if lazily(MODULES[name])])
def test_the_homes_of_public_names_hold_them(face: str) -> None:
    broken = []
    for name, home in lazily(MODULES[face]).items():
        module, held = home if isinstance(home, tuple) else (f"{face}.{home}", name)
        if not is_ours(f"{module}.{held}") and not face.startswith("azureml"):
            broken.append(f"{name}: {module} has no {held}")
        if module not in MODULES and module not in cloud.MODULES:
            broken.append(f"{name}: there is no {module}")
    assert broken == []


@pytest.mark.parametrize("path", command_table.COMMANDS)
def test_each_place_of_the_command_table_holds_the_command_of_that_name(path: str) -> None:
    module, function = command_table.COMMANDS[path]
    assert f"homerun.cli.{module}" in MODULES

    found = command_table.command(path.split())
    assert isinstance(found, Command)
    assert found.name == path.split()[-1]
    assert function in holds(MODULES[f"homerun.cli.{module}"])


def test_what_is_started_as_a_program_has_a_main() -> None:
    started = [*programs()]
    broken = [
        at
        for at, name in started
        if name not in MODULES or not {"main"} <= holds(MODULES.get(name, MODULES["homerun"]))
    ]
    assert len(started) >= 5
    assert broken == []


def programs() -> Iterator[tuple[str, str]]:
    """The modules that are given to `SPAWNS`, each with where that is."""
    for module in sources.product():
        constants = {
            ast.unparse(target): node.value
            for node in module.tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
        }
        for name, call in sources.calls(module):
            if name in SPAWNS:
                given = constants.get(ast.unparse(call.args[0]), call.args[0])
                yield module.at(call, ast.unparse(given)), f"homerun.{ast.literal_eval(given)}"


def test_the_project_file_names_what_is_there() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    places = [entry.replace(":", ".") for entry in project["project"]["scripts"].values()]
    hatch = project["tool"]["hatch"]
    hooks = hatch["build"]["targets"]["wheel"]["hooks"]

    assert [place for place in places if not is_ours(place)] == []
    assert (ROOT / hatch["version"]["path"]).is_file()
    assert (ROOT / hooks["custom"]["path"]).is_file()


def shared() -> dict[str, set[str]]:
    """Each public class or function whose name several rooms use, with those rooms."""
    rooms = defaultdict(set)
    for module in sources.product():
        room = room_of(module.name)
        if room is None or module.within("azureml"):
            continue  # the drop-in repeats the original's names, and ours, as it has to
        for node in module.tree.body:
            if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and is_public(module, node):
                rooms[node.name].add(room[1])
    return {name: where for name, where in rooms.items() if len(where) > 1}


def is_public(module: Module, node: ast.ClassDef | ast.FunctionDef) -> bool:
    """Neither private, nor a program's `main`, nor a command, which is named by its words."""
    if node.name.startswith("_") or node.name == "main":
        return False
    is_command = any(ast.unparse(one).startswith("command(") for one in node.decorator_list)
    return not (is_command and module.within("homerun.cli.commands"))


def test_no_two_rooms_share_the_name_of_a_class_or_function() -> None:
    grown = {name: where for name, where in shared().items() if name not in SHARED_TODAY}
    assert grown == {}
