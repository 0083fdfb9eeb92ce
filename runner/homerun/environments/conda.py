"""The packages that a script needs, in the form of a conda environment file."""

from __future__ import annotations

import copy
import os

from homerun.base.errors import UserError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

FILE = "conda_dependencies.yml"
NAME = "project_environment"
PYTHON = "python"
_PIP = "pip"
_EXTRAS = "["


class CondaDependencies:
    """Packages of conda and of pip, channels, and a version of Python.

    Args:
        conda_dependencies_file_path: a file to take them from; None: there are none yet.

    Raises:
        UserError: the file cannot be read, or is no such file.
    """

    def __init__(self, conda_dependencies_file_path: str | os.PathLike[str] | None = None) -> None:
        said: dict[str, Any] = {"name": NAME, "dependencies": []}
        self._file = ""
        if conda_dependencies_file_path is not None:
            from homerun.base import yaml_files

            path = os.path.expanduser(os.fspath(conda_dependencies_file_path))
            said = yaml_files.read(path)
            _check(said, path)
            self._file = os.path.abspath(path)
        self._said = said

    @classmethod
    def of(cls, said: dict[str, Any], source: str = "conda_dependencies") -> CondaDependencies:
        """The packages that a mapping in the form of such a file names.

        Raises:
            UserError: it is no such mapping.
        """
        _check(said, source)
        made = cls()
        made._said = copy.deepcopy(said)
        return made

    @staticmethod
    def create(
        pip_indexurl: str | None = None,
        pip_packages: Iterable[str] | None = None,
        conda_packages: Iterable[str] | None = None,
        python_version: str | None = None,
        pin_sdk_version: bool = True,
    ) -> CondaDependencies:
        """Packages from lists.

        Args:
            python_version: None: that of the interpreter that submits.
            pin_sdk_version: accepted; the SDK's own packages are never installed.
        """
        made = CondaDependencies()
        if python_version is not None:
            made.set_python_version(python_version)
        for package in _list("conda_packages", conda_packages):
            made.add_conda_package(package)
        if pip_indexurl is not None:
            made.set_pip_index_url(pip_indexurl)
        for package in _list("pip_packages", pip_packages):
            made.add_pip_package(package)
        return made

    @property
    def conda_packages(self) -> list[str]:
        """The packages of conda, the interpreter among them."""
        return [line for line in self._said.get("dependencies") or [] if isinstance(line, str)]

    @property
    def conda_channels(self) -> list[str]:
        """The channels that conda looks in."""
        return [str(channel) for channel in self._said.get("channels") or []]

    @property
    def pip_packages(self) -> list[str]:
        """The packages of pip."""
        return [line for line in self._pip_lines() if not line.startswith("-")]

    @property
    def pip_options(self) -> list[str]:
        """The options of pip, such as `--index-url`."""
        return [line for line in self._pip_lines() if line.startswith("-")]

    @property
    def python_version(self) -> str | None:
        """The version of Python that is asked for, such as `3.8` or `3.8.13`."""
        for line in self.conda_packages:
            if _package(line) == PYTHON:
                return line[len(PYTHON) :].strip("=<>~! ") or None
        return None

    def set_python_version(self, version: str) -> None:
        """Ask for a version of Python."""
        self._put("conda package", f"{PYTHON}={version}", self._conda_lines())

    def add_conda_package(self, conda_package: str) -> None:
        """Add a package of conda; another version of it is replaced."""
        self._put("conda_package", conda_package, self._conda_lines())

    def add_pip_package(self, pip_package: str, pin_sdk_version: bool = True) -> None:
        """Add a package of pip; another version of it is replaced.

        Args:
            pin_sdk_version: accepted; the SDK's own packages are never installed.
        """
        self._put("pip_package", pip_package, self._pip_list())

    def add_channel(self, channel: str) -> None:
        """Add a channel of conda."""
        channels = self._said.setdefault("channels", [])
        if _text("channel", channel) not in channels:
            channels.append(channel)

    def remove_conda_package(self, conda_package: str) -> None:
        """Remove a package of conda, whatever its version; one that is not there is no error."""
        _drop(self._conda_lines(), conda_package)

    def remove_pip_package(self, pip_package: str) -> None:
        """Remove a package of pip, whatever its version; one that is not there is no error."""
        _drop(self._pip_list(), pip_package)

    def remove_channel(self, channel: str) -> None:
        """Remove a channel; one that is not there is no error."""
        self._said["channels"] = [other for other in self.conda_channels if other != channel]

    def set_pip_index_url(self, index_url: str) -> None:
        """Let pip look there for packages."""
        self.set_pip_option(f"--index-url {_text('index_url', index_url)}")

    def set_pip_option(self, pip_option: str) -> None:
        """Give pip an option; another value of the same one is replaced, `--extra-…` are added."""
        name = _text("pip_option", pip_option).split()[0].partition("=")[0]
        lines = self._pip_list()
        if not name.startswith("-"):
            raise UserError(f"pip_option begins with a dash, as --pre, not as {pip_option!r}")
        if not name.startswith("--extra"):
            lines[:] = [line for line in lines if line.split()[0].partition("=")[0] != name]
        if pip_option not in lines:
            lines.append(pip_option)

    def as_dict(self) -> dict[str, Any]:
        """The content of a conda environment file."""
        return copy.deepcopy(self._said)

    def to_dict(self) -> dict[str, Any]:
        """The same, as a part of an environment: with absolute paths."""
        return self._placed(self._folder())

    def serialize_to_string(self) -> str:
        """The text of a conda environment file."""
        from homerun.base import yaml_files

        return yaml_files.dump(self._said)

    def _folder(self) -> str:
        """Where paths in pip's lines begin: at the file that they are from, else here."""
        return os.path.dirname(self._file) or os.getcwd()

    def _placed(self, folder: str) -> dict[str, Any]:
        """The content, with absolute paths in the lines of pip."""
        from homerun.environments import requirements

        said = self.as_dict()
        for part in said.get("dependencies") or []:
            if isinstance(part, dict):
                lines = [str(line).strip() for line in part.get(_PIP) or []]
                part[_PIP] = [requirements.placed(line, folder) for line in lines]
        return said

    def save(self, path: str | os.PathLike[str] | None = None) -> str:
        """Write the file, in another folder with absolute paths; its path.

        Args:
            path: the file, or a folder for `conda_dependencies.yml`; None: the current one.

        Raises:
            UserError: it cannot be written.
        """
        from homerun.base import yaml_files

        wanted = os.path.expanduser(os.fspath(path or "."))
        file = os.path.join(wanted, FILE) if os.path.isdir(wanted) else wanted
        is_at_home = os.path.dirname(os.path.abspath(file)) == self._folder()
        said = self._said if is_at_home else self._placed(self._folder())
        yaml_files.write(file, yaml_files.dump(said))
        return file

    def save_to_file(self, base_directory: str, conda_file_path: str | None = None) -> str:
        """Write the file below a folder; its path relative to that.

        Raises:
            UserError: it cannot be written.
        """
        named = conda_file_path or FILE
        self.save(os.path.join(base_directory, named))
        return named

    def _conda_lines(self) -> list[Any]:
        lines: list[Any] = self._said.setdefault("dependencies", [])
        return lines

    def _pip_list(self) -> list[str]:
        """The list of pip's lines, made if there is none."""
        for part in self._conda_lines():
            if isinstance(part, dict):
                lines: list[str] = part.setdefault(_PIP, [])
                return lines
        self._conda_lines().append({_PIP: []})
        return self._pip_list()

    def _pip_lines(self) -> list[str]:
        parts = [part for part in self._said.get("dependencies") or [] if isinstance(part, dict)]
        return [str(line).strip() for part in parts for line in part.get(_PIP) or []]

    def _put(self, what: str, line: str, lines: list[Any]) -> None:
        wanted = _text(what, line).strip()
        for number, other in enumerate(lines):
            if isinstance(other, str) and package_name(other) == package_name(wanted):
                lines[number] = wanted
                return
        lines.append(wanted)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CondaDependencies) and other._said == self._said

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"CondaDependencies({self._said!r})"


