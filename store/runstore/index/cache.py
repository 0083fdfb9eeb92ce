"""The index as SQLite: its tables, and how a query becomes SQL.

Write-ahead logging: readers and one writer at once, and what a power cut takes are the last
transactions whole. Where each ledger and log was read to is written with what was read from it.
"""

from __future__ import annotations

import os
from stat import S_ISDIR, S_ISREG

from runstore import layout
from runstore.fs import atomic, json_write
from runstore.index import fields, kinds
from runstore.index import query as q
from runstore.index.row import COLUMNS, PAIRS, PARAMS, Summary, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from typing import Any

    from runstore.index.fields import FieldName
    from runstore.index.query import Condition, Part, Query

    ValueTest = tuple[str, list[object]]
    """A test of the value that a query is sorted by, and the values in it."""

MEMORY = ":memory:"

_BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite lays beside its file, by the ends of the names."""

_WAIT_S = 1.0
"""For another process that writes to the index: it does so for some hundredths of a second at a
time. One that takes longer may be stopped, and an answer without the index is better than none.
"""
_SCHEMA = f"""
CREATE TABLE runs (
    run INTEGER PRIMARY KEY, folder TEXT NOT NULL, {", ".join(COLUMNS)},
    params TEXT, words TEXT, stamp TEXT, settled INTEGER, metered INTEGER, revision INTEGER,
    UNIQUE (folder, id)
);
CREATE INDEX runs_by_id ON runs (id);
CREATE INDEX runs_unsettled ON runs (run) WHERE settled = 0;
CREATE INDEX runs_by_time ON runs (created, id);
CREATE INDEX runs_by_folder ON runs (folder, created, id);
CREATE INDEX runs_on_top ON runs (folder, created, id) WHERE parent IS NULL;
CREATE INDEX runs_by_status ON runs (status, created, id);
CREATE INDEX runs_by_type ON runs (type, created, id);
CREATE INDEX runs_by_user ON runs (user, created, id);
CREATE INDEX runs_by_parent ON runs (parent, created, id);
CREATE INDEX runs_by_revision ON runs (revision);
CREATE INDEX runs_by_end ON runs (ended, status, parent, id);
CREATE INDEX runs_by_outcome ON runs (folder, status, parent) WHERE parent IS NULL;
CREATE TABLE pairs (run INTEGER, area TEXT, key TEXT, value, rank, created TEXT);
CREATE INDEX pairs_of_run ON pairs (run, area, key, value, rank);
CREATE INDEX pairs_by_value ON pairs (area, key, value, created, run);
CREATE INDEX pairs_by_rank ON pairs (area, key, rank, created, run);
CREATE INDEX pairs_by_key ON pairs (area, key, created, run);
CREATE TABLE metrics (
    run INTEGER, name TEXT, last, min, max, mean, count, at REAL, total REAL, numbers INTEGER,
    PRIMARY KEY (run, name)
);
CREATE INDEX runs_unmetered ON runs (folder) WHERE metered = 0;
CREATE INDEX metrics_by_name ON metrics (name, last);
CREATE TABLE writers (
    run INTEGER, file TEXT, inode INTEGER, offset INTEGER, checked INTEGER, crc INTEGER,
    PRIMARY KEY (run, file)
);
CREATE TABLE ledgers (
    folder TEXT PRIMARY KEY, lines INTEGER, inode INTEGER, unread_from INTEGER, unread_to INTEGER
);
CREATE TABLE expected (folder TEXT, id TEXT, since REAL, PRIMARY KEY (folder, id));
CREATE TABLE marks (file TEXT PRIMARY KEY, offset INTEGER);
CREATE TABLE writing (run TEXT, writer TEXT, since REAL, PRIMARY KEY (run, writer));
CREATE TABLE gone (revision INTEGER PRIMARY KEY, id TEXT);
CREATE TABLE facts (key TEXT PRIMARY KEY, value TEXT);
CREATE TABLE revision (last INTEGER);
INSERT INTO revision VALUES (0);
"""
TABLES = ("runs", "pairs", "metrics", "writers", "ledgers", "expected", "marks", "writing", "gone")
EPOCH = "epoch"
"""What tells an index from one that is made later in its place; revisions count within it."""
MOST_GONE = 10_000
"""So many revisions long it is known which runs were removed."""
MADE = "made"
"""What an index without a store says it belongs to."""
_ROW = ", ".join(
    ("run", "folder", *COLUMNS, "params", "words", "stamp", "settled", "metered", "revision")
)
_NEAR = 2_000
"""Among so many more of the best values the first runs sorted by these are looked for."""
_AGGREGATES = ", ".join(fields.AGGREGATES)
_SIGNS = {"=": "IS", "!=": "IS NOT", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_PAIR_OF_RUN = "pairs INDEXED BY pairs_of_run WHERE run = r.run AND area = ? AND key = ?"


class Cache:
    """An open index; a context manager.

    Args:
        root: the store's folder; MEMORY: an index of this process alone, gone when it is closed.
        wait_s: how long another process that writes is waited for; None: a moment.

    Raises:
        sqlite3.Error, OSError: it cannot be opened or made; it may be damaged.
    """

    def __init__(self, root: str, wait_s: float | None = None) -> None:
        import sqlite3

        if root == MEMORY:
            self.path = MEMORY
            self.db = sqlite3.connect(MEMORY, isolation_level=None, check_same_thread=False)
        else:
            folder = atomic.make_folders(root, layout.INDEX)
            self.path = f"{folder}/{layout.INDEX_FILE}"
            _check_plain(self.path)
            wait_s = _WAIT_S if wait_s is None else wait_s
            self.db = sqlite3.connect(self.path, timeout=wait_s, isolation_level=None)
        try:
            self.db.execute("PRAGMA synchronous = NORMAL")
            self._check_schema()
            self.db.create_function("holds", 3, kinds.holds)
            if self.fact("store") is None:
                self._make()
        except BaseException:
            self.db.close()
            raise

    def _check_schema(self) -> None:
        """Refuse a file of others: a view in place of a table can take for ever, a trigger change.

        Raises:
            sqlite3.DatabaseError: it has anything but our tables.
        """
        import sqlite3

        ours = {one.strip() for one in _SCHEMA.split(";") if one.strip().startswith("CREATE ")}
        ask = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL LIMIT ?"
        found = {sql for (sql,) in self.db.execute(ask, (len(ours) + 1,))}
        if found and found != ours:
            raise sqlite3.DatabaseError("this is not an index of ours")

    def _make(self) -> None:
        if self.path != MEMORY:
            self.db.execute("PRAGMA journal_mode = WAL")
            os.chmod(self.path, 0o600)
        with self.writing():
            if self.fact("store") is None:
                for statement in _SCHEMA.split(";"):
                    self.db.execute(statement)
                self.set_fact(EPOCH, os.urandom(4).hex())
                self.set_fact("store", MADE)

    def __enter__(self) -> Cache:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of it."""
        self.db.close()

    def writing(self) -> Transaction:
        """A transaction, as a context manager; others that want to write wait."""
        return Transaction(self.db)

    def fact(self, key: str) -> str | None:
        """A note of the index on itself."""
        import sqlite3

        try:
            row = self.db.execute("SELECT value FROM facts WHERE key = ?", (key,)).fetchone()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return None
            raise
        return None if row is None else str(row[0])

    def set_fact(self, key: str, value: str) -> None:
        """Note something."""
        self.db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (key, value))

    # Runs

    def put(self, run: Summary) -> None:
        """Add a run, or replace what was known of it; its metrics stay."""
        values = [plain(run.values[column]) for column in COLUMNS]
        known = self.number(run.folder, run.values["id"])
        pairs = [
            (area, plain(key), plain(value))
            for area, found in run.pairs.items()
            for key, value in found.items()
        ]
        if known is not None and self._holds(known, values, pairs):
            update = "UPDATE runs SET stamp = ?, settled = ?, metered = 0 WHERE run = ?"
            self.db.execute(update, (run.stamp, run.is_settled, known))
            return
        row = [
            known,
            run.folder,
            *values,
            json_write.dumps(run.params) if run.params else None,
            plain(q.words(run).casefold()),
            run.stamp,
            run.is_settled,
            0,
            self.next_revision(),
        ]
        marks = ", ".join("?" * len(row))
        insert = f"INSERT OR REPLACE INTO runs ({_ROW}) VALUES ({marks})"
        at = self.db.execute(insert, row).lastrowid
        if known is not None:
            self.db.execute("DELETE FROM pairs WHERE run = ?", (at,))
        created = plain(run.values["created"])
        rows = [(at, area, key, value, kinds.rank(value), created) for area, key, value in pairs]
        self.db.executemany("INSERT INTO pairs VALUES (?, ?, ?, ?, ?, ?)", rows)

    def _holds(self, run: int, values: list[Any], pairs: list[tuple[str, str, str]]) -> bool:
        """Whether that is what is known of a run: most of those that go on are as they were."""
        select = f"SELECT {', '.join(COLUMNS)} FROM runs WHERE run = ?"
        if list(self.db.execute(select, (run,)).fetchone()) != values:
            return False
        known = self.db.execute("SELECT area, key, value FROM pairs WHERE run = ?", (run,))
        return set(known) == set(pairs)

    def next_revision(self) -> int:
        """The number of a change; within a transaction, so that later ones are seen later."""
        self.db.execute("UPDATE revision SET last = last + 1")
        return self.revision()

    def revision(self) -> int:
        """The number of the last change."""
        return int(self.db.execute("SELECT last FROM revision").fetchone()[0])

    def touch(self, run: int) -> None:
        """Let a run count as changed."""
        update = "UPDATE runs SET revision = ? WHERE run = ?"
        self.db.execute(update, (self.next_revision(), run))

    def remove(self, folder: str, run_id: str) -> None:
        """Forget a run."""
        at = self.number(folder, run_id)
        if at is not None:
            last = self.next_revision()
            self.db.execute("INSERT INTO gone VALUES (?, ?)", (last, run_id))
            self.db.execute("DELETE FROM gone WHERE revision < ?", (last - MOST_GONE,))
        for table in ("runs", "pairs", "metrics", "writers"):
            self.db.execute(f"DELETE FROM {table} WHERE run = ?", (at,))

    def number(self, folder: str, run_id: str) -> int | None:
        """A run's number in the index."""
        found = self.db.execute(
            "SELECT run FROM runs WHERE folder = ? AND id = ?", (folder, run_id)
        )
        row = found.fetchone()
        return None if row is None else int(row[0])

    def rows(self, where: str, *given: object) -> list[tuple[Any, ...]]:
        """(folder, id, stamp, settled, status, parent) of runs."""
        columns = "folder, id, stamp, settled, status, parent"
        return self.db.execute(f"SELECT {columns} FROM runs WHERE {where}", given).fetchall()

    def last_run(self) -> int:
        """The number of the run that was added last."""
        return int(self.db.execute("SELECT max(run) FROM runs").fetchone()[0] or 0)

    def select(self, query: Query, last: int, limit: int = -1) -> list[tuple[str, str, str]]:
        """(folder, id, stamp) of the runs that seem to be meant, in the query's order.

        Args:
            last: runs that were added after this one are left out.
            limit: at most so many; -1: all.
        """
        return self.fetch(query, "r.folder, r.id, r.stamp", last, 0, limit)

    def fetch(
        self, query: Query, columns: str, last: int, skip: int, limit: int
    ) -> list[tuple[Any, ...]]:
        """Columns of runs `r`, as `select` finds them.

        Args:
            skip: so many of the first are left out.
        """
        # All in one transaction: a run whose value changes meanwhile is in one place, not in two.
        with Transaction(self.db, "BEGIN"):
            found: list[tuple[Any, ...]] = []
            left = skip
            for best in self._best(query, skip + limit) if limit >= 0 else ():
                part = self._some(query, best, columns, last, left, limit - len(found))
                found += part
                if len(found) == limit:
                    return found
                left -= left and self.count(query, last, best) - len(part)
            return self._some(query, None, columns, last, skip, limit)

    def _best(self, query: Query, count: int) -> Iterator[ValueTest]:
        """Where so many runs of a query come first, if others do not meet its conditions: those
        with better values of what is sorted by than one at some edge, then those that have this.
        """
        if not _is_ordered(query.sort):
            return
        value, source, where, given = _values_of(query.sort)
        way, sign = ("DESC", ">") if query.is_descending else ("ASC", "<")
        is_meant = f"{value} < ''" if query.is_descending else f"{value} IS NOT NULL"
        sql = f"SELECT {value} FROM {source} WHERE {where} AND {is_meant} ORDER BY {value} {way}"
        at = [*map(plain, given), count + _NEAR]
        edge = self.db.execute(f"{sql} LIMIT 1 OFFSET ?", at).fetchone()
        if edge is not None:
            yield _limit(value, sign, edge[0])
            yield "= ?", [edge[0]]
        elif query.is_descending:
            yield "< ''", []
            yield ">= ''", []
        else:
            yield "IS NOT NULL", []

    def _some(
        self,
        query: Query,
        only: ValueTest | None,
        columns: str,
        last: int,
        skip: int,
        limit: int,
    ) -> list[tuple[Any, ...]]:
        source, created, where, given = meant(query, only)
        order, values = order_of(query, created, source)
        sql = f"SELECT {columns} FROM {source} WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?"
        return self.db.execute(sql, [last, *map(plain, given + values), limit, skip]).fetchall()

    def count(self, query: Query, last: int, only: ValueTest | None = None) -> int:
        """How many runs a query means; see `meant`."""
        source, _, where, given = meant(query, only)
        sql = f"SELECT count(*) FROM {source} WHERE {where}"
        return int(self.db.execute(sql, [last, *map(plain, given)]).fetchone()[0])

    # Metrics

    def metrics_of(self, folder: str, run_id: str) -> dict[str, dict[str, float]]:
        """What is known of a run's metrics, by name."""
        found = self.db.execute(
            f"SELECT name, {_AGGREGATES} FROM metrics WHERE run = ?",
            (self.number(folder, run_id),),
        )
        return {name: dict(zip(fields.AGGREGATES, rest)) for name, *rest in found}


