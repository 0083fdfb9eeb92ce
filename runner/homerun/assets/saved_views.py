"""Saved views: what a page of Studio shows, kept by name for all who use the store.

    .views/<id>.<revision>.json

Each save, and the deletion, is a revision of its own: a fact that appears by a link and never
changes. So of two who change the same revision at once exactly one wins, and the other is told. The
highest revision holds; the ones before it are kept for a while. No link is followed, and a file of
another user than the store's is none.
"""

from __future__ import annotations

import os
import re

from homerun.assets.versions import check_name
from homerun.base import times
from homerun.base.errors import AssetNotFound, UserError, ViewConflict
from runstore import layout
from runstore.fs import atomic, facts, safe_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from runstore.store import Store

    Question = Mapping[str, Sequence[str]]

MOST = 1_000
"""A store has no more views than that."""
KEPT = 10
"""So many revisions of a view stay."""
_MOST_NAME = 100
_MOST_BYTES = 1 << 18
_MOST_PARTS = 200
_LONGEST = 4_000
_NEVER = "1970-01-01T00:00:00Z"
"""For a view that does not say when it was saved."""
_FILE = re.compile(r"([0-9a-f]{12})\.([1-9][0-9]{0,8})\.json", re.ASCII)
_PAGE = re.compile(r"[a-z]{1,20}", re.ASCII)


class SavedView:
    """A view as its newest revision has it.

    Attributes:
        id: it stays the same through all changes.
        revision: what a change is based on.
        page: the page that it is of.
        query: what stands behind the `?` of the page's address, by name.
        is_default: what the page of its experiment begins with.
        user, time: who saved it last, and when.
    """

    __slots__ = ("id", "is_default", "name", "page", "query", "revision", "time", "user")

    def __init__(self, view_id: str, revision: int, said: Mapping[str, Any]) -> None:
        self.id = view_id
        self.revision = revision
        self.name: str = said["name"]
        self.page: str = said["page"]
        self.query: dict[str, list[str]] = said["query"]
        self.is_default = said.get("is_default") is True
        self.user = str(said.get("user") or "")
        self.time = times.zulu(times.as_datetime(said.get("time")) and said["time"]) or _NEVER

    @property
    def experiment(self) -> str:
        """The experiment that it is of; "": all."""
        return next(iter(self.query.get("experiment", ())), "")

    def describe(self) -> dict[str, Any]:
        """It as Studio and programs show it."""
        return {name: getattr(self, name) for name in (*self.__slots__, "experiment")}


def stored(store: Store) -> list[SavedView]:
    """All views by name; of several defaults of one experiment only the one saved last is it.

    Two that were given one name at once have both held: the second is shown with a number.
    """
    found = [one for one in _read(store).values() if one is not None]
    _tell_apart(found)
    found.sort(key=lambda one: (one.name.casefold(), one.id))
    last: dict[tuple[str, str], SavedView] = {}
    for one in sorted((one for one in found if one.is_default), key=lambda one: one.time):
        place = one.page, one.experiment
        if place in last:
            last[place].is_default = False
        last[place] = one
    return found


def _tell_apart(found: Sequence[SavedView]) -> None:
    """Give each view of a page and experiment a name of its own.

    By their ids, which stay: a view keeps its name when another one is saved.
    """
    taken = {(one.page, one.experiment, one.name) for one in found}
    seen: set[tuple[str, str, str]] = set()
    for one in sorted(found, key=lambda one: one.id):
        given, number = one.name, 2
        if (one.page, one.experiment, given) in seen:
            while (one.page, one.experiment, one.name) in taken:
                one.name, number = f"{given} ({number})", number + 1
        place = one.page, one.experiment, one.name
        taken.add(place)
        seen.add(place)


def find_view(store: Store, name: str) -> SavedView:
    """The view of a name, or of an id.

    Raises:
        AssetNotFound: there is none.
        UserError: several experiments have one of that name.
    """
    views = stored(store)
    found = [one for one in views if one.id == name] or [one for one in views if one.name == name]
    if len(found) > 1:
        ids = " or ".join(one.id for one in found)
        raise UserError(f"{len(found)} views are called {name!r}: name one by its id, {ids}")
    if not found:
        known = ", ".join(dict.fromkeys(one.name for one in views)) or "none yet"
        raise AssetNotFound(f"there is no view {name!r}; the store has {known}")
    return found[0]


def save_view(
    store: Store,
    name: str,
    page: str,
    query: Question,
    is_default: bool = False,
    view_id: str | None = None,
    revision: int | None = None,
) -> SavedView:
    """Save a view: a new one, or a change of one.

    Args:
        view_id: the view that is changed; None: a new one.
        revision: the revision of it that the change is based on.

    Raises:
        ViewConflict: it was changed meanwhile; nothing was saved.
        AssetNotFound: it is gone.
        InvalidName, UserError: it cannot be called so, or is too large.
        ReadOnlyStore, FormatTooNew: the store cannot be written.
    """
    known = stored(store)
    said: dict[str, Any] = {**_checked(name, page, query), "is_default": bool(is_default)}
    made = SavedView(view_id or os.urandom(6).hex(), 0, said)
    for one in known:
        alike = (one.page, one.experiment, one.name) == (made.page, made.experiment, made.name)
        if alike and one.id != view_id:
            raise UserError(f"there is a view {name!r} already: save it under another name")
    if view_id is None:
        if len(known) >= MOST:
            raise UserError(f"the store has {MOST} views: delete one first")
        return _publish(store, made.id, 0, said)
    return _publish(store, view_id, _based_on(store, view_id, revision), said)


