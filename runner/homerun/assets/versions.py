"""Versions of named things in a store: each a folder that appears whole, under the next number.

    .models/<name>/<version>/{model.json, files/…, labels/…, properties/…, deleted.json}

A version is built under a hidden name and renamed to its number. A rename replaces no folder that
holds something, so of any number of makers each gets a number of its own, without a gap. What is
deleted leaves its folder, so that no number is ever given twice. Where a link, or another user's
file, stands in the place of a version it is refused.
"""

from __future__ import annotations

import errno
import os

from homerun.base.errors import AssetNotFound, UserError
from runstore import layout, names
from runstore.errors import InvalidName
from runstore.fs import atomic, facts, lock, safe_path, tree
from runstore.run import labels, properties

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from runstore.store import Store

    Changes = list[tuple[str, str, object]]

MOST_NAME = 255
_TAKEN = (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR)
"""What a rename to a number fails with that is given already."""

_ANOTHER_NAME = "it is damaged: it says another name"


class Version:
    """One version of a named thing.

    Attributes:
        said: the fact that was written when it was made.
        path: its folder.
    """

    __slots__ = ("name", "number", "path", "said", "shelf")

    def __init__(self, shelf: Shelf, name: str, number: int, said: dict[str, Any]) -> None:
        self.shelf = shelf
        self.name = name
        self.number = number
        self.said = said
        self.path = shelf.path_of(name, number)

    @property
    def id(self) -> str:
        """`name:version`."""
        return f"{self.name}:{self.number}"

    @property
    def files(self) -> str:
        """The folder of its files."""
        return f"{self.path}/{layout.FILES}"

    @property
    def tags(self) -> dict[str, str | None]:
        """The tags as they are now."""
        return labels.read(self.path, self.said).tags

    @property
    def description(self) -> str | None:
        """The text for people as it is now."""
        return labels.read(self.path, self.said).description

    @property
    def properties(self) -> dict[str, str]:
        """The properties as they are now."""
        return properties.read(self.path, self.said)

    def label(self, changes: Changes) -> None:
        """Change tags or the description; see `runstore.run.labels`.

        Raises:
            UserError: it was deleted.
            ReadOnlyStore: the store cannot be written.
        """
        self.shelf.store.for_writing()
        self.shelf.get(self.name, self.number)
        labels.write(self.path, changes)

    def add_properties(self, given: Mapping[str, str | None]) -> None:
        """Set properties, each once.

        Raises:
            PropertyExists: one has another value.
        """
        self.shelf.store.for_writing()
        self.shelf.get(self.name, self.number)
        for key, value in given.items():
            properties.add(self.path, key, str(value), self.said)