class Transaction:
    """Its begin and its end; inside another one it is part of that."""

    def __init__(self, db: sqlite3.Connection, begin: str = "BEGIN IMMEDIATE") -> None:
        self._db = db
        self._begin = begin
        self._is_outer = not db.in_transaction

    def __enter__(self) -> None:
        if self._is_outer:
            self._db.execute(self._begin)

    def __exit__(self, kind: object, *_: object) -> None:
        if self._is_outer and self._db.in_transaction:
            self._db.execute("COMMIT" if kind is None else "ROLLBACK")


def meant(query: Query, only: ValueTest | None = None) -> tuple[str, str, str, list[object]]:
    """Which runs a query means: tables, the column of the time, conditions and their values, of
    which the first is the number of the last run.

    The first condition on a tag or property that an index can answer drives the query, so that the
    newest fifty of many are found without looking at the others; so does one on what is sorted by.

    Args:
        only: those with these values of what is sorted by.
    """
    left = list(query.conditions)
    source, created, where, given = _by_value(query, left, *only) if only else _driven(query, left)
    if query.experiment is not None:
        where.append("r.folder = ?")
        given.append(query.experiment)
    if not query.children:
        where.append("r.parent IS NULL")
    for part in left:
        text, values = _part(part)
        where.append(text)
        given += values
    return source, created, " AND ".join(where), given


