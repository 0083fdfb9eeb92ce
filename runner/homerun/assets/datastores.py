"""Datastores: names for folders of this machine.

The names that every workspace of Azure has are folders of the store's own, `.runs/.datastores/…`.
Others, and these too, are bound to any folder; `.runs/settings.json` says so:

    {"datastores": {"images": {"folder": "/data/images"}}, "default_datastore": "images"}
"""

from __future__ import annotations

import os

from homerun.base.errors import AssetNotFound, UserError
from runstore import layout
from runstore.errors import InvalidName
from runstore.fs import atomic, safe_path
from runstore.queue import settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from runstore.store import Store

BLOB = "workspaceblobstore"
OWN = (BLOB, "workspacefilestore", "workspaceartifactstore", "workspaceworkingdirectory")
"""Those that every workspace of the original has."""

_ALL = "datastores"
_DEFAULT = "default_datastore"
_FOLDER = "folder"
_MOST = 255
_READ_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC


class DatastorePlace:
    """A datastore: a name, and the folder that it stands for; a store's own is made when used."""

    __slots__ = ("folder", "is_own", "name", "store")

    def __init__(self, store: Store, name: str, folder: str, *, is_own: bool) -> None:
        self.store = store
        self.name = name
        self.folder = folder
        self.is_own = is_own

    def made(self) -> str:
        """Its folder, which is there.

        Raises:
            UserError: it is gone, or no folder.
            ReadOnlyStore: the store cannot be written.
        """
        if self.is_own:
            try:
                root = self.store.for_writing().root
                return atomic.make_folders(root, layout.DATASTORES, self.name)
            except OSError as error:
                raise UserError(f"{self.folder} cannot be used: {error.strerror}") from error
        if not os.path.isdir(self.folder):
            raise UserError(
                f"the folder of datastore {self.name!r}, {self.folder}, is not there: mount it, or "
                f"name another one: homerun datastore add {self.name} FOLDER"
            )
        return self.folder

    def path_of(self, path: object = None) -> str:
        """The path of what lies at a path of the datastore.

        Raises:
            UserError: it leads out of the datastore.
        """
        inner = plain(path)
        return f"{self.folder}/{inner}" if inner else self.folder


def plain(path: object) -> str:
    """A path of a datastore as a relative one; "": its folder itself.

    Raises:
        UserError: it is no text, or leads out of the datastore.
    """
    if path is None:
        return ""
    text = os.fspath(path) if isinstance(path, os.PathLike) else path
    if not isinstance(text, str):
        raise UserError(f"a path of a datastore is text, not {type(path).__name__}")
    parts = [part for part in text.replace("\\", "/").split("/") if part not in ("", ".")]
    if ".." in parts or "\0" in text:
        raise UserError(f"{text!r} leads out of its datastore: give a path below it")
    try:
        size = len(os.fsencode(text))
    except UnicodeEncodeError:
        raise UserError(f"no file has the name {text!r}: it holds half of a character") from None
    if size >= safe_path.MAX_PATH:
        raise UserError(
            f"{text[:60]!r}… is {size} bytes long: a path has less than {safe_path.MAX_PATH}"
        )
    return "/".join(parts)


def check_datastore(name: object) -> str:
    """The name itself if a datastore may have it.

    Raises:
        InvalidName: it is not 1 to 255 letters, digits, `_` and `-`.
    """
    text = name if isinstance(name, str) else ""
    letters = text.replace("_", "").replace("-", "")
    if 0 < len(text) <= _MOST and letters.isascii() and letters.isalnum():
        return text
    shown = repr(name)
    raise InvalidName(
        f"{shown if len(shown) < 200 else shown[:200] + '…'} is not a valid name for a datastore: "
        f"use "
        "1 to 255 letters, digits, '_' and '-'"
    )