def interpreter_of(name: str) -> str | None:
    """The Python of an environment of conda by its name; None: there is no such environment.

    conda lists the environments that it has made in `~/.conda/environments.txt`; those of the
    installation that is active lie in its `envs/`.
    """
    if not name or "/" in name or "\0" in name:
        return None
    above = {os.path.expanduser("~/.conda/envs")}
    try:
        with open(os.path.expanduser("~/.conda/environments.txt"), encoding="utf-8") as lines:
            known = [line.strip() for line in lines if line.strip()]
    except (OSError, UnicodeDecodeError):
        known = []
    active = os.environ.get("CONDA_PREFIX", "")
    if active:
        above |= {f"{active}/envs", os.path.dirname(active)}
        known.append(active)
    places = [*(one for one in known if os.path.basename(one) == name)]
    places += [f"{folder}/{name}" for folder in sorted(above)]
    pythons = (f"{place}/bin/python" for place in places)
    return next((one for one in pythons if os.access(one, os.X_OK)), None)


def stands_in(wanted: CondaDependencies, file: str) -> None:
    """Let the paths in pip's lines be relative to the folder of a file that holds the packages."""
    wanted._file = os.path.abspath(file)


def lines_of_pip(wanted: CondaDependencies) -> list[str]:
    """The lines of pip as any folder understands them: those of the files that they name, too.

    Raises:
        UserError: a file cannot be read, or a package's folder is not there.
    """
    lines = wanted._pip_lines()
    if not lines:
        return []
    from homerun.environments import requirements  # most runs have no packages of their own

    return requirements.expanded(lines, wanted._folder(), wanted._file or "the environment")