def _driven(query: Query, left: list[Part]) -> tuple[str, str, list[str], list[object]]:
    """Tables, the column of the time, conditions and values; takes its condition out of `left`."""
    last = "r.run <= ?"
    sort = query.sort
    for one in left:
        if not isinstance(one, q.Condition):
            continue
        field = one.field
        if _is_of_sort(query, one):  # a number is asked for: a last value of NaN is not meant
            return _by_value(query, left, "IS NOT NULL", [])
        if sort.area == "created" and field.area in PAIRS and one.operator in ("=", q.THERE):
            left.remove(one)
            where = [last, "r.run = p.run AND p.area = ? AND p.key = ?"]
            given: list[object] = [field.area, field.key]
            if one.operator == "=":
                text, values = _equal(one)
                where.append(f"p.{text}")
                given += values
            return "pairs p CROSS JOIN runs r", "p.created", where, given
    is_on_top = not left and sort.area == "created" and not query.children
    by_index = " INDEXED BY runs_on_top" if is_on_top and query.experiment is not None else ""
    return f"runs r{by_index}", "r.created", [last], []


def _is_ordered(field: FieldName) -> bool:
    """Whether an index has the values of a field in order: ranks, and last values of metrics."""
    is_last = field.aggregate == "last" and not field.exact
    return field.area in PAIRS or (field.area == fields.METRICS and is_last)


