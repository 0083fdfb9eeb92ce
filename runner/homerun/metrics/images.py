"""Images that are logged: read from a file or a plot, and checked by their first bytes."""

from __future__ import annotations

import io
import os

from homerun.base.errors import UserError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_HEAD = 32

_SIGNATURES = (
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",  # JPEG
    b"GIF87a",
    b"GIF89a",
    b"II*\0",  # TIFF, in both orders of bytes, and with 64-bit offsets
    b"MM\0*",
    b"II+\0",
    b"MM\0+",
    b"\x76\x2f\x31\x01",  # OpenEXR
    b"\x01\xda",  # SGI
    b"\x59\xa6\x6a\x95",  # Sun raster
    b"#define ",  # X bitmap
)


def taken(path: object, plot: Any) -> bytes:
    """The bytes of an image: of a file, or of what a plot saves.

    Args:
        path: of an image file; None if there is a plot.
        plot: a figure, the pyplot module, or whatever has `savefig(stream, format="png")`.

    Raises:
        UserError: both or neither was given, or it is no image.
        OSError: the file cannot be read.
    """
    if (path is None) == (plot is None):
        given = "neither was" if path is None else "both were"
        raise UserError(f"log_image takes a path or a plot; {given} given")
    data, source = (_saved(plot), "what the plot saved") if path is None else _read(path)
    if not is_image(data):
        raise UserError(f"{source} is not an image that log_image knows; give a PNG, JPEG, GIF, …")
    return data


def is_image(data: bytes) -> bool:
    """Whether bytes are an image, told by the first of them."""
    if data.startswith(_SIGNATURES):
        return True
    if data.startswith(b"BM"):
        return data[6:10] == bytes(4)  # two letters alone may begin any text
    if data.startswith(b"RIFF"):
        return data[8:12] == b"WEBP"
    if data[4:8] == b"ftyp":
        return data[8:12] in (b"avif", b"avis", b"heic", b"heix", b"mif1")
    return data[:1] == b"P" and data[1:2] in b"123456" and data[2:3].isspace()


def _saved(plot: Any) -> bytes:
    save = getattr(plot, "savefig", None)
    if not callable(save):
        raise UserError(
            f"a plot is a figure or matplotlib.pyplot, with savefig(); {type(plot).__name__} "
            "has none"
        )
    stream = io.BytesIO()
    save(stream, format="png")
    return stream.getvalue()


def _read(path: object) -> tuple[bytes, str]:
    if not isinstance(path, (str, os.PathLike)):
        raise UserError(
            f"path is that of an image file, not {type(path).__name__}; a figure is given as plot="
        )
    if "\0" in os.fspath(path) or (os.path.exists(path) and not os.path.isfile(path)):
        raise UserError(f"{os.fspath(path)!r} is not a file; give the path of an image")
    with open(path, "rb") as file:
        data = file.read(_HEAD)
        return (data + file.read() if is_image(data) else data), repr(os.fspath(path))
