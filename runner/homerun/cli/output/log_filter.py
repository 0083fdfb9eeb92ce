"""Filter the lines of a log: only those that match a pattern, progress bars folded.

Bytes go in as they come and out as whole lines. A line that is not text passes unchanged.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from homerun.files.logs.line_pattern import LinePattern

_LONGEST = 1 << 20
"""A longer line counts as several, so that the buffer is bounded."""

_STEERING = b"\b\t\r\x1b"
"""What draws a progress bar; a line with another control character is not text."""

_NO_TEXT = bytes(byte for byte in range(32) if byte not in _STEERING) + b"\x7f"


class Sieve:
    """Lets lines through, one piece of a log after another.

    Args:
        pattern: what a line must match; None: all lines pass.
        folds: keep only the last state of a line that was drawn over itself.
    """

    def __init__(self, pattern: LinePattern | None, folds: bool) -> None:
        self._pattern = pattern
        self._folds = folds
        self._rest = b""

    @property
    def lets_all_through(self) -> bool:
        """Whether all lines pass."""
        return self._pattern is None

    def is_let_through(self, line: bytes) -> bool:
        """Whether a whole line matches the pattern, as it is shown."""
        shown = folded(line) if self._folds else line
        return self._pattern is None or self._pattern.search(shown.rstrip(b"\n"))

    @staticmethod
    def lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Pieces as lines with their line ends, as `pass_on` sees them."""
        rest = b""
        for piece in pieces:
            *whole, rest = (rest + piece).split(b"\n")
            for line in whole:
                yield line + b"\n"
            if len(rest) > _LONGEST:
                yield rest
                rest = b""
        if rest:
            yield rest

    def pass_on(self, piece: bytes) -> bytes:
        """What passes of the lines that end in this piece."""
        if self._pattern is None and not self._folds:
            return piece
        data = self._rest + piece
        end = data.rfind(b"\n") + 1
        if not end and len(data) > _LONGEST:
            end = len(data)
        whole, self._rest = data[:end], data[end:]
        if self._pattern is None and b"\r" not in whole:
            return whole
        lines = whole.split(b"\n")
        last = lines.pop()
        kept = [self._line(line + b"\n") for line in lines]
        return b"".join(kept) + (self._line(last) if last else b"")

    def rest(self) -> bytes:
        """What passes of a last line without a line end."""
        rest, self._rest = self._rest, b""
        return self._line(rest) if rest else b""

    def _line(self, line: bytes) -> bytes:
        if not self.is_let_through(line):
            return b""
        return folded(line) if self._folds else line


def folded(line: bytes) -> bytes:
    """A line as a terminal shows it after each `\\r`; what is not text stays unchanged."""
    end = next((end for end in (b"\r\n", b"\n") if line.endswith(end)), b"")
    text = line[: len(line) - len(end)]
    if b"\r" not in text or not _is_text(text):
        return line
    shown = [part for part in text.split(b"\r") if part.strip()]
    return (shown[-1] if shown else b"") + end


def _is_text(line: bytes) -> bool:
    if line.translate(None, _NO_TEXT) != line:
        return False
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