def _values_of(field: FieldName) -> tuple[str, str, str, list[object]]:
    """Where the values of a field are in order: the column, the table, whose they are, values."""
    if field.area == fields.METRICS:
        return "v.last", "metrics v INDEXED BY metrics_by_name", "v.name = ?", [field.key]
    where = "v.area = ? AND v.key = ?"
    return "v.rank", "pairs v INDEXED BY pairs_by_rank", where, [field.area, field.key]


def _limit(value: str, sign: str, limit: object) -> ValueTest:
    """Whether a value is a number on one side of another: to SQLite a text is more than these."""
    has_no_text = f" AND {value} < ''" if sign.startswith(">") else ""
    return f"{sign} ?{has_no_text}", [limit]


def _is_of_sort(query: Query, one: Condition) -> bool:
    """Whether it asks for smaller or larger numbers of what is sorted by."""
    field, sort = one.field, query.sort
    is_same = field.area == sort.area and field.key == sort.key and _is_ordered(field)
    return is_same and _is_ordered(sort) and _is_limit(one)


def _is_limit(one: Condition) -> bool:
    """Whether it asks for smaller or larger numbers than one."""
    return one.operator in kinds.ORDER and not isinstance(one.wanted, str)


def _by_value(
    query: Query, left: list[Part], test: str, values: list[object]
) -> tuple[str, str, list[str], list[object]]:
    """As `_driven`: the runs whose value of the field that is sorted by passes a test."""
    value, source, of_field, given = _values_of(query.sort)
    created = "r.created" if query.sort.area == fields.METRICS else "v.created"
    where = ["r.run <= ?", f"r.run = v.run AND {of_field} AND {value} {test}"]
    given = [*given, *values]
    for one in list(left):
        if isinstance(one, q.Condition) and _is_of_sort(query, one):
            left.remove(one)
            text, more = _limit(value, one.operator, one.wanted)
            where.append(f"{value} {text}")
            given += more
    return f"{source} CROSS JOIN runs r", created, where, given


