"""The Python that runs homerun, and the packages in it."""

from __future__ import annotations

import os
import sys
import tempfile

from homerun.base import environ
from homerun.base.version import __version__
from homerun.doctor.finding import BROKEN, MISSING, OK, WARN, Finding, judged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

AREA = "python"
OLDEST = (3, 10)

_NEEDED = ("click", "filelock", "jmespath", "yaml")
_OF_STUDIO = ("starlette", "uvicorn", "watchdog")
_FRAMEWORKS = ("torch", "tensorflow", "jax", "sklearn")
_PACKAGES = {"yaml": "pyyaml", "sklearn": "scikit-learn"}
"""The names under which those are installed whose modules have others."""


def look() -> Iterator[Finding]:
    """The interpreter, homerun itself, what it needs, and what scripts often use."""
    version = ".".join(map(str, sys.version_info[:3]))
    advice = f"install Python {'.'.join(map(str, OLDEST))} or newer, and homerun in it"
    yield judged(
        AREA, "python", sys.version_info >= OLDEST, f"{version} {sys.executable}", advice, BROKEN
    )
    yield Finding(AREA, "homerun", OK, f"{__version__} {os.path.dirname(_here())}")
    yield _path()
    yield from (_package(name) for name in _NEEDED)
    yield _studio()
    yield _framework()
    yield _cache()


def is_there(module: str) -> bool:
    """Whether a module could be imported; it is not."""
    from importlib.util import find_spec

    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def version_of(module: str) -> str:
    """The version of an installed package; "" where its files do not tell."""
    from importlib import metadata

    try:
        return metadata.version(_PACKAGES.get(module, module))
    except metadata.PackageNotFoundError:
        return ""


def _here() -> str:
    return os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def _path() -> Finding:
    """Whether scripts can be given our packages: PYTHONPATH separates by colons."""
    places = environ.cache_home(), tempfile.gettempdir()
    has_place = any(os.pathsep not in place for place in places)
    advice = f"set XDG_CACHE_HOME to a path without a '{os.pathsep}'"
    value = "scripts find homerun with nothing installed" if has_place else places[0]
    return judged(AREA, "PYTHONPATH", has_place, value, advice, BROKEN)


def _package(module: str) -> Finding:
    name = _PACKAGES.get(module, module)
    advice = f"run `{sys.executable} -m pip install {name}`"
    found = is_there(module)
    return judged(AREA, name, found, version_of(module) if found else "no", advice, BROKEN)


def _studio() -> Finding:
    missing = [name for name in ("homerun.studio", *_OF_STUDIO) if not is_there(name)]
    pages = os.path.join(_here(), "studio", "assets")
    if not missing and not os.path.exists(os.path.join(pages, "index.html")):
        advice = "install homerun from a wheel, which holds them"
        return Finding(AREA, "studio", WARN, f"its pages are not in {pages}", advice)
    if not missing:
        return Finding(AREA, "studio", OK, "its packages and pages are there")
    advice = f"run `{sys.executable} -m pip install 'homerun[studio]'` to see runs in a browser"
    return Finding(AREA, "studio", MISSING, f"without {', '.join(missing)}", advice)


def _framework() -> Finding:
    found = [f"{name} {version_of(name)}".strip() for name in _FRAMEWORKS if is_there(name)]
    if found:
        return Finding(AREA, "frameworks", OK, ", ".join(found))
    advice = "nothing to do, unless scripts that this interpreter runs need torch or the like"
    return Finding(AREA, "frameworks", MISSING, "no torch, tensorflow, jax or sklearn", advice)


def _cache() -> Finding:
    folder = environ.cache_home()
    existing = folder
    while not os.path.exists(existing):
        existing = os.path.dirname(existing)
    advice = (
        f"make {existing} writable, or set XDG_CACHE_HOME; until then a temporary folder serves"
    )
    return judged(AREA, "cache", os.access(existing, os.W_OK | os.X_OK), folder, advice, WARN)
