"""Tables of datasets, read by the real pandas; parquet by the real pyarrow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas
import pytest

from homerun import Dataset, Experiment, ScriptRunConfig, UserError, Workspace


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "data").mkdir()
    (tmp_path / "data/1.csv").write_text("x,y,when\n1,a,2026-01-01\n2,,2026-01-02\n")
    (tmp_path / "data/2.csv").write_text("x,y,when\n3,c,2026-01-03\n")
    return Workspace.from_config()


def rows(table: Any) -> list[list[object]]:
    found = table.to_pandas_dataframe()
    return found.astype(object).where(found.notna(), None).values.tolist()


def test_files_with_commas_are_one_table(workspace: Workspace) -> None:
    table = Dataset.Tabular.from_delimited_files("data/*.csv")

    assert rows(table.keep_columns(["x", "y"])) == [[1, "a"], [2, None], [3, "c"]]
    assert rows(table.drop_columns("when").take(1)) == [[1, "a"]]
    assert rows(table.keep_columns("x").skip(2)) == [[3]]
    assert list(table.to_pandas_dataframe().columns) == ["x", "y", "when"]


def test_how_a_table_is_read_is_said(workspace: Workspace) -> None:
    from homerun.assets.tables import DataType, PromoteHeadersBehavior

    Path("data/t.txt").write_text("1;\n2;b\n")
    given: dict[str, Any] = {"separator": ";", "header": PromoteHeadersBehavior.NO_HEADERS}
    table = Dataset.Tabular.from_delimited_files("data/t.txt", empty_as_string=True, **given)
    typed = Dataset.Tabular.from_delimited_files(
        "data/*.csv",
        include_path=True,
        set_column_types={"x": DataType.to_string(), "when": DataType.to_datetime()},
    ).to_pandas_dataframe()
    texts = Dataset.Tabular.from_delimited_files("data/1.csv", infer_column_types=False)

    assert rows(table) == [[1, ""], [2, "b"]]
    assert list(table.to_pandas_dataframe().columns) == ["Column1", "Column2"]
    assert typed["Path"].tolist() == ["/1.csv", "/1.csv", "/2.csv"]
    assert typed["x"].tolist() == ["1", "2", "3"]
    assert typed["when"][2] == pandas.Timestamp("2026-01-03")
    assert texts.to_pandas_dataframe()["x"].tolist() == ["1", "2"]


def test_a_split_is_the_same_for_the_same_seed(workspace: Workspace) -> None:
    Path("data/many.csv").write_text("x\n" + "\n".join(map(str, range(1000))) + "\n")
    table = Dataset.Tabular.from_delimited_files("data/many.csv")

    first, second = (rows(part) for part in table.random_split(0.7, seed=1))
    again, _ = table.random_split(0.7, seed=1)
    one, other = (rows(part) for part in table.random_split(0.5))

    assert sorted([*first, *second]) == sorted([*one, *other]) == [[x] for x in range(1000)]
    assert 600 < len(first) < 800
    assert rows(again) == first


def test_json_lines_and_parquet_are_tables(workspace: Workspace) -> None:
    Path("data/l.jsonl").write_text('{"a": 1}\nno json\n{"a": 2}\n')
    store = workspace.get_default_datastore()
    frame = pandas.DataFrame({"a": [1, 2], "b": ["x", "y"]})

    kept = Dataset.Tabular.register_pandas_dataframe(frame, (store, "frames"), "frame")
    dropped = Dataset.Tabular.from_json_lines_files("data/l.jsonl", invalid_lines="drop")
    written = Dataset.Tabular.from_delimited_files("data/1.csv").take(1).to_parquet_files()

    assert rows(Dataset.get_by_name(workspace, "frame")) == [[1, "x"], [2, "y"]]
    assert (kept.name, kept.version) == ("frame", 1)
    assert rows(dropped) == [[1], [2]]
    assert len(written.to_path()) == 1
    with pytest.raises(UserError, match="cannot be read as json lines"):
        Dataset.Tabular.from_json_lines_files("data/l.jsonl").to_pandas_dataframe()


def test_what_a_table_lacks_is_said_in_a_sentence(workspace: Workspace) -> None:
    table = Dataset.Tabular.from_delimited_files("data/1.csv")

    with pytest.raises(UserError, match="there is no column 'z'; the columns are x, y, when"):
        table.keep_columns(["z"], validate=True)
    Path("data/bad.csv").write_text('x\n"never closed\n1,2,3\n')
    with pytest.raises(UserError, match=r"bad\.csv cannot be read as delimited"):
        Dataset.Tabular.from_delimited_files("data/bad.csv").to_pandas_dataframe()


def test_a_script_reads_the_table_that_it_was_given(workspace: Workspace) -> None:
    Path("source").mkdir()
    Path("source/train.py").write_text(
        "import sys\n"
        "from azureml.core import Dataset, Run\n"
        "run = Run.get_context()\n"
        "table = run.input_datasets['training_data']\n"
        "print(len(table.to_pandas_dataframe()), table.name, table.version)\n"
        "same = Dataset.get_by_id(run.experiment.workspace, id=sys.argv[2])\n"
        "print(same.to_pandas_dataframe()['x'].sum())\n"
    )
    table = Dataset.Tabular.from_delimited_files("data/*.csv").register(workspace, "my table")
    given = ["--data", table.as_named_input("training_data")]

    run = Experiment(workspace, "tables").submit(ScriptRunConfig("source", "train.py", given))
    run.wait_for_completion()

    printed = run.get_details_with_logs()["logFiles"]["user_logs/std_log.txt"]
    assert printed.splitlines() == ["3 my table 1", "6"]
