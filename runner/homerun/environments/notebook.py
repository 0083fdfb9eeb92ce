"""The program that runs a notebook as a script, in the interpreter of its run.

    python -c PROGRAM train.ipynb --lr 0.1 --epochs=3 --amp

The cells run in the folder of the script, one after the other. What they print is printed here at
once, and the notebook with its outputs is written to `outputs/` after each cell, so that a run that
is killed has what came before. The arguments are parameters, as papermill has them: a cell with
`lr = 0.1` is put behind the cell with the tag `parameters`; where the notebook is written, secrets
in it are masked. A cell's error ends the program with 1.
"""

from __future__ import annotations

import copy
import os
import re
import sys
from ast import literal_eval
from importlib.util import find_spec
from tempfile import TemporaryDirectory

from homerun.base import masking
from homerun.base.secret_signs import MASK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PROGRAM = (
    "import sys; sys.path[:] = [path for path in sys.path if path]; "
    "from homerun.environments.notebook import main; main()"
)
"""The project's folder is not on its path: modules there are for the notebook alone."""

_NEEDED = ("nbclient", "ipykernel")
_PATIENCE_S = 600
"""On a busy machine a kernel starts late, and its last output comes late: neither is given up."""

_PYTHON = "python"
_NATIVE = "python3"
_TAG = "parameters"
_INJECTED = "injected-parameters"
_OUTPUTS = "outputs"
_WORDS = {"true": True, "false": False, "none": None}


def main() -> None:
    """Run the notebook that the command line names; leaves by `sys.exit`."""
    file, *words = sys.argv[1:]
    missing = lacking()
    if missing:
        sys.exit(f"homerun: {file} needs {missing}: {install_line(sys.executable)}")
    sys.exit(_run(file, parameters(words)))


def lacking() -> str | None:
    """The first package that this interpreter needs for notebooks and has not."""
    return next((name for name in _NEEDED if find_spec(name) is None), None)


def install_line(python: str) -> str:
    """What installs the packages into an interpreter."""
    return f"{python} -m pip install {' '.join(_NEEDED)}"


