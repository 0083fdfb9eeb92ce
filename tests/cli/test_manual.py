"""`homerun help`, `schema` and `self-check`: the manual, promises, and an install's own test."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from helpers import answers
from helpers.commands import COMMANDS
from helpers.sources import ROOT
from helpers.wait import wait_until
from homerun.cli.page_text import PageText
from homerun.doctor.diagnosis import Diagnosis
from homerun.manual import pages, schemas
from homerun.project import self_check
from homerun.system import children
from runstore.run.record import Record

PAGE = """# A page

Some words of a [page](cli.md#runs), [one more](https://example.org) and **bold** ones that are
long enough to be wrapped at forty columns.

- an item
  that goes on

| option | |
|---|---|
| `-a` | what it does, in more words than fit into one line |
| `a\\|b` | x |

```console
$ homerun ls
# no heading
```

## Behind
"""

SHOWN = """\
A page

Some words of a page [cli], one more
(https://example.org) and bold ones that
are long enough to be wrapped at forty
columns.

  - an item that goes on

option
`-a`    what it does, in more words than
        fit into one line
`a|b`   x

    $ homerun ls
    # no heading

Behind
"""


def test_a_page_is_shown_as_a_terminal_can() -> None:
    assert "\n".join(PageText(PAGE).lines(40)) + "\n" == SHOWN


def test_a_section_ends_where_the_next_one_of_its_rank_begins() -> None:
    page = pages.Page("a", "# A\n\n## B\nb\n### C\nc\n## D\nd\n<!-- hidden -->\n")

    assert page.part(["b"]) == "## B\nb\n### C\nc\n"
    assert page.part(["nothing"]) is None
    assert "hidden" not in page.text


def test_help_lists_all_pages_and_shows_each_of_them(invoke) -> None:
    assert "Getting started [getting-started]" in invoke("help").text
    for topic in pages.topics():
        assert invoke("help", topic).text.startswith(pages.page(topic).title)


def test_help_shows_a_section_a_command_or_where_words_stand(invoke) -> None:
    section = invoke("help", "troubleshooting", "disk")
    row = invoke("help", "troubleshooting", "disk", "-o", "json").json
    places = invoke("help", "disk", "full", "-o", "json").json

    assert section.text.startswith("The disk is full\n")
    assert (row["topic"], row["text"].startswith("## The disk is full")) == (
        "troubleshooting",
        True,
    )
    assert places[0] == {"topic": "troubleshooting", "heading": "The disk is full"}
    assert "Usage: homerun run list" in invoke("help", "run", "list").text
    assert "Usage: homerun queue" in invoke("help", "queue", "list").text


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["no-word-of-any-page"], "homerun help lists all pages"),
        (["queue", "no-heading"], "homerun help queue shows all of it"),
        (["../README"], "homerun help lists all pages"),
    ],
)
def test_help_that_is_not_there_is_refused(invoke, words: list[str], told: str) -> None:
    done = invoke("help", *words)

    assert (done.code, told in done.last_line) == (2, True)


def told_by_the_product() -> set[str]:
    """What its sentences name as `homerun help TOPIC WORD`."""
    sources = [path for part in ("runner", "store") for path in (ROOT / part).rglob("*.py")]
    found = (re.findall(r"\(homerun help ([a-z -]+)\)", path.read_text()) for path in sources)
    return {words for each in found for words in each}


@pytest.mark.parametrize("words", sorted(told_by_the_product()))
def test_what_a_sentence_of_the_product_names_is_a_section_of_the_manual(invoke, words) -> None:
    done = invoke("help", *words.split())

    assert done.code == 0
    assert done.text.strip()


def test_an_install_checks_itself_and_leaves_nothing(invoke, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    done = invoke("self-check")
    assert done.err == ""

    states = {row["check"]: row["state"] for row in done.json}
    assert (done.code, {states[name] for name in states if name != "studio"}) == (0, {"ok"})
    assert [*states] == ["run", "cancel", "azureml", "record", "manual", "studio"]
    assert [one.name for one in tmp_path.iterdir() if "self-check" in one.name] == []


def test_an_install_that_does_not_work_says_what_is_broken(invoke, monkeypatch) -> None:
    monkeypatch.setattr(pages, "folder", lambda: "/nowhere")

    done = invoke("self-check")

    [broken] = [row for row in done.json if row["state"] == "broken"]
    assert (done.code, broken["check"]) == (1, "manual")
    assert "/nowhere" in broken["value"]


def test_pages_that_were_not_built_are_told_as_missing_and_break_nothing(
    invoke, monkeypatch
) -> None:
    without = Diagnosis("python", "studio", "warn", "its pages are not here", "run `make studio`")
    monkeypatch.setattr(self_check.interpreter, "look", lambda: [without])

    done = invoke("self-check")

    told = {"check": "studio", "state": "missing"}
    assert done.json[-1] == {**told, "value": "its pages are not here; run `make studio`"}
    assert done.code == 0


def test_a_check_that_is_broken_off_leaves_nothing_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def broken_off(record: Record, outputs: None) -> None:
        monkeypatch.undo()
        raise KeyboardInterrupt

    monkeypatch.setattr(self_check.lifecycle, "cancel", broken_off)
    with pytest.raises(KeyboardInterrupt):
        list(self_check.outcomes_of_checks())

    wait_until(lambda: children.reap() == 0, "its supervisors have ended")
    assert [one.name for one in tmp_path.iterdir() if "self-check" in one.name] == []


def test_a_schema_is_one_and_is_found_by_every_name_of_its_command(invoke) -> None:
    found = invoke("schema", "run.show").json

    Draft202012Validator.check_schema(found)
    assert found == invoke("schema", "run", "show").json == invoke("schema", "show").json
    assert "run_id" in found["$defs"]["run"]["properties"]
    assert invoke("schema").json == [*schemas.answer_schemas()]
    assert invoke("schema", "frobnicate").code == 2


def test_every_command_that_answers_has_a_schema() -> None:
    names = {".".join(words) for words in COMMANDS}

    assert names - answers.WITHOUT - {*schemas.answer_schemas()} == set()
    json.dumps(schemas.answer_schemas())


def test_what_every_command_has_always_printed_has_its_schema() -> None:
    for file in sorted((Path(__file__).parent / "golden").iterdir()):
        line, _, rest = file.read_text().partition("\n")
        printed = rest.partition("== JSON\n")[2].split("\n! ")[0].partition("\nexit code")[0]
        if printed[:1] in ("{", "[") and " NUMBER" not in printed:
            words = shlex.split(line.removeprefix("$ homerun "))
            answers.check(words, json.JSONDecoder().raw_decode(printed)[0])