class Shelf:
    """The named things of one kind in a store, with their versions.

    Args:
        kind: what one is called in a sentence.
        home: its folder in the store.
        fact: the file in a version's folder that says what it is.
        missing: what is raised where there is none.
    """

    def __init__(
        self,
        store: Store,
        kind: str,
        home: str,
        fact: str,
        missing: type[UserError] = AssetNotFound,
    ) -> None:
        self.store = store
        self.kind = kind
        self.home = home
        self.fact = fact
        self._missing = missing

    def path_of(self, name: str, number: int) -> str:
        """The folder of a version."""
        return f"{self._folder(name)}/{number}"

    def publish(self, name: str, fill: Callable[[str], Mapping[str, Any]]) -> Version:
        """Make the next version.

        Args:
            fill: puts its files into a folder that is not seen yet, and returns what the version's
                fact says.

        Raises:
            InvalidName: there can be none of that name.
            ReadOnlyStore, FormatTooNew: the store cannot be written.
            UserError: the disk is full, or the like; nothing of it is left.
        """
        root = self.store.for_writing().root
        inside = names.to_file_name(check_name(self.kind, name))
        try:
            folder = atomic.make_folders(root, self.home, inside)
            return self._publish(root, name, folder, fill)
        except OSError as error:
            known = atomic.unwritable(root, error)
            if known is not error or isinstance(error, FileNotFoundError):
                raise known from error
            said = error.strerror or error
            raise UserError(f"the {self.kind} {name!r} cannot be kept ({said})") from error

    def _publish(
        self, root: str, name: str, folder: str, fill: Callable[[str], Mapping[str, Any]]
    ) -> Version:
        new = f"{folder}/{layout.NEW}{os.getpid()}-{os.urandom(4).hex()}"
        atomic.make_new_folder(new)
        alive = None
        try:
            # Held while it is built: so a collector leaves it alone, however long that takes.
            alive = lock.take(f"{new}/{layout.ALIVE}", self.store.lock_kind)
            said = facts.signed({"name": name, **fill(new)})
            facts.publish(new, self.fact, said, sync=True)
            os.unlink(f"{new}/{layout.ALIVE}")
            atomic.sync_folder(new)
            number = self._appear(folder, new)
        except BaseException:
            tree.remove(root, new)
            raise
        finally:
            if alive is not None:
                lock.release(alive)
        atomic.sync_folder(folder)
        return Version(self, name, number, said)

    def _appear(self, folder: str, new: str) -> int:
        """Rename a folder to the next number that is free; the number."""
        number = max(_numbers(folder), default=0) + 1
        while True:
            try:
                os.rename(new, f"{folder}/{number}")
            except OSError as error:
                if error.errno not in _TAKEN:
                    raise
                number += 1
            else:
                return number

    def versions(self, name: str) -> list[int]:
        """The numbers of the versions that are there, in their order; [] where there are none."""
        return sorted(number for number, _ in self._found(name, is_strict=False))

    def get(self, name: str, number: int | None = None) -> Version:
        """A version, the latest unless told otherwise.

        Raises:
            UserError: there is none; or a link or another user's file stands in its place.
        """
        if number is not None:
            said = self._read(name, number)
            if said is not None:
                return Version(self, name, number, said)
        else:
            for found, said in self._found(name):
                return Version(self, name, found, said)
        raise self.missing(name, number)

    def find(self, name: str, number: int | None = None) -> Version | None:
        """The same; None where there is none."""
        try:
            return self.get(name, number)
        except self._missing:
            return None

    def missing(self, name: str, number: int | None = None) -> UserError:
        """The error for what is not there."""
        known = self.versions(name)
        if known:
            shown = ", ".join(map(str, known[-12:]))
            return self._missing(
                f"there is no version {number} of the {self.kind} {name!r}; it has {shown}"
            )
        some = self.names()
        shown = f"there are {', '.join(some[:12])}" if some else "none is registered yet"
        return self._missing(f"there is no {self.kind} {name!r} in this workspace; {shown}")

    def names(self) -> list[str]:
        """The names of which there is a version, sorted."""
        found = []
        for inside in self._inside():
            name = self._true_name(inside)
            if name is not None:
                found.append(name)
        return sorted(found)

    def latest(self) -> Iterator[Version]:
        """The latest version of each, by name."""
        for name in self.names():
            for number, said in self._found(name, is_strict=False):
                yield Version(self, name, number, said)
                break

    def all(self, name: str | None = None) -> Iterator[Version]:
        """Every version, by name, the newest first."""
        for one in self.names() if name is None else [name]:
            for number, said in self._found(one, is_strict=False):
                yield Version(self, one, number, said)

    def seen(self, name: str | None = None) -> Iterator[Version | UserError]:
        """Every version, by name, the newest first; in place of one that is refused, the error."""
        inside = None if name is None else names.to_file_name(check_name(self.kind, name))
        try:
            found = sorted(atomic.names_in(f"{self.store.root}/{self.home}"))
        except FileNotFoundError:
            return
        except OSError as error:
            yield self._refused("", _why_not(error))
            return
        for one in [one for one in found if one[0] != "." and inside in (None, one)]:
            yield from self._seen_in(one)

    def delete(self, version: Version) -> None:
        """Delete a version: its files go, its number stays taken.

        Raises:
            UserError: it is gone already, or its files cannot be removed.
        """
        root = self.store.for_writing().root
        self.get(version.name, version.number)
        try:
            facts.publish(version.path, layout.DELETED, facts.signed({}), sync=True)
            tree.remove(root, version.files)
        except OSError as error:
            raise atomic.unwritable(root, error) from error

    # Reading: no link is followed, and what another user has put there is refused.

    def _folder(self, name: str) -> str:
        inside = names.to_file_name(check_name(self.kind, name))
        return f"{self.store.root}/{self.home}/{inside}"

    def _inside(self) -> list[str]:
        try:
            found = atomic.names_in(f"{self.store.root}/{self.home}")
        except OSError:
            return []
        return sorted(one for one in found if not one.startswith("."))

    def _true_name(self, inside: str) -> str | None:
        """The name that the versions in a folder bear; None: there is none, or it lies amiss."""
        folder = f"{self.store.root}/{self.home}/{inside}"
        for number in sorted(_numbers(folder), reverse=True):
            try:
                said = self._read_at(inside, number)
            except UserError:
                continue
            name = (said or {}).get("name")
            if isinstance(name, str) and names.to_file_name(name) == inside:
                return name
        return None

    def _found(self, name: str, *, is_strict: bool = True) -> Iterator[tuple[int, dict[str, Any]]]:
        """The versions, the newest first.

        Args:
            is_strict: raise for one that is refused, instead of leaving it out.
        """
        for number in sorted(_numbers(self._folder(name)), reverse=True):
            try:
                said = self._read(name, number)
            except UserError:
                if is_strict:
                    raise
                continue
            if said is not None:
                yield number, said

    def _seen_in(self, inside: str) -> Iterator[Version | UserError]:
        """The versions in the folder of a name, and the errors of those that are refused."""
        try:
            numbers = _given(atomic.names_in(f"{self.store.root}/{self.home}/{inside}"))
        except OSError as error:
            yield self._refused(inside, _why_not(error))
            return
        for number in sorted(numbers, reverse=True):
            where = f"{inside}/{number}"
            try:
                said = self._read_at(inside, number)
                if said is None:
                    continue
                name = check_name(self.kind, said.get("name"))
                if names.to_file_name(name) == inside:
                    yield Version(self, name, number, said)
                    continue
            except InvalidName:
                pass
            except UserError as error:
                yield error
                continue
            yield self._refused(where, _ANOTHER_NAME)

    def _read(self, name: str, number: int) -> dict[str, Any] | None:
        """What a version's fact says; None: there is no such version, or it was deleted.

        Raises:
            UserError: a link or another user's file stands in its place, or the fact is damaged.
        """
        inside = names.to_file_name(check_name(self.kind, name))
        said = self._read_at(inside, number)
        if said is not None and said.get("name") != name:
            raise self._refused(f"{inside}/{number}", _ANOTHER_NAME)
        return said

    def _read_at(self, inside: str, number: int) -> dict[str, Any] | None:
        where = f"{inside}/{number}"
        parts = (self.home, inside, str(number))
        try:
            here = safe_path.descend(safe_path.open_root(self.store.root), parts, make=False)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._refused(where, _why_not(error)) from None
        try:
            if atomic.is_at(f"{self.store.root}/{'/'.join(parts)}/{layout.DELETED}"):
                return None
            return self._fact_in(here, where)
        finally:
            os.close(here)

    def _fact_in(self, here: int, where: str) -> dict[str, Any]:
        try:
            descriptor = safe_path.open_file(here, self.fact)
        except (safe_path.NoFileError, OSError) as error:
            told = getattr(error, "strerror", None) or str(error)
            raise self._refused(where, f"{self.fact}: {told}") from None
        with os.fdopen(descriptor, "rb") as file:
            if os.fstat(descriptor).st_uid != os.stat(self.store.root).st_uid:
                raise self._refused(where, f"{self.fact} is another user's")
            said = facts.parse(file.read(atomic.MOST_BYTES))
        if said is None:
            raise self._refused(where, f"{self.fact} is damaged")
        return said

    def _refused(self, where: str, why: str) -> UserError:
        place = "/".join(filter(None, (self.store.root, self.home, where)))
        return UserError(f"{place} is not a {self.kind} that can be used: {why}")


