"""The file of settings: changed whole or not at all, and never by guess."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from runstore import layout
from runstore.errors import InvalidSettings
from runstore.queue import settings
from runstore.store import Store


@pytest.fixture
def root(tmp_path: Path) -> str:
    return Store(str(tmp_path / ".runs")).for_writing().root


def written(root: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(root, layout.SETTINGS).read_text())
    return found


def test_what_a_version_does_not_know_stays_as_it_is(root: str) -> None:
    Path(root, layout.SETTINGS).write_text('{"later": {"é": [1]}, "a": 1}')

    settings.change(root, lambda found: found.update(a=2))

    assert written(root) == {"later": {"é": [1]}, "a": 2}
    assert os.stat(f"{root}/{layout.SETTINGS}").st_mode & 0o777 == 0o600
    assert [name for name in os.listdir(root) if name.startswith(layout.NEW)] == []


@pytest.mark.parametrize("text", ["{", "[1]", "", "\xff"])
def test_what_is_no_json_object_is_refused_in_one_line_and_left_as_it_is(
    root: str, text: str
) -> None:
    path = Path(root, layout.SETTINGS)
    path.write_bytes(text.encode("latin-1"))

    with pytest.raises(InvalidSettings, match="holds no settings") as raised:
        settings.change(root, lambda found: found.clear())

    assert "\n" not in str(raised.value)
    assert path.read_bytes() == text.encode("latin-1")


def test_an_edit_that_raises_changes_nothing(root: str) -> None:
    settings.change(root, lambda found: found.update(a=1))

    def edit(found: dict[str, Any]) -> None:
        found["a"] = 2
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - any
        settings.change(root, edit)

    assert written(root) == {"a": 1}


def test_a_link_to_a_file_elsewhere_is_neither_read_nor_written(root: str, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text("{}")
    os.symlink(other, f"{root}/{layout.SETTINGS}")

    with pytest.raises(InvalidSettings, match="it is a link"):
        settings.change(root, lambda found: found.update(a=1))

    assert other.read_text() == "{}"
