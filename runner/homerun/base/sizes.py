"""Numbers of bytes as people write and read them."""

from __future__ import annotations

from homerun.base.errors import UserError

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def shown(number: float) -> str:
    """Bytes for people: `512 B`, `1.5 KiB`, `23 GiB`."""
    units = list(_UNITS)
    while number >= 1023.5 and len(units) > 1:
        number /= 1024
        units.pop(0)
    digits = 0 if units[0] == "B" or number >= 9.95 else 1
    return f"{number:.{digits}f} {units[0]}"


def read(field: str, given: object) -> int:
    """Bytes from a whole number, or from a text such as `500 MB`, `2GiB` or `0`.

    A unit counts in powers of 1024, with or without the `i`: such a limit is no measurement.

    Args:
        field: what the number is for, for the error.

    Raises:
        UserError: it is neither.
    """
    if type(given) is int and given >= 0:
        return given
    if isinstance(given, str):
        text = given.strip().upper()
        digits = text.rstrip("BIKMGT ")
        unit = text[len(digits) :].strip().replace("I", "").rstrip("B")
        power = ("", "K", "M", "G", "T").index(unit) if unit in ("", *"KMGT") else -1
        if power >= 0 and digits.replace(".", "", 1).isdecimal() and digits.isascii():
            return int(float(digits) * 1024**power)
    raise UserError(f"{field} is a number of bytes, such as '500 MB' or '20 GB', not {given!r}")