def remove(store: Store, view_id: str, revision: int | None = None) -> SavedView:
    """Delete a view, and return it as it was.

    Raises:
        ViewConflict: it was changed since that revision; None: since now.
        AssetNotFound: there is none.
        ReadOnlyStore, FormatTooNew: the store cannot be written.
    """
    found = find_view(store, view_id)
    number = _based_on(store, found.id, found.revision if revision is None else revision)
    said = {"name": found.name, "page": found.page, "query": found.query, "deleted": True}
    _publish(store, found.id, number, said)
    return found


def _based_on(store: Store, view_id: str, revision: int | None) -> int:
    """The revision to change, if it is the newest one."""
    found = _read(store).get(view_id)
    if found is None:
        raise AssetNotFound("the view was deleted: save it under a new name")
    if found.revision != revision:
        raise ViewConflict(found.name, found.user)
    return found.revision


def _publish(store: Store, view_id: str, base: int, said: dict[str, Any]) -> SavedView:
    root = store.for_writing().root
    signed = facts.signed(said)
    try:
        folder = atomic.make_folders(root, layout.VIEWS)
        is_ours = facts.publish(folder, f"{view_id}.{base + 1}.json", signed, sync=True)
        numbers = sorted(_numbers(atomic.names_in(folder)).get(view_id, ()))
        # Another one's of that number; or one that came from behind, and is swept away at once.
        if not is_ours or base + 1 not in numbers[-KEPT:]:
            found = _read(store).get(view_id)
            raise ViewConflict(str(said["name"]), found.user if found else "")
        for number in numbers[:-KEPT]:
            atomic.unlink_if_there(f"{folder}/{view_id}.{number}.json")
    except OSError as error:
        known = atomic.unwritable(root, error)
        if known is not error:
            raise known from error
        raise UserError(f"the view cannot be kept ({error.strerror or error})") from error
    return SavedView(view_id, base + 1, signed)


def _checked(name: str, page: str, query: Question) -> dict[str, Any]:
    check_name("view", name)
    if len(name) > _MOST_NAME:
        raise UserError(f"the name of a view has at most {_MOST_NAME} characters")
    parts = [(key, value) for key, values in query.items() for value in values]
    if not _PAGE.fullmatch(page) or len(parts) > _MOST_PARTS:
        raise UserError("this is not an address of a page that can be saved as a view")
    if any(len(key) > _MOST_NAME or len(value) > _LONGEST for key, value in parts):
        raise UserError(f"a part of the address is longer than {_LONGEST} characters: shorten it")
    asked = {key: [*values] for key, values in query.items() if values}
    return {"name": name.strip(), "page": page, "query": asked}


def _numbers(found: Sequence[str]) -> dict[str, list[int]]:
    """The revisions in a folder, by view."""
    numbers: dict[str, list[int]] = {}
    for name in found:
        parts = _FILE.fullmatch(name)
        if parts:
            numbers.setdefault(parts[1], []).append(int(parts[2]))
    return numbers


def _read(store: Store) -> dict[str, SavedView | None]:
    """The newest revision of each view; None: it was deleted, or cannot be read."""
    try:
        here = safe_path.descend(safe_path.open_root(store.root), [layout.VIEWS], make=False)
    except OSError:
        return {}  # there are none; or a link stands there, which is not followed
    try:
        owner = os.stat(store.root).st_uid
        found = {}
        for view_id, numbers in _numbers(os.listdir(here)).items():
            found[view_id] = _newest(here, view_id, sorted(numbers, reverse=True), owner)
        return found
    finally:
        os.close(here)


def _newest(here: int, view_id: str, numbers: Sequence[int], owner: int) -> SavedView | None:
    """A view as its highest whole revision has it, under the number of the highest one."""
    for number in numbers:
        said = _fact(here, f"{view_id}.{number}.json", owner)
        if said is not None:
            return None if said.get("deleted") else SavedView(view_id, numbers[0], said)
    return None


def _fact(here: int, name: str, owner: int) -> dict[str, Any] | None:
    """What a revision says; None: it is damaged, gone, a link or another user's."""
    try:
        descriptor = safe_path.open_file(here, name)
    except (safe_path.NoFileError, OSError):
        return None
    with os.fdopen(descriptor, "rb") as file:
        if os.fstat(descriptor).st_uid != owner:
            return None
        said = facts.parse(file.read(_MOST_BYTES))
    return said if said is not None and _is_view(said) else None


def _is_view(said: Mapping[str, Any]) -> bool:
    query = said.get("query")
    if not all(isinstance(said.get(key), str) for key in ("name", "page")):
        return False
    return isinstance(query, dict) and all(
        isinstance(values, list) and all(isinstance(one, str) for one in values)
        for values in query.values()
    )