def _equal(one: Condition) -> tuple[str, list[object]]:
    """What the value of a pair equals: that of a parameter is a text or a number."""
    number = kinds.number(one.wanted) if isinstance(one.wanted, str) else None
    if one.field.area != PARAMS or number is None:
        return "value IS ?", [one.wanted]
    return "value IN (?, ?)", [one.wanted, number]


def _of_pair(one: Condition) -> tuple[str, list[object]]:
    """A condition on the value of a pair, as `kinds.holds` judges it."""
    if one.operator in ("=", "!="):
        text, values = _equal(one)
        return (text if one.operator == "=" else f"({text}) IS NOT TRUE"), values
    if _is_limit(one):
        text, values = _limit("rank", one.operator, one.wanted)
        return f"rank {text}", values
    return "holds(value, ?, ?)", [one.operator, one.wanted]


def _part(part: Part) -> tuple[str, list[object]]:
    """A condition, or a group of them, as SQL on a run `r`."""
    if isinstance(part, q.Condition):
        return _condition(part)
    made = list(map(_part, part.parts))
    text = (" OR " if part.is_any else " AND ").join(text for text, _ in made)
    return f"({text})", [value for _, values in made for value in values]


def _condition(one: Condition) -> tuple[str, list[object]]:
    field = one.field
    if field.area in PAIRS:
        head = f"EXISTS (SELECT 1 FROM {_PAIR_OF_RUN}"
        values: list[object] = [field.area, field.key]
        if one.operator == q.THERE:
            return head + ")", values
        text, more = _of_pair(one)
        return f"{head} AND {text})", [*values, *more]
    is_there = one.operator == q.THERE
    if field.area == fields.METRICS:
        return _of_metric(field, *(("", []) if is_there else _test(one)))
    if is_there:
        return f"r.{field.area} IS NOT NULL", []
    if field.area == fields.TEXT:
        return "instr(r.words, ?) > 0", [str(one.wanted).casefold()]
    if one.operator == "~":
        return f"holds(r.{field.area}, '~', ?)", [one.wanted]
    if isinstance(one.wanted, tuple):
        is_within = f"(r.{field.area} >= ? AND r.{field.area} < ?)"
        text = is_within if one.operator == "=" else f"{is_within} IS NOT TRUE"
        return text, list(one.wanted)
    test, values = _test(one)
    return f"r.{field.area} {test}", values


def _test(one: Condition) -> tuple[str, list[object]]:
    """What follows the name of a column in SQL; NaN is NULL there."""
    if one.is_nan(one.wanted):
        return f"{_SIGNS[one.operator]} NULL", []
    return f"{_SIGNS[one.operator]} ?", [one.wanted]