def parameters(words: list[str]) -> dict[str, object]:
    """The parameters in a script's arguments.

    They are `--NAME VALUE`, `--NAME=VALUE`, `NAME=VALUE`, or `--NAME` for True. A value is what
    Python reads it as, else a text.

    Raises:
        ValueError: a word is none of these.
    """
    found: dict[str, object] = {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.lstrip("-").partition("=")
        name = name.replace("-", "_")
        if not name.isidentifier() or not (equals or word.startswith("--")):
            raise ValueError(f"{word!r} is not a parameter of a notebook; give --NAME VALUE")
        if equals:
            found[name] = _value(value)
        elif rest and not rest[0].startswith("--"):
            found[name] = _value(rest.pop(0))
        else:
            found[name] = True
    return found


def _value(text: str) -> object:
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    try:
        return literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text


def _run(file: str, given: dict[str, object]) -> int:
    import nbformat

    try:
        book: Any = nbformat.read(file, as_version=4)  # type: ignore[no-untyped-call]
    except Exception as error:  # noqa: BLE001 - whatever a file that is no notebook makes of nbformat
        return _failed(f"{file} is not a notebook: {error}")
    language = _language(book)
    if given and language != _PYTHON:
        return _failed(f"{file} is in {language}: only notebooks in Python take parameters")
    _inject(book, given)
    os.makedirs(_OUTPUTS, exist_ok=True)
    return _execute(book, language, os.path.join(_OUTPUTS, os.path.basename(file)))


def _language(book: Any) -> str:
    about = book.metadata
    named = about.get("kernelspec", {}).get("language") or about.get("language_info", {}).get(
        "name"
    )
    return str(named or _PYTHON).lower()


def _inject(book: Any, given: dict[str, object]) -> None:
    """Put the cell with the parameters in, behind the one with the defaults if there is one."""
    from nbformat.v4 import new_code_cell

    if not given:
        return
    book.cells = [cell for cell in book.cells if _INJECTED not in _tags(cell)]
    place = next((n for n, cell in enumerate(book.cells, 1) if _TAG in _tags(cell)), 0)
    about = {"tags": [_INJECTED]}
    cell = new_code_cell(_assigned(given), metadata=about)  # type: ignore[no-untyped-call]
    if book.nbformat_minor < 5:
        cell.pop("id", None)
    book.cells.insert(place, cell)


def _assigned(given: dict[str, object]) -> str:
    return "\n".join(["# Parameters", *(f"{name} = {value!r}" for name, value in given.items())])


def _public(book: Any) -> Any:
    """The notebook without the secrets among its parameters."""
    shown = copy.copy(book)
    shown["cells"] = [_masked(cell) if _INJECTED in _tags(cell) else cell for cell in book.cells]
    return shown


def _masked(cell: Any) -> Any:
    shown = copy.copy(cell)
    shown["source"] = "\n".join(map(_masked_line, str(cell["source"]).split("\n")))
    return shown


def _masked_line(line: str) -> str:
    name, equals, value = line.partition(" = ")
    if not equals:
        return line
    masked = masking.arguments([f"{name}={value}"])[0].partition("=")[2]
    return f"{name} = {masked!r}" if masked == MASK else f"{name} = {masked}"


def _tags(cell: Any) -> list[str]:
    return list(cell.metadata.get("tags", ()))


def _execute(book: Any, language: str, target: str) -> int:
    with TemporaryDirectory(prefix="homerun-") as sockets:
        return _outcome(_client(book, language, target, sockets), book, target)


def _outcome(client: Any, book: Any, target: str) -> int:
    from nbclient.exceptions import CellExecutionError, DeadKernelError

    try:
        client.execute()
    except CellExecutionError:
        return 1  # the cell's own words are printed
    except DeadKernelError:
        return _failed("the notebook's kernel died")
    finally:
        _write(book, target)
    return 0


def _client(book: Any, language: str, target: str, sockets: str) -> Any:
    import nbclient

    class Client(nbclient.NotebookClient):  # type: ignore[misc, unused-ignore]
        def process_message(self, msg: Any, cell: Any, cell_index: int) -> Any:
            _show(msg["msg_type"], msg["content"])
            return super().process_message(msg, cell, cell_index)

    named = book.metadata.get("kernelspec", {}).get("name") or _NATIVE
    client = Client(
        book,
        kernel_name=_NATIVE if language == _PYTHON else named,
        timeout=None,
        startup_timeout=_PATIENCE_S,
        iopub_timeout=_PATIENCE_S,
        resources={"metadata": {"path": os.getcwd()}},
        on_cell_executed=lambda **_: _write(book, target),
    )
    manager: Any = client.create_kernel_manager()
    manager.transport = "ipc"  # other users of the machine cannot reach it
    manager.connection_file = os.path.join(sockets, "kernel.json")
    if language == _PYTHON:
        manager.kernel_spec_manager = _own_kernels()
    return client


def _own_kernels() -> Any:
    """A manager whose one kernel is this interpreter: a user's `python3` may be another one."""
    from ipykernel.kernelspec import get_kernel_dict
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager

    class Own(KernelSpecManager):  # type: ignore[misc, unused-ignore]
        def get_kernel_spec(self, kernel_name: str) -> Any:
            return KernelSpec(**get_kernel_dict())

    return Own()


def _show(kind: str, content: Any) -> None:
    """Print what a cell has put out, as text."""
    if kind == "stream":
        stream = sys.stderr if content["name"] == "stderr" else sys.stdout
        stream.write(content["text"])
        stream.flush()
    elif kind in ("execute_result", "display_data") and "text/plain" in content["data"]:
        print(content["data"]["text/plain"], flush=True)
    elif kind == "error":
        print(_plain("\n".join(content["traceback"])), file=sys.stderr, flush=True)


def _plain(text: str) -> str:
    """A text without the colours of a terminal."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def _write(book: Any, target: str) -> None:
    """Write the notebook as a whole, or not at all."""
    import nbformat

    folder, name = os.path.split(target)
    building = os.path.join(folder, f".{name}.{os.getpid()}")
    with open(building, "w", encoding="utf-8") as file:
        file.write(nbformat.writes(_public(book)))  # type: ignore[no-untyped-call]
    os.replace(building, target)


def _failed(why: str) -> int:
    print(f"homerun: {why}", file=sys.stderr)
    return 1