def conda_dependencies(what: str, given: object) -> CondaDependencies:
    """The check of a field: such an object, or a mapping in its form."""
    if isinstance(given, CondaDependencies):
        return given
    if isinstance(given, dict):
        return CondaDependencies.of(given, what)
    raise UserError(f"{what} is a CondaDependencies, not {type(given).__name__}")


def package_name(line: str) -> str:
    """The name that a line of conda or pip asks for, in pip's one spelling; an option as it is."""
    line = line.strip()
    if line.startswith("-"):
        return line
    return _package(line).lower().replace("_", "-").replace(".", "-")


def _package(line: str) -> str:
    """The name at the beginning: what stands before a version, an extra, a marker or an address."""
    plain = line.rpartition("::")[2].strip()
    for number, letter in enumerate(plain):
        if letter in "=<>!~;@ " or letter == _EXTRAS:
            return plain[:number]
    return plain


def _drop(lines: list[Any], package: str) -> None:
    name = package_name(_text("package", package))
    lines[:] = [x for x in lines if not isinstance(x, str) or package_name(x) != name]


def _list(what: str, given: Iterable[str] | None) -> list[str]:
    if isinstance(given, str):
        raise UserError(f"{what} is a list of packages, not a text: write [{given!r}]")
    return list(given or [])


def _text(what: str, given: object) -> str:
    if not isinstance(given, str) or not given.strip():
        raise UserError(f"{what} is a text, not {given!r}")
    return given


def _check(said: dict[str, Any], source: str) -> None:
    parts = said.get("dependencies") or []
    lists = (parts, said.get("channels") or [])
    if not all(isinstance(one, list) for one in lists):
        raise UserError(f"{source} is not a conda file: `dependencies` and `channels` are lists")
    for part in parts:
        is_pip = isinstance(part, dict) and list(part) == [_PIP]
        if not isinstance(part, str) and not (is_pip and isinstance(part[_PIP] or [], list)):
            raise UserError(f"{source}: {part!r} is neither a package nor a list `pip:`")