def find_place(store: Store, name: object = None) -> DatastorePlace:
    """The datastore of a name; None: the default one.

    Raises:
        AssetNotFound: there is none; it says how to bind the name to a folder.
        InvalidSettings: the settings cannot be read.
    """
    said = settings.read(store.root)
    wanted = default_of(said) if name is None else name
    try:
        check_datastore(wanted)
    except InvalidName as error:
        raise AssetNotFound(f"there is no datastore of that name: {error.message}") from None
    return _place(store, str(wanted), _bound(said))


def _place(store: Store, name: str, bound: Mapping[str, str]) -> DatastorePlace:
    if name in bound:
        return DatastorePlace(store, name, os.path.abspath(bound[name]), is_own=False)
    if name in OWN:
        folder = f"{store.root}/{layout.DATASTORES}/{name}"
        return DatastorePlace(store, name, folder, is_own=True)
    raise missing_place(store, name)


def missing_place(store: Store, name: str) -> AssetNotFound:
    """The error for a datastore that is not there."""
    known = ", ".join([*OWN[:1], *sorted(_bound(settings.read(store.root)))])
    return AssetNotFound(
        f"there is no datastore {name!r} here ({known} are): bind the name to a folder of this "
        f"machine with `homerun datastore add {name} FOLDER`"
    )


def places(store: Store) -> Iterator[DatastorePlace]:
    """All datastores: those of the original first."""
    bound = _bound(settings.read(store.root))
    for name in dict.fromkeys([*OWN, *sorted(bound)]):
        yield _place(store, name, bound)


def _bound(said: Mapping[str, Any]) -> dict[str, str]:
    found = said.get(_ALL)
    given = found if isinstance(found, dict) else {}
    return {
        name: str(one[_FOLDER])
        for name, one in given.items()
        if isinstance(one, dict) and isinstance(one.get(_FOLDER), str)
    }


def datastore_rows(store: Store) -> list[dict[str, Any]]:
    """What is known of each datastore, in the keys of the command line."""
    default = default_of(settings.read(store.root))
    return [
        {"name": one.name, "folder": one.folder, "default": one.name == default}
        for one in places(store)
    ]


def default_of(said: Mapping[str, Any]) -> str:
    """The name of the default datastore, as settings have it."""
    name = said.get(_DEFAULT)
    return name if isinstance(name, str) and name else BLOB


def bind(store: Store, name: str, folder: str | os.PathLike[str]) -> DatastorePlace:
    """Let a name stand for a folder, from now on.

    Raises:
        InvalidName: no datastore can have it.
        UserError: there is no such folder.
        ReadOnlyStore, LockTimeout, InvalidSettings: nothing was changed.
    """
    check_datastore(name)
    path = os.path.abspath(os.path.expanduser(os.fspath(folder)))
    if not os.path.isdir(path):
        raise UserError(f"there is no folder {path} to be the datastore {name!r}")

    def edit(said: dict[str, Any]) -> None:
        said.setdefault(_ALL, {})[name] = {_FOLDER: path}

    settings.change(store.for_writing().root, edit)
    return DatastorePlace(store, name, path, is_own=False)


def unbind(store: Store, name: str) -> None:
    """Let a name stand for no folder any more; what lies there stays.

    Raises:
        AssetNotFound: it stands for none.
    """
    place = find_place(store, name)
    if place.is_own:
        raise UserError(f"the datastore {name!r} is the store's own: it is always there")

    def edit(said: dict[str, Any]) -> None:
        said.get(_ALL, {}).pop(name, None)
        if said.get(_DEFAULT) == name:
            del said[_DEFAULT]

    settings.change(store.for_writing().root, edit)


def set_default(store: Store, name: str) -> None:
    """Have a datastore be meant where none is named.

    Raises:
        AssetNotFound: there is none of that name.
    """
    find_place(store, name)
    settings.change(store.for_writing().root, lambda said: said.update({_DEFAULT: name}))


# Copying, to a datastore and from it. What lies below a datastore is data: it may hold links.


