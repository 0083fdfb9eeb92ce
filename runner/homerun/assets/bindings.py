"""What a run reads and writes, as arguments of its script name it, and as its record keeps it.

An argument that stands for data is a placeholder until a run is made: then it becomes a path, or
the id of a dataset. The record keeps the placeholder, and beside it what the data was, so that a
run that is submitted again gets paths of its own.
"""

from __future__ import annotations

import os
import time

from homerun.assets import datasets, datastores
from homerun.base.environ import INPUT_DATA, OUTPUT_DATA
from homerun.base.errors import SubmitError, UserError
from runstore import layout
from runstore.fs import atomic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from runstore.store import Store

INPUT, OUTPUT, REFERENCE = "input", "output", "reference"
DIRECT, MOUNT, DOWNLOAD = "direct", "mount", "download"

_PLACEHOLDERS = {
    INPUT: "DatasetConsumptionConfig:",
    OUTPUT: "DatasetOutputConfig:",
    REFERENCE: "$AZUREML_DATAREFERENCE_",
}
_VARIABLE = "AZUREML_DATAREFERENCE_"
_OURS = (INPUT_DATA, OUTPUT_DATA)
_RUN_ID, _NAME, _WHEN = "{run-id}", "{output-name}", "{timestamp}"
DESTINATION = f"dataset/{_RUN_ID}/{_NAME}"


class Binding:
    """One thing that a run reads or writes.

    Args:
        kind: INPUT, OUTPUT or REFERENCE.
        name: what the script calls it.
        mode: how it is read or written.
        definition: of a dataset that is read.
        dataset, version: under which it is registered.
        datastore, path: of what is written, or referred to.
        register: of an output: what it is registered as when the run has completed: `name`, and
            perhaps `description`, `tags` and `definition` of a table.
    """

    __slots__ = (
        *("kind", "name", "mode", "definition", "dataset", "version"),
        *("datastore", "path", "register"),
    )

    def __init__(
        self,
        kind: str,
        name: str,
        mode: str,
        *,
        definition: Mapping[str, Any] | None = None,
        dataset: str | None = None,
        version: int | None = None,
        datastore: str | None = None,
        path: str | None = None,
        register: Mapping[str, Any] | None = None,
    ) -> None:
        self.kind = kind
        self.name = check_binding(name)
        self.mode = mode
        self.definition = definition
        self.dataset = dataset
        self.version = version
        self.datastore = datastore
        self.path = path
        self.register = register

    @property
    def placeholder(self) -> str:
        """The word that stands for it among arguments."""
        return f"{_PLACEHOLDERS[self.kind]}{self.name}"


class BoundData:
    """What bindings became for one run.

    Attributes:
        words: what each placeholder becomes.
        variables: what the script's environment gets.
        inputs, outputs: what run.json says.
    """

    def __init__(self) -> None:
        self.words: dict[str, str] = {}
        self.variables: dict[str, str] = {}
        self.inputs: list[dict[str, Any]] = []
        self.outputs: list[dict[str, Any]] = []

    def filled(self, argv: Sequence[str]) -> list[str]:
        """A command line with paths in place of placeholders, also behind a `--name=`."""
        return [self._word(word) for word in argv]

    def _word(self, word: str) -> str:
        if word in self.words:
            return self.words[word]
        head, equals, rest = word.partition("=")
        return f"{head}={self.words[rest]}" if equals and rest in self.words else word

    def enter(self, env: dict[str, str]) -> None:
        """Put the variables into a script's environment; none replaces one of another meaning."""
        known = [part.partition(":")[0] for part in (env.get(INPUT_DATA) or "").split(",")]
        known += (env.get(OUTPUT_DATA) or "").split(";")
        for name, value in self.variables.items():
            if name not in env or name in known or name in _OURS or name.startswith(_VARIABLE):
                env[name] = value


def check_binding(name: object) -> str:
    """The name itself if a script can call its data so: it is part of paths and variables.

    Raises:
        UserError: it is not 1 to 255 letters, digits and `_`, not a digit first.
    """
    if isinstance(name, str) and name.isidentifier() and name.isascii() and len(name) <= 255:
        return name
    raise UserError(f"{name!r} names no data of a run: use letters, digits and '_'")


def made_up_name(begin: str) -> str:
    """A name for what was given none."""
    plain = "".join(c if c.isalnum() and c.isascii() else "_" for c in begin)
    return f"{plain if plain[:1].isalpha() else 'data'}_{os.urandom(4).hex()}"


def taken(given: Iterable[object]) -> tuple[list[object], list[Binding]]:
    """Arguments with placeholders for those that stand for data, and what these are.

    Raises:
        UserError: a dataset is among them as it is: it has to be said how it is read.
    """
    words: list[object] = []
    found: list[Binding] = []
    for one in given:
        bound = getattr(one, "bound", None)
        if not callable(bound):
            words.append(one)
            continue
        found.append(bound())
        words.append(found[-1].placeholder)
    return words, distinct(found)


def distinct(found: Iterable[Binding]) -> list[Binding]:
    """Bindings, each once.

    Raises:
        UserError: two different ones have one name.
    """
    known: dict[str, Binding] = {}
    for one in found:
        other = known.setdefault(one.placeholder, one)
        if other is not one and any(
            getattr(one, key) != getattr(other, key) for key in Binding.__slots__
        ):
            raise UserError(f"two different data of the run are named {one.name!r}: rename one")
    return list(known.values())


