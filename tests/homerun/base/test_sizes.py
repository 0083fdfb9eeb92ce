"""Numbers of bytes, written and read."""

from __future__ import annotations

import pytest

from homerun.base import sizes
from homerun.base.errors import UserError


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (10**6, "977 KiB"), (5 << 40, "5.0 TiB")],
)
def test_sizes_are_for_people(count, shown):
    assert sizes.shown(count) == shown


@pytest.mark.parametrize(
    ("given", "count"),
    [
        *((0, 0), (4096, 4096), ("0", 0), ("12", 12), ("1 KiB", 1024), ("500MB", 500 << 20)),
        *((" 2 gib ", 2 << 30), ("1.5G", 3 << 29), ("1T", 1 << 40), ("3 B", 3)),
    ],
)
def test_a_size_is_a_number_or_a_text_with_a_unit(given, count):
    assert sizes.read("copy_limit", given) == count


@pytest.mark.parametrize(
    "given",
    ["", "GB", "-1", "1 PB", "1 XB", "1 GGB", "1..5G", "nan", "\u0661 GB", -1, 1.5, True, None],
)
def test_what_is_no_size_is_refused_in_one_sentence(given):
    with pytest.raises(UserError, match="copy_limit is a number of bytes, such as '500 MB'"):
        sizes.read("copy_limit", given)
