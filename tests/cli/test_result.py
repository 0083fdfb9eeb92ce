"""The options that all commands share: the query, the formats, the copy, which workspace."""

from __future__ import annotations

import json

import pytest
import yaml

from homerun import Experiment, Workspace

THIRD = "[?tags.keys(@)[?starts_with(@, 'worth another look')]]"
FIRST = "[?properties.author=='azureml-user']"
BOTH = "[?properties.author=='azureml-user' && tags.quality=='fantastic run']"


@pytest.fixture
def runs(workspace_dir) -> dict[str, str]:
    """Two runs of an experiment; the ids of the runs by what is special about them."""
    experiment = Experiment(Workspace.from_config(), "local")
    with experiment.start_logging(snapshot_directory=None) as first:
        first.add_properties({"author": "azureml-user"})
        first.tag("quality", "fantastic run")
    with experiment.start_logging(snapshot_directory=None) as second:
        second.tag("worth another look at")
        second.log("loss", float("nan"))
    return {"first": first.id, "second": second.id}


@pytest.mark.parametrize(("query", "found"), [(FIRST, "first"), (THIRD, "second"), (BOTH, "first")])
def test_the_queries_of_the_documentation_find_their_runs(invoke, runs, query, found):
    for words in ([query], ["--query", query]):
        assert [row["run_id"] for row in invoke("run", "list", *words).json] == [runs[found]]


def test_the_keys_of_a_query_are_the_columns_of_a_table(invoke, runs):
    done = invoke("run", "list", "[].{Id: run_id, state: status, tags: tags}", "-o", "table")

    heading, first, _ = done.text.splitlines()
    assert heading.split() == ["Id", "state"]
    assert first.split() == [runs["second"], "Completed"]


def test_a_query_searches_all_runs_unless_it_is_told_how_many(invoke, runs):
    experiment = Experiment(Workspace.from_config(), "many")
    for _ in range(11):
        experiment.start_logging(snapshot_directory=None).complete()

    assert invoke("run", "list", "length(@)").json == 13
    assert invoke("run", "list", "length(@)", "--last", "5").json == 5
    assert len(invoke("run", "list").json) == 10


def test_a_query_is_for_every_command(invoke, runs):
    assert invoke("experiment", "list", "--query", "[].name", "-o", "tsv").text == "local\n"
    assert invoke("run", "show", "@last", "--query", "run_id").json == runs["second"]


@pytest.mark.parametrize(
    "words",
    [
        ["[?properties.author==azureml-user]"],
        ["[?tags.quality==fantastic", "run]"],
        ["--query", "[?number > ]"],
    ],
)
def test_a_query_whose_quotes_the_shell_ate_is_one_line_that_says_so(invoke, runs, words):
    done = invoke("run", "list", *words)

    assert done.code == 2
    assert done.err.count("\n") == 1
    assert "put the expression in double quotes" in done.err


def test_a_word_without_its_quotes_is_told_where_nothing_is_found(invoke, runs):
    done = invoke("run", "list", "[?status==Completed]")

    assert done.json == []
    assert done.err.startswith(
        "the query compares with Completed, but there is no field of that name:"
    )


def test_each_format_is_as_az_prints_it(invoke, runs):
    words = ["run", "list", "[].{id: run_id, tags: tags, n: run_number, none: nothing}"]

    rows = invoke(*words, "-o", "json").json
    assert invoke(*words, "-o", "jsonc").json == rows
    assert yaml.safe_load(invoke(*words, "-o", "yaml").text) == rows
    assert yaml.safe_load(invoke(*words, "-o", "yamlc").text) == rows
    assert invoke(*words, "-o", "none").text == ""
    lines = [f"{runs['second']}\t\t2\tNone", f"{runs['first']}\t\t1\tNone"]
    assert invoke(*words, "-o", "tsv").text.splitlines() == lines
    table = invoke(*words, "-o", "table").text.splitlines()
    assert [line.split() for line in table[:2]] == [["id", "n", "none"], [runs["second"], "2"]]


