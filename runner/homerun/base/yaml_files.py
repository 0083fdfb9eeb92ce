"""Reading and writing YAML and JSON, for configurations. The only importer of PyYAML."""

from __future__ import annotations

import os

from homerun.base.errors import UserError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any


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
        raise UserError(f"{path} is no text in UTF-8") from error
    found = parse(content, path)
    if not isinstance(found, dict):
        raise UserError(f"{path} holds no fields: write one `name: value` on each line")
    return found


def parse(content: str, source: str) -> Any:
    """What a text of YAML or JSON says.

    Args:
        source: where it is from, for a message.

    Raises:
        UserError: it is neither.
    """
    if content.lstrip()[:1] == "{":
        import json

        try:
            return json.loads(content)
        except ValueError:
            pass  # YAML has braces too
    yaml = _yaml()
    try:
        return yaml.load(content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it cannot be parsed"
        raise UserError(f"{source} is no valid YAML{where}: {problem}") from error


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
        told = "run configurations need the package PyYAML, which is missing: pip install pyyaml"
        raise UserError(told) from None
    return yaml
