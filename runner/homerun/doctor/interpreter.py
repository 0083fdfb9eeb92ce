"""The Python that runs homerun, and the packages in it."""

from __future__ import annotations

import os
import sys
import tempfile
from importlib import metadata
from importlib.util import find_spec

from homerun.base import environ
from homerun.base.installed import __version__, line_for_extra, line_that_installs
from homerun.doctor.diagnosis import BROKEN, MISSING, OK, WARN, Diagnosis, judged
from homerun.system import caches

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

AREA = "python"
OLDEST = (3, 10)

_NEEDED = ("click", "filelock", "jmespath", "yaml")
_OF_STUDIO = ("starlette", "uvicorn", "watchdog")
_FRAMEWORKS = ("torch", "tensorflow", "jax", "sklearn")
_SERVES = "until then a temporary folder serves"
_PACKAGES = {"yaml": "pyyaml", "sklearn": "scikit-learn"}
"""The names under which those are installed whose modules have others."""


def look() -> Iterator[Diagnosis]:
    """The interpreter, homerun itself, what it needs, and what scripts often use."""
    version = ".".join(map(str, sys.version_info[:3]))
    advice = f"install Python {'.'.join(map(str, OLDEST))} or newer, and homerun in it"
    yield judged(
        AREA, "python", sys.version_info >= OLDEST, f"{version} {sys.executable}", advice, BROKEN
    )
    yield Diagnosis(AREA, "homerun", OK, f"{__version__} {os.path.dirname(_here())}")
    yield _path()
    yield from (_package(name) for name in _NEEDED)
    yield _studio()
    yield _framework()
    yield _cache()


def is_there(module: str) -> bool:
    """Whether a module could be imported; it is not."""
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def version_of(module: str) -> str:
    """The version of an installed package; "" where its files do not tell."""
    try:
        return metadata.version(_PACKAGES.get(module, module))
    except metadata.PackageNotFoundError:
        return ""


def _here() -> str:
    return os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def _path() -> Diagnosis:
    """Whether scripts can be given our packages: PYTHONPATH separates by colons."""
    places = environ.cache_home(), tempfile.gettempdir()
    has_place = any(os.pathsep not in place for place in places)
    advice = f"set XDG_CACHE_HOME to a path without a '{os.pathsep}'"
    value = "scripts find homerun with nothing installed" if has_place else places[0]
    return judged(AREA, "PYTHONPATH", has_place, value, advice, BROKEN)


def _package(module: str) -> Diagnosis:
    name = _PACKAGES.get(module, module)
    advice = f"run `{line_that_installs(name)}`"
    found = is_there(module)
    return judged(AREA, name, found, version_of(module) if found else "no", advice, BROKEN)


def _studio() -> Diagnosis:
    missing = [name for name in ("homerun.studio", *_OF_STUDIO) if not is_there(name)]
    pages = os.path.join(_here(), "studio", "assets")
    if not missing and not os.path.exists(os.path.join(pages, "index.html")):
        return Diagnosis(AREA, "studio", WARN, f"its pages are not in {pages}", _for_pages())
    if not missing:
        return Diagnosis(AREA, "studio", OK, "its packages and pages are there")
    advice = f"run `{line_for_extra('studio')}` to see runs in a browser"
    return Diagnosis(AREA, "studio", MISSING, f"without {', '.join(missing)}", advice)


def _for_pages() -> str:
    source = os.path.dirname(os.path.dirname(_here()))
    if os.path.exists(os.path.join(source, "Makefile")):
        return f"run `make studio` in {source}"
    return (
        "run `make studio` in the source of homerun, and install it again "
        "(homerun help troubleshooting pages)"
    )


def _framework() -> Diagnosis:
    found = [f"{name} {version_of(name)}".strip() for name in _FRAMEWORKS if is_there(name)]
    if found:
        return Diagnosis(AREA, "frameworks", OK, ", ".join(found))
    advice = "nothing to do, unless scripts that this interpreter runs need torch or the like"
    return Diagnosis(AREA, "frameworks", MISSING, "no torch, tensorflow, jax or sklearn", advice)


def _cache() -> Diagnosis:
    folder = environ.cache_home()
    existing = folder
    while not os.path.exists(existing):
        existing = os.path.dirname(existing)
    advice = f"make {existing} writable, or set XDG_CACHE_HOME; {_SERVES}"
    if wrong := caches.flaw(f"{folder}/homerun"):
        return Diagnosis(
            AREA, "cache", WARN, f"{folder}: {wrong}", f"let only you write there; {_SERVES}"
        )
    return judged(AREA, "cache", os.access(existing, os.W_OK | os.X_OK), folder, advice, WARN)
