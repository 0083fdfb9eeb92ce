"""What each Python of a run does first; then the user's own `sitecustomize` has its turn.

A script's PYTHONPATH leads here. Python imports this before it runs anything of the script, so no
module is loaded for it, not even one of ours, but `faulthandler`, which is built in. Outside of a
run it does nothing. Within one:

- A printed line is one write. Lines of several processes do not mix, and what was printed is not
  lost when its process is killed. A script that asked for no buffer at all has none.
- A place in the source, put on the path by an installation (an editable one, say), leads into the
  run's copy of it, so that an edit after the submit never runs.
- The copy's top folder and its `src/` stand at the end of the path: scripts in its folders import
  from there, as in the original, and nothing there stands before the standard library or a package.
- A signal that nothing else uses has Python write where its threads are, for `homerun stacks`: into
  a file without a name. Where something has a handler of it, or ignores it, that stays so.
"""

import io
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

_LONGEST_LINE = 1 << 16
"""Characters: so long a line is one write, whatever it is put together from."""

_STACKS, _STACKS_FILE = 50, "homerun-stacks"
_FIRST_DESCRIPTOR, _LAST_DESCRIPTOR = 200, 240
"""The file's number is one that scripts do not count on."""

_PROGRAM, _TAKE_A_VALUE = "cm", "WX"
"""The options of Python behind which the program's own begin; and those with a value, which is
the rest of the cluster or the next word."""

_write = io.TextIOWrapper.write


class Lines(io.TextIOWrapper):
    """A stream that writes a line when it ends, and as a whole."""

    __module__ = "sys"  # where pickle finds the streams

    def write(self, text: str) -> int:
        """Write a text; what follows its last line break waits for its own."""
        if "\n" not in text or text[-1] == "\n":
            return _write(self, text)
        end = text.rfind("\n") + 1
        return _write(self, text[:end]) + _write(self, text[end:])

    def __reduce_ex__(self, protocol: object) -> str:
        """The name in `sys`: cloudpickle and dill know Python's own stream by its exact type.

        Raises:
            TypeError: it is neither output nor errors any more.
        """
        for name in ("stdout", "stderr", "__stdout__", "__stderr__"):
            if self is getattr(sys, name):
                return name
        raise TypeError("cannot pickle a stream that is not sys.stdout or sys.stderr")


def _begin(work: str) -> None:
    """Make this Python one of the run that works in that folder."""
    if os.environ.get("PYTHONUNBUFFERED") == "homerun" and not _wants_no_buffer():
        for name in ("stdout", "stderr"):
            stream = _by_lines(getattr(sys, name))
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)
    if sys.platform == "linux":
        _answer_for_stacks()
    source = os.environ.get("HOMERUN_SOURCE_DIRECTORY") or work
    if source != work:
        _lead_into(work, source)


def _answer_for_stacks() -> None:
    """Have the signal tell where the threads are, unless it is in use."""
    try:
        import _signal  # type: ignore[import-not-found]
        import faulthandler

        if _signal.getsignal(_STACKS) == _signal.SIG_DFL:
            faulthandler.register(_STACKS, file=_nameless(), all_threads=True)
    except (ImportError, AttributeError, OSError, RuntimeError, ValueError):
        return  # another Python, a sandbox, or no descriptor is left: it has no stacks


def _nameless() -> int:
    """A descriptor of a file without a name, which no program that is started inherits."""
    made = os.memfd_create(_STACKS_FILE, os.MFD_CLOEXEC)
    try:
        for number in range(_FIRST_DESCRIPTOR, _LAST_DESCRIPTOR):
            try:
                os.fstat(number)
            except OSError:
                return os.dup2(made, number, inheritable=False)
    finally:
        os.close(made)
    raise OSError("no descriptor is free")


def _by_lines(stream: "Any") -> "Any":
    """Python's own output, line by line; it has no buffer yet. None: it is closed."""
    if stream is None:
        return None
    mode, encoding, errors = stream.mode, stream.encoding, stream.errors
    buffer = io.BufferedWriter(stream.detach())
    lines: Any = Lines(buffer, encoding, errors, "\n", line_buffering=True)
    lines.mode = mode
    lines._CHUNK_SIZE = _LONGEST_LINE
    return lines


def _wants_no_buffer() -> bool:
    """Whether this Python was started with `-u`, as far as it tells."""
    words = iter(getattr(sys, "orig_argv", ())[1:])
    for word in words:
        if word[:1] != "-" or word[:2] in ("-", "--"):
            return False
        for place, letter in enumerate(word[1:], 2):
            if letter == "u":
                return True
            if letter in _PROGRAM:
                return False
            if letter in _TAKE_A_VALUE:
                if place == len(word):
                    next(words, None)
                break
    return False


def _lead_into(work: str, source: str) -> None:
    """Let what is imported from the source come from the run's copy of it."""
    top = os.path.realpath(work)
    # An environment within the source is itself: only a link in the copy leads to it.
    spared = [end for end in map(os.path.realpath, _homes()) if _is_below(end, source)]

    def led(path: str) -> str:
        real = os.path.realpath(path) if os.path.isabs(path) else ""
        if not _is_below(real, source) or any(_is_below(real, end) for end in spared):
            return path
        copied = os.path.realpath(top + real[len(source) :])
        return copied if _is_below(copied, top) and os.path.exists(copied) else path

    sys.path[:] = [led(path) for path in sys.path]
    for finder in sys.meta_path:
        home = getattr(finder, "__module__", "_frozen_importlib")
        if not home.startswith("_frozen_importlib"):  # not one of Python's own
            for holder in (finder, sys.modules.get(home)):
                _lead_tables(getattr(holder, "__dict__", {}), led)


def _homes() -> "Iterable[str]":
    return sys.prefix, sys.base_prefix


def _is_below(path: str, folder: str) -> bool:
    return (path + os.sep).startswith(folder.rstrip(os.sep) + os.sep)


def _lead_tables(names: "Mapping[str, Any]", led: "Callable[[str], str]") -> None:
    """Lead what an editable install's finder knows: names with a path, or several, each."""
    for name, table in list(names.items()):
        if type(table) is dict and name[:2] != "__":
            for key, known in table.items():  # no key is new, so this may go on
                if type(known) is str:
                    table[key] = led(known)
                elif type(known) in (list, tuple, set):
                    table[key] = type(known)(
                        led(path) if type(path) is str else path for path in known
                    )


def _own(behind: "list[str]") -> None:
    """Let the user's own `sitecustomize` take the place of this one, as it would without it.

    Raises:
        ModuleNotFoundError: there is none; Python's start expects that.
    """
    from _frozen_importlib import module_from_spec
    from _frozen_importlib_external import PathFinder  # importlib has both, and loads more

    spec = PathFinder.find_spec(__name__, behind)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"No module named {__name__!r}", name=__name__)
    module = sys.modules[__name__] = module_from_spec(spec)
    spec.loader.exec_module(module)


def _behind_ours() -> "list[str]":
    """The part of the path that is searched after this module's own place."""
    here = os.path.dirname(os.path.dirname(__file__))
    return sys.path[sys.path.index(here) + 1 :] if here in sys.path else sys.path[:]


def _main() -> None:
    work = os.environ.get("HOMERUN_WORK_DIRECTORY")
    if work:
        _begin(work)
    behind = _behind_ours()
    if work:
        for folder in (work, work + "/src"):
            if folder not in sys.path and os.path.isdir(folder):
                sys.path.append(folder)
    _own(behind)


_main()
