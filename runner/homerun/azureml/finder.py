"""The finder that makes `import azureml` ours in this process, whichever package is installed.

Our package lies in a folder beside this one, under its own name, so that it is never loaded under
two names. An import of `homerun.azureml`, a script's PYTHONPATH or an installed `.pth` file leads
to it, and this finder then comes first.
"""

from __future__ import annotations

import os
import sys
from _frozen_importlib_external import PathFinder  # importlib.machinery has it too, and loads more

from homerun.base import environ

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import FrameType, ModuleType

_NAME = "azureml"

_THEIRS = ("azureml.dataprep", "azureml.fsspec", "azureml.rslex")
"""Packages of others below that name, which work without the retired one, where installed."""


def take_over() -> None:
    """Let `import azureml` be ours, unless HOMERUN_AZUREML asks for the retired package.

    Raises:
        UserError: parts of the retired package are loaded already.
    """
    if not environ.azureml_is_ours():
        return
    loaded = sys.modules.get(_NAME)
    if loaded is not None and not _is_ours(getattr(loaded, "__file__", None)):
        _check_unused(loaded)
        del sys.modules[_NAME]
    if not any(isinstance(finder, Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, Finder())


def settle() -> None:
    """Decide which `azureml` is loaded: our package calls this while it is being loaded.

    Raises:
        ModuleNotFoundError: that is the retired package, and it is not installed.
    """
    if not environ.azureml_is_ours():
        _step_aside()
        return
    take_over()
    if _NAME not in sys.modules:  # it belonged to another installation of homerun
        __import__(_NAME)


def _step_aside() -> None:
    """Load the retired package in place of ours, which was found first.

    Raises:
        ModuleNotFoundError: it is not installed.
    """
    from importlib.util import module_from_spec

    others = [folder for folder in sys.path if not _is_ours(f"{folder}/{_NAME}/__init__.py")]
    spec = PathFinder.find_spec(_NAME, others)
    if spec is None:
        told = f"{environ.AZUREML}={environ.REAL} asks for the retired package azureml-core, which "
        raise ModuleNotFoundError(told + "is not installed here", name=_NAME)
    module = sys.modules[_NAME] = module_from_spec(spec)
    if spec.loader is not None:
        spec.loader.exec_module(module)


def _is_ours(path: str | None) -> bool:
    if path is None:
        return False
    return os.path.realpath(path).startswith(os.path.realpath(environ.drop_in()) + os.sep)


def _check_unused(loaded: ModuleType) -> None:
    parts = sorted(name for name in sys.modules if name.startswith(f"{_NAME}."))
    if parts:
        from homerun.base.errors import UserError

        where = getattr(loaded, "__file__", None) or "another place"
        raise UserError(
            f"{parts[0]} is loaded already, from {where}: write `import homerun.azureml` above "
            "the first import of azureml, and start this process again"
        )


def _is_import(asking: FrameType | None) -> bool:
    """Whether an import asks. A mere search, importlib.util.find_spec, gets None instead."""
    return asking is not None and asking.f_code.co_name == "_find_and_load_unlocked"


class Finder:
    """Answers for `azureml` and all below it, before every other finder."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Ours; for a module of the original that has no meaning here: one that says so.

        Raises:
            ModuleNotFoundError: an import (not a mere search) of what is not there at all.
        """
        if name.partition(".")[0] != _NAME:
            return None
        if name == _NAME:
            return PathFinder.find_spec(name, [environ.drop_in()])
        spec = PathFinder.find_spec(name, path)
        if spec is None and name in _THEIRS:
            spec = PathFinder.find_spec(name, [f"{folder}/{_NAME}" for folder in sys.path])
        if spec is None:
            from homerun.azureml import cloud

            spec = cloud.find_spec(name)
        if spec is None and _is_import(sys._getframe(1).f_back):
            raise ModuleNotFoundError(
                f"homerun has no {name}: it brings the parts of azureml.core that runs need; "
                "leave out what uses it, or see docs/azureml-compatibility.md",
                name=name,
            )
        return spec
