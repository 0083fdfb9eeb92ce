"""Reading and writing YAML and JSON, for configurations. The only importer of PyYAML."""

from __future__ import annotations

import os

from homerun.base.errors import UserError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

_MOST_CHARACTERS = 512 << 10
_MOST_WORDS = "512 KiB"
_MOST_LEVELS = 100
_MOST_VALUES = 100_000


def read(path: str) -> dict[str, Any]:
    """The mapping that a file holds: YAML, or JSON.

    Raises:
        UserError: it cannot be read, or holds something else.
    """
    try:
        with open(path, encoding="utf-8-sig") as file:
            content = file.read()
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not text in UTF-8") from error
    found = parse(content, path)
    if not isinstance(found, dict):
        raise UserError(f"{path} holds no fields: write one `name: value` on each line")
    return found


def parse(content: str, source: str) -> Any:
    """What a text of YAML or JSON says.

    Args:
        source: where it is from, for a message.

    Raises:
        UserError: it is neither, or too large or too deep for a configuration.
    """
    if len(content) > _MOST_CHARACTERS:
        raise UserError(f"{source} is too large: a configuration has at most {_MOST_WORDS}")
    try:
        found = _parsed(content, source)
        _check(found, 0, {})
    except RecursionError:
        raise UserError(f"{source} is nested too deep: write it with fewer levels") from None
    except ValueError as error:
        raise UserError(f"{source} has a value that is not valid: {error}") from error
    return found


def _parsed(content: str, source: str) -> Any:
    if content.lstrip()[:1] == "{":
        import json

        try:
            return json.loads(content)
        except json.JSONDecodeError:
            pass  # YAML has braces too
    yaml = _yaml()
    try:
        return yaml.load(content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it cannot be parsed"
        raise UserError(f"{source} is not valid YAML{where}: {problem}") from error


def _check(value: Any, depth: int, known: dict[int, int]) -> int:
    """How many values there are, those that an alias stands for counted each time.

    Raises:
        ValueError, RecursionError: too many, too deep, in itself, or a text that no file can hold.
    """
    if isinstance(value, str):
        _check_text(value)
        return 1
    if not isinstance(value, (dict, list)):
        return 1
    if depth > _MOST_LEVELS:
        raise RecursionError
    if id(value) not in known:
        parts = [*value, *value.values()] if isinstance(value, dict) else value
        known[id(value)] = 1 + sum(_check(one, depth + 1, known) for one in parts)
    if known[id(value)] > _MOST_VALUES:
        raise ValueError(f"its aliases stand for more than {_MOST_VALUES} values")
    return known[id(value)]


def _check_text(text: str) -> None:
    if "\0" in text:
        raise ValueError("a text holds NUL")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("a text holds half a character") from None


def dump(said: Any) -> str:
    """A mapping, or another plain value, as YAML, in its order; control characters are escaped."""
    yaml = _yaml()

    class Dumper(yaml.SafeDumper):  # type: ignore[misc, name-defined]  # loaded when needed
        def analyze_scalar(self, scalar: str) -> Any:
            found = super().analyze_scalar(scalar)
            if not _is_plain(scalar):
                found.allow_flow_plain = found.allow_block_plain = False
                found.allow_single_quoted = found.allow_block = False
            return found

        def write_double_quoted(self, text: str, split: bool = True) -> None:
            self.allow_unicode = _is_plain(text)
            super().write_double_quoted(text, split)
            self.allow_unicode = True

    options = {"sort_keys": False, "default_flow_style": False, "allow_unicode": True}
    return str(yaml.dump(said, Dumper=Dumper, **options))


def _is_plain(text: str) -> bool:
    return text.translate({10: None, 9: None}).isprintable()


def write(path: str, content: str) -> None:
    """Write a text file whole: another file of that name stays until this one is complete.

    Raises:
        UserError: it cannot be written.
    """
    new = f"{path}.{os.getpid()}.new"
    try:
        with open(new, "w", encoding="utf-8") as file:
            file.write(content)
        os.replace(new, path)
    except OSError as error:
        if os.path.exists(new):
            os.unlink(new)
        raise UserError(f"{path} cannot be written ({error.strerror})") from error


def _yaml() -> ModuleType:
    try:
        import yaml
    except ImportError:
        from homerun.base import installed

        line = installed.line_that_installs("pyyaml")
        told = f"run configurations need the package PyYAML, which is missing: {line}"
        raise UserError(told) from None
    return yaml
