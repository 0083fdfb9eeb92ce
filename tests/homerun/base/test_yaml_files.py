"""Configurations of others: what is hostile in them is one sentence."""

from __future__ import annotations

import pytest

from homerun.base import yaml_files
from homerun.base.errors import UserError

BOMB = "a0: &a0 [x]\n" + "".join(
    f"a{at + 1}: &a{at + 1} [{', '.join([f'*a{at}'] * 10)}]\n" for at in range(9)
)
HOSTILE = {
    "deep JSON": ('{"a":' * 100_000, "nested too deep"),
    "JSON as deep as Python can": ('{"a":' * 900 + "1" + "}" * 900, "nested too deep"),
    "deep YAML": ("a: " + "[" * 900 + "]" * 900, "nested too deep"),
    "deeper YAML": ("[" * 100_000, "not valid YAML"),
    "a value in itself": ("a: &a [*a]\n", "nested too deep"),
    "an alias bomb": (BOMB, "aliases stand for more than"),
    "a number of many digits": ("a: " + "9" * 10_000, "not valid"),
    "the same in JSON": ('{"a": ' + "9" * 10_000 + "}", "not valid"),
    "a day that is none": ("a: 2026-13-40\n", "not valid"),
    "NUL": ('a: "\\0"\n', "holds NUL"),
    "NUL in a key": ('"\\0": 1\n', "holds NUL"),
    "half a character": ('{"a": ["\\ud800"]}', "half a character"),
    "a Python object": ("a: !!python/object/apply:os.system [id]\n", "not valid YAML"),
    "very much": ("a: " + "x" * (1 << 20), "too large"),
    "many anchors": ("".join(f"k{at}: &a{at} 1\n" for at in range(50_000)), "too large"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_is_refused_in_one_sentence(name: str) -> None:
    text, reason = HOSTILE[name]
    with pytest.raises(UserError, match=reason) as caught:
        yaml_files.parse(text, "job.yml")
    assert str(caught.value).startswith("job.yml ")
    assert "\n" not in str(caught.value)


def test_aliases_that_stand_for_little_are_as_ever() -> None:
    found = yaml_files.parse("a: &a {x: [1, 2]}\nb: *a\nc: {<<: *a, y: 1}\n", "job.yml")
    assert found == {"a": {"x": [1, 2]}, "b": {"x": [1, 2]}, "c": {"x": [1, 2], "y": 1}}