def check_name(kind: str, name: object) -> str:
    """The name itself if something can be registered under it.

    Raises:
        InvalidName: it is no text, empty, longer than 255 characters, or holds a control character.
    """
    if not isinstance(name, str):
        raise InvalidName(f"a {kind} is named by text, not by {type(name).__name__}")
    problem = ""
    if not name.strip():
        problem = "it is empty"
    elif len(name) > MOST_NAME:
        problem = f"it is longer than {MOST_NAME} characters"
    elif any(ord(c) < 32 or ord(c) == 127 or 0xD800 <= ord(c) < 0xE000 for c in name):
        problem = "it holds a control character, or half of a character"
    if problem:
        shown = repr(name if len(name) <= MOST_NAME else f"{name[:60]}…")
        raise InvalidName(f"{shown} is not a valid name for a {kind}: {problem}")
    return name


def version_number(kind: str, version: object) -> int | None:
    """A version as it was given: a number, or its text; None stays None.

    Raises:
        UserError: it is no such number.
    """
    if version is None or (isinstance(version, str) and version.strip().lower() == "latest"):
        return None
    text = str(version).strip()
    if isinstance(version, bool) or not text.isascii() or not text.isdigit() or len(text) > 9:
        raise UserError(f"a version of a {kind} is a number, or 'latest', not {version!r}")
    return int(text)


def _why_not(error: OSError) -> str:
    """Why a folder is not read."""
    if error.errno in safe_path.NO_FOLDER:
        return "a link or a file stands there"
    return f"it cannot be read: {error.strerror}"


def _numbers(folder: str) -> list[int]:
    """The numbers that are given in a folder, to versions that were deleted too."""
    try:
        return _given(atomic.names_in(folder))
    except OSError:
        return []


def _given(found: list[str]) -> list[int]:
    return [int(one) for one in found if one.isascii() and one.isdigit() and one[0] != "0"]
