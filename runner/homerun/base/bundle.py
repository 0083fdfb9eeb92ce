"""The code of our modules in one file beside their bytecode, as one program has loaded them.

A module that is looked up, opened and read by itself costs a tenth of a start of Python, of which
`homerun run` loads a hundred and its supervisor forty (`make bench ARGS=submit`: a start less).
What stands here is what a `.pyc` is, and is used like one: as long as its source has the size and
the time that it had. A module that is missing, or has changed, is loaded as ever; then the program
writes the file again at its end, unless Python was told to write no bytecode.
"""

from __future__ import annotations

import marshal
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec, SourceFileLoader
    from types import CodeType, ModuleType

    Row = tuple[int, int, bool, int, int]
    """Where its code stands, how long that is, whether it is a package; its source's time, size."""
else:
    ModuleSpec, SourceFileLoader = type(__spec__), type(__loader__)
    """`importlib.machinery` would load four modules more."""

_PACKAGES = ("homerun.", "runstore.")
_HEAD = 16
"""The length of what says how long the index and the whole file are."""

_bundle: _Bundle | None = None


def load_from(program: str) -> None:
    """Load the modules of a program from its bundle, as far as that holds them."""
    global _bundle
    if SourceFileLoader.__name__ != "SourceFileLoader" or sys.pycache_prefix is not None:
        return  # our code is in an archive, or bytecode lies elsewhere
    folder = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    name = f"{program}.{sys.implementation.cache_tag}.opt-{sys.flags.optimize}.bundle"
    _bundle = _Bundle(f"{folder}/__pycache__/{name}")
    sys.meta_path.insert(0, _bundle)


def drop_code() -> None:
    """Keep no code in memory any more; what is loaded from now on is loaded as ever."""
    if _bundle is not None:
        _bundle.drop_code()


def keep_code() -> None:
    """Write the bundle again if modules had to be loaded without it. Nothing fails."""
    if _bundle is None or sys.dont_write_bytecode or not _bundle.missing():
        return
    try:
        _bundle.write()
    except OSError:  # the packages belong to another user, or the disk is full
        pass


class _Bundle:
    """A finder of modules whose code stands in one file."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._rows: dict[str, Row] = {}
        self._codes = memoryview(b"")
        self._read()

    def _read(self) -> None:
        try:
            with open(self._path, "rb", 0) as file:
                data = file.read()
        except OSError:
            return
        index, whole = (int.from_bytes(data[at : at + 8], "little") for at in (0, 8))
        if not data or whole != len(data):
            return
        python, rows = marshal.loads(data[_HEAD : _HEAD + index])
        if python == sys.version:
            self._rows, self._codes = rows, memoryview(data)[_HEAD + index :]

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module, if it stands here as its source is now."""
        row = self._rows.get(name)
        if row is None or not path or not self._codes:
            return None
        where = f"{path[0]}/{name.rpartition('.')[2]}"
        source = f"{where}/__init__.py" if row[2] else f"{where}.py"
        try:
            found = os.stat(source)
        except OSError:
            found = None
        if found is None or (found.st_mtime_ns, found.st_size) != row[3:]:
            del self._rows[name]
            return None
        spec = ModuleSpec(name, _Loader(name, source, self), origin=source, is_package=row[2])
        spec.has_location = True
        if row[2]:
            spec.submodule_search_locations = [where]
        return spec

    def code_of(self, name: str) -> CodeType:
        """The code of a module that stands here."""
        at, size = self._rows[name][:2]
        code: CodeType = marshal.loads(self._codes[at : at + size])
        return code

    def drop_code(self) -> None:
        """Keep no code; the rows still say what stands in the file."""
        self._codes = memoryview(b"")

    def missing(self) -> list[str]:
        """The modules of ours that were loaded without it."""
        ours = [name for name in sys.modules if name.startswith(_PACKAGES)]
        return [name for name in ours if name not in self._rows]

    def write(self) -> None:
        """Add what is missing: beside the file first, so that it is there as a whole or not."""
        if not self._codes:
            known = self._rows
            self._read()
            self._rows = {name: row for name, row in self._rows.items() if name in known}
        rows: dict[str, Row] = {}
        codes: list[bytes | memoryview] = []
        at = 0
        for name, row in self._rows.items():
            codes.append(self._codes[row[0] : row[0] + row[1]])
            rows[name] = (at, *row[1:])
            at += row[1]
        for name in self.missing():
            spec = sys.modules[name].__spec__
            if spec is None or type(spec.loader) is not SourceFileLoader or not spec.origin:
                continue
            found = os.stat(spec.origin)
            codes.append(marshal.dumps(spec.loader.get_code(name)))
            is_package = spec.submodule_search_locations is not None
            rows[name] = (at, len(codes[-1]), is_package, found.st_mtime_ns, found.st_size)
            at += len(codes[-1])
        index = marshal.dumps((sys.version, rows))
        sizes = (len(index), _HEAD + len(index) + at)
        self._publish(b"".join((*(one.to_bytes(8, "little") for one in sizes), index, *codes)))

    def _publish(self, data: bytes) -> None:
        mode = os.stat(__file__).st_mode & 0o644 | 0o200
        new = f"{self._path}.{os.getpid()}"
        file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
        try:
            with open(file, "wb", 0) as opened:
                if opened.write(data) != len(data):
                    raise OSError
                os.fsync(file)
            os.replace(new, self._path)
        except BaseException:
            os.unlink(new)
            raise


class _Loader(SourceFileLoader):  # type: ignore[misc, unused-ignore]
    """Loads a module of the bundle; whatever else is asked of it is answered from its source."""

    def __init__(self, name: str, source: str, bundle: _Bundle) -> None:
        super().__init__(name, source)
        self._bundle = bundle

    def get_code(self, fullname: str) -> CodeType | None:
        """Its code, as it stands in the bundle."""
        try:
            return self._bundle.code_of(fullname)
        except (EOFError, ValueError, TypeError):  # not what was written there
            return super().get_code(fullname)
