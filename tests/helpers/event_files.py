"""Event files as their readers know them, and a program that stands for TensorBoard."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

_PROGRAM = """#!{python} -IS
import functools, http.server, json, sys
given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
class Shown(http.server.SimpleHTTPRequestHandler):
    log_message = lambda *_: None
    def do_GET(self):
        if self.path != "/data/environment":
            return super().do_GET()
        told = json.dumps({{"data_location": given["--logdir"]}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)
serve = functools.partial(Shown, directory=given["--logdir"])
http.server.HTTPServer((given["--host"], int(given["--port"])), serve).serve_forever()
"""


def program_in(folder: Path) -> Path:
    """Make a program named tensorboard that serves its log folder, as files."""
    folder.mkdir()
    program = folder / "tensorboard"
    program.write_text(_PROGRAM.format(python=sys.executable))
    program.chmod(0o755)
    return program


def scalars(data: bytes) -> list[tuple[str, int, float]]:
    """The points of an event file, whole and with the right checksums: tag, step, value."""
    found = []
    at = 0
    while at < len(data):
        (size,) = struct.unpack("<Q", data[at : at + 8])
        held = data[at + 12 : at + 12 + size]
        assert struct.unpack("<I", data[at + 8 : at + 12])[0] == _masked(data[at : at + 8])
        at += 16 + size
        assert struct.unpack("<I", data[at - 4 : at])[0] == _masked(held)
        event = _message(held)
        if 5 in event:
            value = _message(_bytes(_message(_bytes(event[5]))[1]))
            (number,) = struct.unpack("<f", _bytes(value[2]))
            step = event[2]
            assert isinstance(step, int)
            found.append((_bytes(value[1]).decode(), step, number))
        else:
            assert event[3] == b"brain.Event:2"
    return found


def crc32c(data: bytes) -> int:
    """CRC-32C, bit by bit."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 * (crc & 1))
    return crc ^ 0xFFFFFFFF


def _masked(data: bytes) -> int:
    crc = crc32c(data)
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) % (1 << 32)


def _bytes(value: bytes | int) -> bytes:
    assert isinstance(value, bytes)
    return value


def _message(data: bytes) -> dict[int, bytes | int]:
    """The fields of a protobuf message by number; the last of each."""
    found: dict[int, bytes | int] = {}
    at = 0

    def varint() -> int:
        nonlocal at
        number = shift = 0
        while True:
            byte = data[at]
            at += 1
            number |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return number

    while at < len(data):
        key = varint()
        if key & 7 == 0:
            found[key >> 3] = varint()
            continue
        size = {1: 8, 5: 4}.get(key & 7) or varint()
        found[key >> 3] = data[at : at + size]
        at += size
    return found