def settle(
    store: Store, found: Sequence[Binding], run_id: str, folder: str, final: str
) -> BoundData:
    """Prepare what a run reads and writes.

    Args:
        folder: the run's folder as long as it is not seen; its path will be `final`.

    Raises:
        SubmitError: a dataset has no files, a datastore's folder is gone, or the like.
    """
    made = BoundData()
    try:
        for one in found:
            if one.kind == INPUT:
                _input(store, one, made, folder, final)
            elif one.kind == OUTPUT:
                _output(store, one, made, run_id)
            else:
                place = datastores.find_place(store, one.datastore)
                place.made()
                made.words[one.placeholder] = place.path_of(one.path)
                made.variables[f"{_VARIABLE}{one.name}"] = place.path_of(one.path)
                _note_reference(one, made)
    except UserError as error:
        raise SubmitError(error.message) from error
    _name_all(made)
    return made


def _input(store: Store, one: Binding, made: BoundData, folder: str, final: str) -> None:
    definition = datasets.prepared(store, one.definition or {})
    entry: dict[str, Any] = {"name": one.name, "mode": one.mode}
    entry["id"] = datasets.keep_definition(store, definition)
    entry.update(
        {k: v for k, v in (("dataset", one.dataset), ("version", one.version)) if v is not None}
    )
    word = entry["id"]
    if one.mode != DIRECT:
        files = datasets.files_of(store, definition)
        here = datasets.whole_folder_of(store, definition) if one.mode == MOUNT else None
        if here is None:
            entry["path"] = f"{layout.INPUTS}/{one.name}"
            _place(files, folder, one.name, copies=one.mode == DOWNLOAD)
        word = here or _shown_path(store, definition, files, f"{final}/{entry['path']}")
        made.variables[one.name] = word
    made.words[one.placeholder] = word
    made.inputs.append(entry)


def _place(files: list[tuple[str, str]], folder: str, name: str, *, copies: bool) -> None:
    try:
        above = atomic.make_folders(folder, layout.INPUTS, name)
    except OSError as error:
        raise UserError(f"{folder}/{layout.INPUTS} cannot be made: {error.strerror}") from error
    datasets.place_files(files, above, copies=copies, is_own=True)


def _shown_path(
    store: Store, definition: Mapping[str, Any], files: list[tuple[str, str]], folder: str
) -> str:
    """The folder of files that were placed; of a dataset that names one file, the file's path."""
    is_file = datasets.is_one_file(store, definition)
    return os.path.join(folder, files[0][0]) if is_file else folder


def _output(store: Store, one: Binding, made: BoundData, run_id: str) -> None:
    place = datastores.find_place(store, one.datastore)
    inner = (one.path or DESTINATION).replace(_RUN_ID, run_id).replace(_NAME, one.name)
    inner = datastores.plain(inner.replace(_WHEN, str(int(time.time()))))
    home = place.made()
    path = place.path_of(inner)
    try:
        if place.is_own and inner:
            atomic.make_folders(home, *inner.split("/"))
        else:
            os.makedirs(path, exist_ok=True)
    except OSError as error:
        raise UserError(f"{path} cannot be made: {error.strerror}") from error
    made.words[one.placeholder] = made.variables[one.name] = path
    entry: dict[str, Any] = {"name": one.name, "mode": one.mode, "datastore": place.name}
    entry["path"] = inner
    entry["asked"] = one.path or DESTINATION
    if one.register:
        entry["register"] = dict(one.register)
    made.outputs.append(entry)


def _note_reference(one: Binding, made: BoundData) -> None:
    entry: dict[str, Any] = {"name": one.name, "mode": one.mode, "reference": True}
    entry.update(datastore=one.datastore, path=one.path)
    (made.outputs if one.mode == "upload" else made.inputs).append(entry)


def _name_all(made: BoundData) -> None:
    """The variables by which the original tells a script what it has."""
    listed = [f"{one['name']}:{one['mode']}" for one in made.inputs if not one.get("reference")]
    if listed:
        made.variables[INPUT_DATA] = ",".join(listed)
    named = [one["name"] for one in made.outputs if not one.get("reference")]
    if named:
        made.variables[OUTPUT_DATA] = ";".join(named)


def bindings_of(store: Store, run: Mapping[str, Any]) -> list[Binding]:
    """The bindings of a run that is on record, for one that is to be like it.

    Raises:
        UserError: what it has read is not kept any more.
    """
    found = []
    for one in run.get("inputs") or ():
        if one.get("reference"):
            found.append(_reference(one))
            continue
        found.append(
            Binding(
                INPUT,
                one["name"],
                one["mode"],
                definition=datasets.definition_of(store, one["id"]),
                dataset=one.get("dataset"),
                version=one.get("version"),
            )
        )
    for one in run.get("outputs") or ():
        if one.get("reference"):
            found.append(_reference(one))
            continue
        found.append(
            Binding(
                OUTPUT,
                one["name"],
                one["mode"],
                datastore=one["datastore"],
                path=one.get("asked"),
                register=one.get("register"),
            )
        )
    return found


def _reference(one: Mapping[str, Any]) -> Binding:
    return Binding(
        REFERENCE, one["name"], one["mode"], datastore=one["datastore"], path=one.get("path")
    )


def input_path(store: Store, run_folder: str, one: Mapping[str, Any]) -> str:
    """Where a run has an input that it does not read by its id.

    Raises:
        UserError: the dataset is not kept any more.
    """
    if one.get("reference"):
        return datastores.find_place(store, one.get("datastore")).path_of(one.get("path"))
    definition = datasets.definition_of(store, one["id"])
    if "path" not in one:
        return datasets.whole_folder_of(store, definition) or ""
    folder = f"{run_folder}/{layout.INPUTS}/{check_binding(one['name'])}"
    if not datasets.is_one_file(store, definition):
        return folder
    return os.path.join(folder, datasets.files_of(store, definition)[0][0])


def output_path(store: Store, one: Mapping[str, Any]) -> str:
    """Where a run writes an output."""
    return datastores.find_place(store, one.get("datastore")).path_of(one.get("path"))