def test_columns_of_tsv_stay_columns_where_a_key_is_not_in_every_row(invoke, runs):
    lines = invoke("run", "list", "[{a: `1`}, {b: `2`}, {b: `3`, a: `4`}]", "-o", "tsv").text

    assert lines.splitlines() == ["1\t", "\t2", "4\t3"]


def test_a_copy_of_the_result_is_json_with_sorted_keys(invoke, runs, workspace_dir):
    done = invoke("run", "list", "[].run_id", "-t", "copy.json", "-o", "none")

    text = (workspace_dir / "copy.json").read_text()
    assert done.text == ""
    assert [row["run_id"] for row in json.loads(text)] == [runs["second"], runs["first"]]
    assert text == json.dumps(json.loads(text), indent=4, sort_keys=True) + "\n"


def test_a_copy_replaces_no_file_and_nothing_is_done_before_that_is_said(
    invoke, runs, workspace_dir
):
    (workspace_dir / "mine").write_text("mine")

    done = invoke("run", "update", "@last", "--add-tag", "late", "-t", "mine")

    assert (done.code, done.err.count("\n")) == (1, 1)
    assert (workspace_dir / "mine").read_text() == "mine"
    assert "late" not in Workspace.from_config().get_run(runs["second"]).get_tags()


def test_a_run_is_meant_by_words_too(invoke, runs):
    experiment = Experiment(Workspace.from_config(), "other")
    failed = experiment.start_logging(snapshot_directory=None)
    failed.fail()
    child = experiment.start_logging(snapshot_directory=None)
    child.child_run().complete()
    child.complete()

    def meant(*words: str) -> str:
        return invoke("run", "show", *words, "--query", "run_id").json

    assert meant("@last") == meant("@last~0") == child.id
    assert meant("@last~1") == meant("@last-failed") == failed.id
    assert meant("-r", "@last", "-e", "local") == runs["second"]
    assert meant("@last~1", "-e", "local") == runs["first"]


def test_an_unknown_run_is_told_with_those_that_are_like_it(invoke, runs):
    wrong = runs["first"][:-1] + "-"

    done = invoke("run", "show", wrong)

    assert done.code == 1
    assert f"there is no run '{wrong}'; did you mean {runs['first']}?" in done.err


def test_a_workspace_of_another_name_is_refused(invoke, workspace_dir):
    Workspace.create("mine", resource_group="group")

    assert invoke("run", "list", "-w", "mine", "-g", "group").code == 0
    for words in (["-w", "other"], ["-g", "other"]):
        done = invoke("run", "list", *words)
        assert (done.code, done.err.count("\n")) == (1, 1)
        assert "not 'other'" in done.err


def test_only_errors_are_shown_where_that_is_asked_for(invoke, workspace_dir):
    assert invoke("run", "list", "-o", "table").err != ""
    assert invoke("run", "list", "-o", "table", "--only-show-errors").err == ""
    assert invoke("run", "show", "x", "--only-show-errors").err != ""


def test_a_list_that_does_not_fit_is_shown_by_the_pager_of_the_user(terminal, runs):
    pager = {"HOMERUN_PAGER": "sed s/^/paged:/", "PAGER": "false"}

    paged = terminal("run", "list", "-o", "json", **pager)
    fits = terminal("run", "list", "-o", "table", **pager)
    unwanted = terminal("run", "list", "-o", "json", "--no-pager", **pager)

    assert paged.end() == fits.end() == unwanted.end() == 0
    assert paged.text.startswith("paged:[")
    assert "paged:" not in fits.text + unwanted.text
    assert runs["first"] in fits.text


def test_an_error_is_told_with_its_place_in_the_program_where_that_is_asked_for(invoke, runs):
    done = invoke("run", "show", "nothing", "--debug")

    assert done.code == 1
    assert "Traceback" in done.err
    assert done.last_line.startswith("homerun: there is no run 'nothing'")


def test_a_list_into_a_closed_pipe_ends_quietly(start, runs):
    process = start("run", "list")
    process.stdout.close()

    assert process.wait(30) == 1
    assert process.stderr.read() == b""
