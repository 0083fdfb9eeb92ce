"""Strict JSON without the json module."""

from __future__ import annotations

import enum
import json
import math
import os
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runstore.fs import json_write

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=[])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


class Colour(enum.IntEnum):
    RED = 3


def strict(text: str) -> Any:
    return json.loads(text.encode(), parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


def test_every_code_point_comes_back() -> None:
    for start in range(0, 0x110000, 0x1000):
        block = "".join(map(chr, range(start, start + 0x1000)))
        # Alone and apart: two halves of a surrogate pair side by side would be read as one.
        apart = list(block)
        assert strict(json_write.dumps(apart)) == apart


def test_arguments_of_any_bytes_come_back() -> None:
    argv = [os.fsdecode(bytes([byte])) for byte in range(1, 256)]
    argv.append(os.fsdecode(bytes(range(1, 256))))

    assert strict(json_write.dumps(argv)) == argv
    assert [os.fsencode(text) for text in strict(json_write.dumps(argv))][-1] == bytes(
        range(1, 256)
    )


@settings(max_examples=200, deadline=None, database=None)
@given(VALUES)
def test_any_nested_value_is_one_line_of_strict_json(value: object) -> None:
    text = json_write.dumps(value)

    assert "\n" not in text
    assert strict(text) == json.loads(json.dumps(_tagged(value)))


def _tagged(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return {"$f": repr(value)}
    if isinstance(value, list):
        return [_tagged(inner) for inner in value]
    if isinstance(value, dict):
        return {key: _tagged(inner) for key, inner in value.items()}
    return value


@pytest.mark.parametrize("value", [0.1, -0.0, 5e-324, 1.7976931348623157e308, 1e16, 1e-7])
def test_a_finite_float_comes_back_exactly(value: float) -> None:
    assert repr(strict(json_write.dumps(value))) == repr(value)


def test_scalars_of_numpy_become_numbers() -> None:
    numpy = pytest.importorskip("numpy")
    values = [
        numpy.float32(0.5),
        numpy.float64(0.1),
        numpy.int8(-3),
        numpy.uint64(2**64 - 1),
        numpy.bool_(True),
        numpy.str_("é"),
        numpy.array(7),
        numpy.array([7.5]),
        numpy.float32("inf"),
    ]

    assert (
        json_write.dumps(values) == '[0.5,0.1,-3,18446744073709551615,true,"é",7,7.5,{"$f":"inf"}]'
    )


def test_dates_of_numpy_become_text_and_missing_values_none() -> None:
    numpy = pytest.importorskip("numpy")
    values = [
        numpy.datetime64("2026-11-21T09:00"),
        numpy.datetime64("2026-11-21", "ns"),
        numpy.array("2026-11-21", dtype="M8[D]"),
        numpy.array(["2026-11-21"], dtype="M8[D]"),
        numpy.timedelta64(3, "s"),
        numpy.datetime64("NaT"),
        numpy.timedelta64("NaT"),
        numpy.ma.masked,
    ]

    texts = ["2026-11-21T09:00", "2026-11-21T00:00:00.000000000", "2026-11-21", "2026-11-21"]
    assert [json_write.scalar(value) for value in values] == [*texts, "3 seconds", None, None, None]


def test_a_float_of_more_bits_becomes_a_float() -> None:
    numpy = pytest.importorskip("numpy")

    assert json_write.dumps(numpy.longdouble(1) / 4) == "0.25"


def test_what_looks_like_a_scalar_of_torch_is_one() -> None:
    class Tensor:
        """As torch's: `size` is a method, `numel` counts."""

        def __init__(self, *values: object) -> None:
            self.values = values
            self.dtype = object()

        def numel(self) -> int:
            return len(self.values)

        def size(self) -> tuple[int, ...]:
            return (len(self.values),)

        def item(self) -> object:
            return self.values[0]

    assert json_write.dumps([Tensor(0.5), Tensor(True)]) == "[0.5,true]"
    with pytest.raises(TypeError, match="Tensor cannot be stored"):
        json_write.dumps(Tensor(1, 2))


def test_subclasses_of_numbers_are_written_as_numbers() -> None:
    assert json_write.dumps([Colour.RED, (1, 2)]) == "[3,[1,2]]"


@pytest.mark.parametrize("value", [b"x", Colour, 1j, {1: 2}, {None: 1}, {1, 2}, [Colour]], ids=repr)
def test_what_has_no_json_form_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        json_write.dumps(value)


def test_an_array_of_numpy_is_refused() -> None:
    numpy = pytest.importorskip("numpy")
    for value in (
        numpy.array([1, 2]),
        numpy.array([]),
        numpy.complex64(1j),
        numpy.array(["2026-11-21", "NaT"], dtype="M8[D]"),
    ):
        with pytest.raises(TypeError, match="cannot be stored"):
            json_write.dumps(value)


def test_a_record_is_pretty_for_people_and_strict_for_programs() -> None:
    record: dict[str, object] = {"a": [1, None], 'b"\n': "é"}

    assert json_write.pretty(record) == '{\n  "a": [1,null],\n  "b\\"\\n": "é"\n}\n'
    assert strict(json_write.pretty(record)) == record
