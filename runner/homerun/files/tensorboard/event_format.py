"""The format of event files, which TensorBoard reads.

A record is its length, a checksum of that, the data, and a checksum of these. The data are a
protobuf message of the type `Event`; of its fields these are written: the time, the step, the
version, and a summary with one value, which has a tag and a float of 32 bits.
"""

from __future__ import annotations

import struct

PREFIX = "events.out.tfevents."
"""How the name of an event file begins."""

_LEAST_STEP, _MOST_STEP = -(1 << 63), (1 << 63) - 1
_MASK = 0xA282EAD8
_POLYNOMIAL = 0x82F63B78


def version(at: float) -> bytes:
    """The record that a file begins with.

    Args:
        at: Unix time.
    """
    return _record(_double(1, at) + _bytes(3, b"brain.Event:2"))


def scalar(name: str, value: float, at: float, step: int) -> bytes:
    """The record of one point. What no float of 32 bits holds is infinite there.

    Args:
        at: Unix time.
    """
    held = _bytes(1, name.encode("utf-8", "replace")) + b"\x15" + _float(value)
    kept = min(max(step, _LEAST_STEP), _MOST_STEP)
    return _record(_double(1, at) + b"\x10" + _varint(kept) + _bytes(5, _bytes(1, held)))


def _record(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    return length + _checksum(length) + data + _checksum(data)


def _float(value: float) -> bytes:
    try:
        return struct.pack("<f", float(value))
    except OverflowError:
        return struct.pack("<f", float("inf") if value > 0 else float("-inf"))


def _double(field: int, value: float) -> bytes:
    return bytes([field << 3 | 1]) + struct.pack("<d", value)


def _bytes(field: int, data: bytes) -> bytes:
    return bytes([field << 3 | 2]) + _varint(len(data)) + data


def _varint(number: int) -> bytes:
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _row(number: int) -> int:
    for _ in range(8):
        number = number >> 1 ^ (_POLYNOMIAL if number & 1 else 0)
    return number


_ROWS = tuple(map(_row, range(256)))


def _checksum(data: bytes) -> bytes:
    """CRC-32C of the data, masked as event files have it."""
    crc, rows = 0xFFFFFFFF, _ROWS
    for byte in data:
        crc = rows[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return struct.pack("<I", ((crc >> 15 | crc << 17) + _MASK) & 0xFFFFFFFF)