def upload(
    place: DatastorePlace, files: Iterable[tuple[str, str]], target: object, *, overwrite: bool
) -> list[str]:
    """Copy files of this machine into a datastore; the paths that they have there.

    Args:
        files: the path of each, and how it is to be called.
        overwrite: replace what is there; else that stays.

    Raises:
        UserError: a file cannot be read, or written there.
    """
    home, inside = place.made(), plain(target)
    done = []
    for source, inner in files:
        path = "/".join(part for part in (inside, plain(inner)) if part)
        if overwrite or not os.path.lexists(f"{home}/{path}"):
            _copy(source, home, path, is_own=place.is_own)
        done.append(path)
    return done


def below(folder: str) -> Iterator[tuple[str, str]]:
    """Each file below a folder: its path, and its path from there.

    Raises:
        UserError: it is no folder, or cannot be read.
    """
    if not os.path.isdir(folder):
        raise UserError(f"there is no folder {folder}")
    for here, folders, names in os.walk(folder, onerror=_unreadable):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(here, name)
            if os.path.isfile(path):
                yield path, os.path.relpath(path, folder)


def named_from(files: Iterable[str], root: str | None) -> Iterator[tuple[str, str]]:
    """Files, each with its path from a folder above it; without one the last part of its path.

    Raises:
        UserError: it is no list of paths, or one is not below the folder, or no file.
    """
    if isinstance(files, (str, os.PathLike)):
        raise UserError("upload_files takes a list of paths; upload takes a folder")
    for one in files:
        path = os.path.abspath(os.path.expanduser(os.fspath(one)))
        if not os.path.isfile(path):
            raise UserError(f"there is no file {path}")
        inner = os.path.basename(path)
        if root is not None:
            inner = os.path.relpath(path, os.path.abspath(os.path.expanduser(root)))
            if inner.split(os.sep)[0] == os.pardir:
                raise UserError(f"{path} is not below the relative root {root}")
        yield path, inner


def _unreadable(error: OSError) -> None:
    raise UserError(f"{error.filename} cannot be read ({error.strerror})")


def download(place: DatastorePlace, target: str, prefix: object, *, overwrite: bool) -> list[str]:
    """Copy files of a datastore below a folder, under their paths there; the paths of the copies.

    Args:
        prefix: only what lies at this path, or below it.
        overwrite: replace what is there; else that stays.
    """
    start = plain(prefix)
    done = []
    for source, inner in below(place.made()):
        if start and inner != start and not inner.startswith(f"{start}/"):
            continue
        if overwrite or not os.path.lexists(os.path.join(target, inner)):
            _copy(source, target, inner)
        done.append(os.path.join(target, inner))
    return done


def copy_file(source: str, target: str, *, is_own: bool = False) -> None:
    """Copy a file to a path; it appears whole, or not at all.

    Args:
        is_own: the path is in the store: what is made is its owner's alone, or the store's group's.

    Raises:
        UserError: it cannot be read, or not be written there.
    """
    above, name = os.path.split(os.path.abspath(target))
    _copy(source, above, name, is_own=is_own)


def _copy(source: str, home: str, path: str, *, is_own: bool = False) -> None:
    *parts, last = path.split("/")
    mode = None if is_own else 0o777
    try:
        if is_own:
            atomic.make_private_folders(home)
        os.makedirs(home, exist_ok=True)
        descriptor = os.open(source, _READ_FLAGS)
        try:
            here = safe_path.descend(safe_path.open_root(home), parts, make=True, mode=mode)
            try:
                begun = f".{last[:200]}.{os.getpid()}.{os.urandom(4).hex()}"
                bits = 0o600 if is_own else 0o666
                copy = safe_path.write_beside(here, begun, descriptor, mode=bits)
                if is_own:
                    atomic.let_group_read(copy, here)
                os.close(copy)
                try:
                    os.replace(begun, last, src_dir_fd=here, dst_dir_fd=here)
                finally:
                    safe_path.remove(here, begun)
            finally:
                os.close(here)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise UserError(f"{source} cannot be copied to {home}/{path} ({error.strerror})") from error
