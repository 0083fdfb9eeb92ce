"""The ledger of an experiment: one line of 256 bytes per run, in order of creation.

    <id, 128 bytes> <UTC second, 20 bytes> <kind: t or c> … \\n

A run's number is its line, so the newest fifty of any number of runs cost one read from the end,
and a number is learnt without a lock: after an append the descriptor's own offset is the end of
its own line. A writer that finds the end unaligned (another was killed in mid-write) pads it to a
boundary and writes again; what does not parse is no line. The ledger is a list of
candidates, the folders are the truth: a line whose folder is missing is skipped.
"""

from __future__ import annotations

import os
from stat import S_ISREG

from runstore.errors import StoreError
from runstore.fs import atomic
from runstore.layout import DAMAGED
from runstore.names import MAX_ID, is_run_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

WIDTH = 256
MOST_BYTES = 10_000_000 * WIDTH
"""So long a ledger is read whole where all of it is wanted."""

TOP = "t"
CHILD = "c"

_TIME = slice(MAX_ID + 1, MAX_ID + 21)
_KIND = slice(MAX_ID + 22, MAX_ID + 23)
_TRIES = 32
_PAGE = 256 * WIDTH


class Line:
    """One line: a run's number, its id, the second it was made, and whether it is a child."""

    __slots__ = ("is_child", "made", "number", "run_id")

    def __init__(self, number: int, run_id: str, made: str, is_child: bool) -> None:
        self.number = number
        self.run_id = run_id
        self.made = made
        self.is_child = is_child


def add(path: str, run_id: str, made: str, *, child: bool) -> int:
    """Append a line and learn its number, counted from 1.

    Args:
        made: the UTC second, as `2026-11-21T05:21:02Z`.

    Raises:
        StoreError: the end could not be aligned; other writers tore it again and again.
    """
    return append(path, format_line(run_id, made, child=child))


def format_line(run_id: str, made: str, *, child: bool) -> bytes:
    """A line as its 256 bytes."""
    text = f"{run_id:<{MAX_ID}} {made:<20} {CHILD if child else TOP}"
    return text.encode("ascii").ljust(WIDTH - 1) + b"\n"


def add_many(path: str, run_ids: list[str], made: str, *, child: bool) -> int:
    """Append a line for each id, by one write, and learn the first one's number.

    Raises:
        StoreError: as `add`.
    """
    lines = b"".join(format_line(run_id, made, child=child) for run_id in run_ids)
    return append(path, lines) - len(run_ids) + 1


