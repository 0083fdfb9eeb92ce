"""The classes of the SDK are pages: their methods delegate, and what decides is in rooms below."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from helpers import sources
from helpers.sources import Module

PAGES = {
    "Run": "homerun.sdk.run",
    "Experiment": "homerun.sdk.experiment",
    "Workspace": "homerun.sdk.workspace",
}
MOST_STATEMENTS = 4
DECIDE = (ast.For, ast.While, ast.Try, ast.With)

FACTORIES = {"Run.get_context", "Run.get_submitted_run", "Experiment.from_directory"}
"""The original puts these on a class below what they make: they ask the face for it."""


def sdk() -> list[Module]:
    return [module for module in sources.product() if module.within("homerun.sdk")]


def classes(module: Module) -> Iterator[ast.ClassDef]:
    return (node for node in ast.walk(module.tree) if isinstance(node, ast.ClassDef))


def functions(node: ast.AST) -> Iterator[ast.FunctionDef]:
    return (one for one in ast.iter_child_nodes(node) if isinstance(one, ast.FunctionDef))


def methods() -> Iterator[tuple[str, ast.FunctionDef]]:
    """The methods of the three classes, each by its dotted name."""
    for module in sdk():
        for node in classes(module):
            if PAGES.get(node.name) == module.name:
                for function in functions(node):
                    yield f"{node.name}.{function.name}", function


def statements(function: ast.FunctionDef) -> list[ast.stmt]:
    """What a function does, at any depth, beside its docstring and its imports."""
    return [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.stmt)
        and node is not function
        and not isinstance(node, (ast.Import, ast.ImportFrom))
        and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    ]


def test_the_three_classes_are_where_this_contract_looks_for_them() -> None:
    assert {name.partition(".")[0] for name, _ in methods()} == set(PAGES)


def test_a_method_of_a_page_delegates_in_four_statements_at_most() -> None:
    counted = {name: len(statements(function)) for name, function in methods()}
    assert {name: count for name, count in counted.items() if count > MOST_STATEMENTS} == {}


def test_a_method_of_a_page_has_no_loop_and_catches_nothing() -> None:
    deciding = [
        name
        for name, function in methods()
        if any(isinstance(one, DECIDE) for one in statements(function))
    ]
    assert deciding == []


def test_no_class_of_the_sdk_has_two_bases() -> None:
    broken = [
        f"{module.name}.{node.name}"
        for module in sdk()
        for node in classes(module)
        if len(node.bases) > 1
    ]
    assert broken == []


def test_only_the_three_factories_ask_the_face() -> None:
    asking = set()
    for module in sdk():
        for_types = {
            id(inner)
            for node in ast.walk(module.tree)
            if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
            for inner in ast.walk(node)
        }
        owners = {
            id(inner): f"{node.name}.{function.name}"
            for node in classes(module)
            for function in functions(node)
            for inner in ast.walk(function)
        }
        for node in ast.walk(module.tree):
            if is_of_the_face(node) and id(node) not in for_types:
                asking.add(owners.get(id(node), module.name))
    assert asking == FACTORIES


def is_of_the_face(node: ast.AST) -> bool:
    if isinstance(node, ast.Import):
        return any(alias.name == "homerun" for alias in node.names)
    return isinstance(node, ast.ImportFrom) and node.module == "homerun"
