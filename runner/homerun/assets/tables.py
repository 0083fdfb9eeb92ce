"""Tables of datasets: read by pandas, which is imported when one is."""

from __future__ import annotations

import importlib
import json
import random

from homerun.base import installed
from homerun.base.errors import UserError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

DELIMITED, PARQUET, JSON_LINES = "delimited", "parquet", "json_lines"

NO_HEADERS, ONLY_FIRST, ALL_SAME, COMBINE = 0, 1, 2, 3
"""What `header` may say, beside True and False: the original's PromoteHeadersBehavior."""

PATH_COLUMN = "Path"
TIME = "datetime"


def library(name: str = "pandas") -> Any:
    """A library that reads tables.

    Raises:
        UserError: it is not installed; it says how to install it.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise UserError(
            f"tables are read by {name}, which is not installed here: "
            f"{installed.line_that_installs(name)}"
        ) from error


class DataType:
    """What `set_column_types` says of a column; each is a word for pandas."""

    @staticmethod
    def to_string() -> str:
        """Text."""
        return "str"

    @staticmethod
    def to_long() -> str:
        """Whole numbers, which may be missing."""
        return "Int64"

    @staticmethod
    def to_float(decimal_mark: str = ".") -> str:
        """Numbers."""
        return "float64"

    @staticmethod
    def to_bool() -> str:
        """True and False, which may be missing."""
        return "boolean"

    @staticmethod
    def to_datetime(formats: object = None) -> str:
        """Times; formats are accepted without effect."""
        return TIME


class PromoteHeadersBehavior:
    """What `header` of `from_delimited_files` may say."""

    NO_HEADERS = NO_HEADERS
    ONLY_FIRST_FILE_HAS_HEADERS = ONLY_FIRST
    ALL_FILES_HAVE_SAME_HEADERS = ALL_SAME
    COMBINE_ALL_FILES_HEADERS = COMBINE


def types_of(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """What a reader says of the types of columns.

    Raises:
        UserError: a type is none of `DataType`.
    """
    known = ("str", "Int64", "float64", "boolean", TIME)
    for name, kind in (given or {}).items():
        if kind not in known:
            raise UserError(f"the type of column {name!r} is one of DataType.to_…(), not {kind!r}")
    found = {name: kind for name, kind in (given or {}).items() if kind != TIME}
    times = [name for name, kind in (given or {}).items() if kind == TIME]
    return {key: value for key, value in (("types", found), ("times", times)) if value}


def write_table(made: Any, path: str, write: Callable[[Any, str], object]) -> None:
    """Write a data frame to a file.

    Raises:
        UserError: what writes such files is not installed, or refuses the frame.
    """
    try:
        write(made, path)
    except ImportError as error:
        raise UserError(
            "parquet is written by pyarrow, which is not installed here: "
            f"{installed.line_that_installs('pyarrow')}"
        ) from error
    except (TypeError, ValueError, AttributeError) as error:
        first = str(error).strip().splitlines() or [type(error).__name__]
        raise UserError(f"the table cannot be written: {first[0]}") from error


def frame(definition: Mapping[str, Any], files: Sequence[tuple[str, str]]) -> Any:
    """The table of a dataset as a data frame of pandas.

    Raises:
        UserError: pandas is missing, a file cannot be read as it should be, or a column is missing.
    """
    pandas = library()
    reader = definition["reader"]
    parts: list[Any] = []
    for inner, path in files:
        part = _read(pandas, reader, path, is_first=not parts)
        if reader.get("include_path"):
            part.insert(0, PATH_COLUMN, f"/{inner}")
        parts.append(part)
    made = parts[0] if len(parts) == 1 else pandas.concat(parts, ignore_index=True)
    for step in definition.get("steps") or ():
        made = _stepped(made, step)
    return made


def _read(pandas: Any, reader: Mapping[str, Any], path: str, *, is_first: bool) -> Any:
    kind = reader["format"]
    try:
        if kind == PARQUET:
            return _read_parquet(pandas, path)
        if kind == JSON_LINES:
            return _read_lines(pandas, reader, path)
        return _read_delimited(pandas, reader, path, is_first=is_first)
    except (UserError, MemoryError):
        raise
    except Exception as error:  # what pandas raises has no common class
        first = str(error).strip().splitlines() or [type(error).__name__]
        raise UserError(f"{path} cannot be read as {kind.replace('_', ' ')}: {first[0]}") from error


def _read_parquet(pandas: Any, path: str) -> Any:
    try:
        return pandas.read_parquet(path)
    except ImportError as error:
        raise UserError(
            "parquet is read by pyarrow, which is not installed here: "
            f"{installed.line_that_installs('pyarrow')}"
        ) from error


def _read_lines(pandas: Any, reader: Mapping[str, Any], path: str) -> Any:
    encoding = reader.get("encoding") or "utf-8"
    if reader.get("invalid_lines") != "drop":
        return pandas.read_json(path, lines=True, encoding=encoding)
    rows = []
    with open(path, encoding=encoding, errors="replace") as lines:
        for line in lines:
            try:
                row = json.loads(line)
            except ValueError:
                continue
            if isinstance(row, dict):
                rows.append(row)
    return pandas.DataFrame(rows)


def _read_delimited(pandas: Any, reader: Mapping[str, Any], path: str, *, is_first: bool) -> Any:
    header = int(reader.get("header", ALL_SAME))
    has_names = header in (ALL_SAME, COMBINE) or (header == ONLY_FIRST and is_first)
    options: dict[str, Any] = {
        "sep": reader.get("separator") or ",",
        "header": 0 if has_names else None,
        "encoding": reader.get("encoding") or "utf-8",
        "dtype": {name: kind for name, kind in (reader.get("types") or {}).items() if kind},
    }
    if reader.get("types_are_texts"):
        options["dtype"] = str
    if reader.get("empty_as_string"):
        options["keep_default_na"] = False
    if len(options["sep"]) > 1:
        options["engine"] = "python"
    made = pandas.read_csv(path, **options)
    if header == NO_HEADERS or not has_names:
        made.columns = [f"Column{number}" for number in range(1, made.shape[1] + 1)]
    for name in reader.get("times") or ():
        made[name] = pandas.to_datetime(made[name])
    return made


def _stepped(made: Any, step: Sequence[Any]) -> Any:
    name, *given = step
    if name == "take":
        return made.head(given[0])
    if name == "skip":
        return made.iloc[given[0] :].reset_index(drop=True)
    if name == "keep":
        return made[_known(made, given[0])]
    if name == "drop":
        return made.drop(columns=_known(made, given[0]))
    if name == "split":
        share, seed, is_first = given
        chance = random.Random(seed)
        chosen = [(chance.random() < share) == bool(is_first) for _ in range(len(made))]
        return made[chosen].reset_index(drop=True)
    raise UserError(f"a newer version made this dataset: it has the step {name!r}")


def _known(made: Any, names: Iterable[str]) -> list[str]:
    wanted = list(names)
    missing = [name for name in wanted if name not in made.columns]
    if missing:
        known = ", ".join(map(str, made.columns))
        raise UserError(f"there is no column {missing[0]!r}; the columns are {known}")
    return wanted
