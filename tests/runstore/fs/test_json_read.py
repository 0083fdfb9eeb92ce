"""Reading JSON without `json`: the same values, and the same refusals."""

from __future__ import annotations

import json
import random
import subprocess
import sys

import pytest

from helpers.sources import SOURCE_ROOTS
from runstore.fs import json_read

WHOLE = (
    b'{"a": [1, 2.5e3, "x\\u00e9\\ud800", null, true, NaN, -Infinity], "b": {"c": "\xc3\xbc"}}\n'
)
ODD = [
    *(b"", b" ", b"{", b"{} x", b"\xef\xbb\xbf{}", b"[1,]", b"NaN", b'"\xff"', b"nul", b'"a\nb"'),
    *(b'{"a":1,"a":2}', b"[]\0", b'{"a":1}\x0b', b"-", b"1.", b'"\\x"', b"\xa0{}", b"[" * 100_000),
    *('{"a":1}'.encode("utf-16"), '{"a":1}'.encode("utf-32"), "\u2003{}".encode(), b" \r\n[1]\t "),
]


@pytest.mark.parametrize("data", [WHOLE, *ODD], ids=lambda data: repr(data[:12]))
def test_what_is_read_is_what_json_reads(data: bytes) -> None:
    assert _outcome(json_read.loads, data) == _outcome(json.loads, data)


def test_bytes_that_were_hurt_are_read_as_json_reads_them() -> None:
    chance = random.Random(7)
    for _ in range(3_000):
        hurt = bytearray(WHOLE)
        for _ in range(chance.randint(1, 3)):
            hurt[chance.randrange(len(hurt))] = chance.choice(b'{}[]",:0 \n\\\x00\xffanE-')

        assert _outcome(json_read.loads, bytes(hurt)) == _outcome(json.loads, bytes(hurt)), hurt


def test_a_fact_is_read_without_the_json_module() -> None:
    code = "import sys; sys.path += sys.argv[1:]; from runstore.fs import facts; "
    code += "facts.parse(b'{}'); print(*{'json', 're', 'enum'} & set(sys.modules))"
    roots = [str(root) for root in SOURCE_ROOTS]

    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, *roots], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == ""


def _outcome(loads: object, data: bytes) -> str:
    try:
        return repr(loads(data))  # type: ignore[operator]
    except (ValueError, RecursionError):
        return "refused"
