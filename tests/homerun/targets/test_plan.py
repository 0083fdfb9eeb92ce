"""A plan: what a supervisor is told arrives as it was given."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homerun.targets.plan import Plan, decode, read

FIELDS = Plan.__slots__

# What an argument or a variable can hold: any bytes but NUL, undecodable ones as surrogates.
given_bytes = st.binary(max_size=20).map(lambda data: data.replace(b"\0", b""))
texts = given_bytes.map(os.fsdecode)
names = given_bytes.map(lambda data: os.fsdecode(b"N" + data.replace(b"=", b"")))


def plan(**fields: object) -> Plan:
    given = {
        "mark": "0f" * 16,
        "store_id": "0123",
        "user": "ada",
        "shown": "python train.py",
        "cwd": "work",
        "argv": ["/usr/bin/python", "train.py"],
        "env": {"A": "1"},
        "ladder": [(15, 10.0)],
    }
    return Plan(**{**given, **fields})  # type: ignore[arg-type]


def fields(of: Plan) -> dict[str, object]:
    return {name: getattr(of, name) for name in FIELDS}


def test_every_field_comes_back() -> None:
    given = plan(ladder=[(2, 5.0), (15, 0.25)], settings={"a": "leave", "b": 1.5})

    assert fields(decode(given.encode())) == fields(given)


VALUES = [None, True, False, 0, -5, 0.0, 1e-300, 1e15, "", "a=b\n\u00fc", [], ["", "exit:75"]]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_setting_comes_back_as_it_was(value: object) -> None:
    found = decode(plan(settings={"it": value, "next": 1}).encode()).settings

    assert found == {"it": value, "next": 1}
    assert type(found["it"]) is type(value)


def test_a_plan_without_a_time_limit_has_none() -> None:
    assert decode(plan().encode()).limit_s is None
    assert decode(plan(settings={"max_run_duration_seconds": 0}).encode()).limit_s == 0


def test_empty_arguments_newlines_and_undecodable_bytes_come_back() -> None:
    argv = ["/bin/sh", "", "a\nb", "", os.fsdecode(b"\xff\xfe"), "=", "ü", ""]
    env = {"EMPTY": "", "LINES": "a\nb\n", "EQUALS": "a=b==", "RAW": os.fsdecode(b"\x80")}

    found = decode(plan(argv=argv, env=env).encode())

    assert (found.argv, found.env) == (argv, env)


def test_an_empty_environment_comes_back() -> None:
    assert decode(plan(env={}).encode()).env == {}


@given(
    argv=st.lists(texts, min_size=1, max_size=5),
    env=st.dictionaries(names, texts, max_size=5),
    shown=texts,
    seconds=st.floats(min_value=0, max_value=1e15),
)
def test_any_command_and_environment_come_back(
    argv: list[str], env: dict[str, str], shown: str, seconds: float
) -> None:
    made = plan(argv=argv, env=env, shown=shown, ladder=[(15, seconds)])

    assert fields(decode(made.encode())) == fields(made)


def test_a_plan_is_read_from_the_beginning_of_a_file_that_is_then_closed(tmp_path: Path) -> None:
    made = plan(env={"LONG": "x" * 100_000})
    path = tmp_path / "plan"
    path.write_bytes(made.encode())
    descriptor = os.open(path, os.O_RDONLY)
    os.lseek(descriptor, 0, os.SEEK_END)

    found = read(descriptor)

    assert fields(found) == fields(made)
    assert str(path) not in map(os.readlink, _descriptors())


def _descriptors() -> list[str]:
    paths = [f"/proc/self/fd/{name}" for name in os.listdir("/proc/self/fd")]
    return [path for path in paths if os.path.lexists(path)]