def append(path: str, line: bytes) -> int:
    """`add` for a line, or several, that are made already; the number of the last."""
    # An open of its own: the offset belongs to the open file, and tells only its one user.
    descriptor = atomic.open_plain(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        for tried in range(_TRIES):
            written = os.write(descriptor, line)
            end = os.lseek(descriptor, 0, os.SEEK_CUR)
            if written == len(line) and end % WIDTH == 0:
                return end // WIDTH
            _pad(descriptor, tried)
    finally:
        os.close(descriptor)
    raise StoreError(f"the ledger {path} cannot be appended to; is the disk full?")


def _pad(descriptor: int, tried: int = 0) -> None:
    """Bring the end to a boundary, unless another process is doing that.

    Two that pad at once end beside a boundary again, and many would never meet it, so they lock.
    Lines written meanwhile do no harm, for they move the end by a whole row. Closing frees it.
    """
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        import time

        time.sleep(0.001 * tried)
        return
    except OSError:
        pass  # no locks here (some network file systems): then it may take more tries
    pad = -os.fstat(descriptor).st_size % WIDTH
    if pad:
        os.write(descriptor, b" " * (pad - 1) + b"\n")


def newest_first(path: str, *, children: bool = True) -> Iterator[Line]:
    """The lines from the last to the first, read page by page.

    Args:
        children: also those of runs that have a parent; without, only others are parsed.
    """
    try:
        descriptor = atomic.open_plain(path, os.O_RDONLY)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return
    except OSError as error:
        if error.errno in atomic.NO_FILE:
            return
        raise
    try:
        end = os.fstat(descriptor).st_size // WIDTH * WIDTH
        while end > 0:
            start = max(0, end - _PAGE)
            page = os.pread(descriptor, end - start, start)
            for row in _rows(page, children):
                at = row * WIDTH
                line = parse(page[at : at + WIDTH], start // WIDTH + row + 1)
                if line is not None:
                    yield line
            end = start
    finally:
        os.close(descriptor)


def _rows(page: bytes, children: bool) -> Iterator[int]:
    """The rows of a page from the last to the first; those of children are passed over at once."""
    rows = len(page) // WIDTH
    if children:
        yield from range(rows - 1, -1, -1)
        return
    kinds = page[_KIND.start :: WIDTH]
    at = kinds.rfind(TOP.encode())
    while at >= 0:
        yield at
        at = kinds.rfind(TOP.encode(), 0, at)


def count(path: str) -> int:
    """How many rows there are; none where a link stands in its place.

    Raises:
        OSError: it is not there, or cannot be looked at.
    """
    seen = os.lstat(path)
    return seen.st_size // WIDTH if S_ISREG(seen.st_mode) else 0


def kinds_at_end(path: str, most: int) -> tuple[int, int]:
    """How many rows, at most so many, the end of a ledger has, and how many are of no child.

    Raises:
        OSError: it is not there, or cannot be read.
    """
    descriptor = atomic.open_plain(path, os.O_RDONLY)
    try:
        last = os.fstat(descriptor).st_size // WIDTH
        first = max(0, last - most)
        page = os.pread(descriptor, (last - first) * WIDTH, first * WIDTH)
    finally:
        os.close(descriptor)
    return last - first, page[_KIND.start :: WIDTH].count(TOP.encode())


def between(path: str, first: int, last: int) -> list[Line]:
    """The lines behind the first so many, up to another; in order."""
    descriptor = atomic.open_plain(path, os.O_RDONLY)
    try:
        page = os.pread(descriptor, (last - first) * WIDTH, first * WIDTH)
    finally:
        os.close(descriptor)
    rows = [page[at : at + WIDTH] for at in range(0, len(page), WIDTH)]
    lines = [parse(row, number) for number, row in enumerate(rows, first + 1)]
    return [line for line in lines if line is not None]


def parse(row: bytes, number: int) -> Line | None:
    """The line in these 256 bytes, or None: a record that straddles two rows parses in neither."""
    try:
        text = row.decode("ascii")
    except UnicodeDecodeError:
        return None
    if len(text) != WIDTH:
        return None
    run_id = text[:MAX_ID].rstrip(" ")
    made, kind = text[_TIME], text[_KIND]
    blanks = text[MAX_ID] + text[_TIME.stop] + text[_KIND.stop : -1]
    if (
        text[-1] == "\n"
        and is_run_id(run_id)
        and made[4:5] + made[10:11] + made[-1:] == "-TZ"
        and kind in (TOP, CHILD)
        and not blanks.strip(" ")
    ):
        return Line(number, run_id, made, kind == CHILD)
    return None


def find_part(path: str, part: str) -> list[str]:
    """The ids that hold a text, oldest first, each once."""
    try:
        rows = atomic.read_bytes(path, MOST_BYTES) or b""
    except OSError:
        return []
    wanted = part.encode("ascii", "replace")
    found: dict[str, None] = {}
    at = rows.find(wanted)
    while at >= 0:
        number, place = divmod(at, WIDTH)
        line = parse(rows[number * WIDTH : (number + 1) * WIDTH], number + 1)
        if line is not None and part in line.run_id:
            found[line.run_id] = None
        at = rows.find(wanted, at - place + WIDTH)  # a text may be twice in a row
    return list(found)


class Survey:
    """What a ledger holds: ids, the numbers of rows that are no lines, the size of a torn end."""

    __slots__ = ("broken", "ids", "tail")

    def __init__(self) -> None:
        self.ids: set[str] = set()
        self.broken: list[int] = []
        self.tail = 0


def survey(path: str) -> Survey:
    """Look at every row. Blank rows are padding, and no damage."""
    found = Survey()
    data = atomic.read_bytes(path, MOST_BYTES) or b""
    found.tail = len(data) % WIDTH
    for number in range(1, len(data) // WIDTH + 1):
        row = data[(number - 1) * WIDTH : number * WIDTH]
        line = parse(row, number)
        if line is not None:
            found.ids.add(line.run_id)
        elif row.strip():
            found.broken.append(number)
    return found


def align(path: str) -> None:
    """Pad an end that a killed writer left unaligned, as the next writer would; blank that row."""
    descriptor = atomic.open_plain(path, os.O_WRONLY | os.O_APPEND)
    try:
        number = os.fstat(descriptor).st_size // WIDTH + 1
        _pad(descriptor)
    finally:
        os.close(descriptor)
    replace(path, number, b"")


def replace(path: str, number: int, line: bytes) -> None:
    """Put a line (or blanks) into a damaged row, whose bytes are kept beside the ledger.

    Writers only append, so no other process writes to a row that is whole.
    """
    descriptor = atomic.open_plain(path, os.O_RDWR)
    try:
        offset = (number - 1) * WIDTH
        old = os.pread(descriptor, WIDTH, offset)
        if len(old) < WIDTH or parse(old, number):
            return  # another process was faster
        folder, name = os.path.split(path)
        kept = f"{DAMAGED}{name}-{number}-{os.urandom(4).hex()}"
        atomic.publish_bytes(folder, kept, old)
        os.pwrite(descriptor, line or b" " * (WIDTH - 1) + b"\n", offset)
    finally:
        os.close(descriptor)