def _of_metric(field: FieldName, test: str, values: list[object]) -> tuple[str, list[object]]:
    """A condition on a metric; where a run has one of just that name, that one is meant."""

    of_run = "EXISTS (SELECT 1 FROM metrics WHERE run = r.run AND name = ?"
    tested = f" AND {{}} {test}" if test else ""
    if not field.exact:
        return f"{of_run}{tested.format(field.aggregate)})", [field.key, *values]
    exact, other = tested.format("last"), tested.format(field.aggregate)
    text = f"({of_run}{exact}) OR {of_run}{other}) AND NOT {of_run}))"
    return text, [field.exact, *values, field.key, *values, field.exact]


def order_of(query: Query, created: str, source: str) -> tuple[str, list[object]]:
    """The order of a query, and the values in it."""
    sort = query.sort
    way = "DESC" if query.is_descending else "ASC"
    if sort.area == "created":
        tie = f", r.id {way}" if created == "r.created" else ""
        return f"{created} {way}{tie}", []
    if _is_ordered(sort) and not source.startswith("runs r"):  # there are numbers only, or texts
        return f"{_values_of(sort)[0]} {way}, {created} DESC, r.id DESC", []
    field, values = field_of(sort, "rank")
    numbers_first = ""
    if sort.area in PAIRS and query.is_descending:
        numbers_first = f"{field} < '' DESC NULLS LAST, "
        values = [*values, *values]
    return f"{numbers_first}{field} {way} NULLS LAST, r.created DESC, r.id DESC", values


def field_of(field: FieldName, of_pair: str = "value") -> tuple[str, list[object]]:
    """A field of a run `r` as an expression, and the values in it.

    Args:
        of_pair: which column of a pair: its value, or its rank, by which it is sorted.
    """
    if field.area == fields.METRICS:
        of_run = "FROM metrics n WHERE n.run = r.run AND n.name"
        if not field.exact:
            return f"(SELECT {field.aggregate} {of_run} = ?)", [field.key]
        value = f"CASE n.name WHEN ? THEN n.last ELSE n.{field.aggregate} END"
        one = f"(SELECT {value} {of_run} IN (?, ?) ORDER BY n.name = ? DESC LIMIT 1)"
        return one, [field.exact, field.exact, field.key, field.exact]
    if field.area in PAIRS:
        return f"(SELECT {of_pair} FROM {_PAIR_OF_RUN})", [field.area, field.key]
    return f"r.{field.area}", []


def _check_plain(path: str) -> None:
    """Raise where SQLite would follow a link, to any file or to none."""
    for end in (*_BESIDE, ""):
        try:
            seen = os.lstat(path + end)
        except FileNotFoundError:
            continue
        if not S_ISREG(seen.st_mode):
            raise atomic.not_followed(path + end)


def remove(root: str) -> None:
    """Remove the index of a store's folder; the next query makes another."""
    folder = f"{root}/{layout.INDEX}"
    if not atomic.is_folder(folder):
        return
    for end in (*_BESIDE, ""):
        try:
            os.unlink(f"{folder}/{layout.INDEX_FILE}{end}")
        except FileNotFoundError:
            continue


def remove_older(root: str) -> None:
    """Remove what earlier versions have left of their indexes, where the folder is this user's.

    An index of a later version stays: that version is in use here too.
    """
    folder = f"{root}/{layout.INDEX}"
    own = _version(layout.INDEX_FILE) or 0
    try:
        place = os.lstat(folder)
        if not S_ISDIR(place.st_mode) or place.st_uid != os.geteuid():
            return
        for name in os.listdir(folder):
            number = _version(name)
            path = f"{folder}/{name}"
            if number is not None and number < own and S_ISREG(os.lstat(path).st_mode):
                os.unlink(path)
    except OSError:
        return  # it can stay


def _version(name: str) -> int | None:
    """The number of an index file, or of a file that SQLite keeps beside it; None: it is none."""
    import re

    head, _, rest = layout.INDEX_FILE.partition("-")
    end = re.escape(rest.lstrip("0123456789"))
    beside = "|".join(_BESIDE)
    found = re.fullmatch(rf"{head}-(\d{{1,9}}){end}({beside})?", name, re.ASCII)
    return int(found[1]) if found else None
