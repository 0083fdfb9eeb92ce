"""A report is one page that needs nothing else, whatever its runs are called."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from helpers.wait import wait_until
from homerun import Experiment, Run, ScriptRunConfig, Workspace
from homerun.assets import saved_views
from homerun.base.errors import UserError
from homerun.cli import entry
from homerun.project.report import page
from runstore import layout

XSS = "<img src=x onerror=alert(1)>\"'`</script><script>alert(1)</script>"
TRAIN = """
    import sys
    from homerun import Run

    run = Run.get_context()
    for step in range(1000):
        run.log("loss", 1 / (step + 1) + (50 if step == 700 else 0), step=step)
    run.log("loss", float("nan"), step=1000)
    run.log("once", 3.0)
    print(sys.argv)
"""
BARE = {"snapshot_directory": None, "outputs": False}
LEADS_OUT = {"src", "srcset", "action", "data", "poster", "background", "formaction", "ping"}
RUNS_CODE = {"script", "iframe", "object", "embed", "link", "base", "form", "img", "image", "use"}


class Inspector(HTMLParser):
    """Names what a page would load or run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in RUNS_CODE:
            self.found.append(tag)
        for name, value in attrs:
            leads = name in LEADS_OUT or (name == "href" and not (value or "").startswith("#"))
            if leads or name.startswith("on"):
                self.found.append(f"{tag} {name}={value}")

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def inspected(text: str) -> Inspector:
    found = Inspector()
    found.feed(text)
    found.close()
    return found


@pytest.fixture
def trained(script: Callable[..., Path]) -> Run:
    script("train.py", f"{TRAIN}    # {XSS}\n")
    config = ScriptRunConfig("source", "train.py", ["--lr", "0.1", "--name", XSS])
    run = Experiment(Workspace.from_config(), "odd").submit(config, {XSS: XSS})
    run.wait_for_completion()
    run.display_name = run.description = XSS
    answer = Path(run.directory, layout.INTERPRETER)
    wait_until(answer.exists, "it is known what the script ran with")
    return run


def test_a_report_has_table_curves_record_code_and_environment(trained: Run) -> None:
    text = "".join(page.whole_page([trained._record], "Best"))

    found = inspected(text)
    said = " ".join(found.text)
    for part in ("Best", "Completed", "--lr 0.1", "run.log", "python", trained.id, "once"):
        assert part in said
    for svg in re.findall(r"<svg.*?</svg>", text):
        ElementTree.fromstring(svg)
    assert "✕" in said


def test_nothing_in_it_runs_or_is_loaded_whatever_runs_are_called(trained: Run) -> None:
    text = "".join(page.whole_page([trained._record], XSS, [(XSS, XSS)], [XSS, "loss"]))

    found = inspected(text)
    assert found.found == []
    assert XSS in "".join(found.text)
    assert "default-src 'none'" in text
    assert "url(" not in text


def test_a_spike_is_drawn_at_its_height(trained: Run) -> None:
    text = "".join(page.whole_page([trained._record], "x", metrics=["loss"]))

    (polygon,) = re.findall(r'<polygon points="([^"]*)"', text)
    heights = [float(pair.split(",")[1]) for pair in polygon.split()]
    assert min(heights) == pytest.approx(12.0, abs=1.0)


def test_code_that_runs_had_in_common_is_there_once(trained: Run) -> None:
    again = trained.experiment.submit(ScriptRunConfig("source", "train.py"))
    again.wait_for_completion()

    text = "".join(page.whole_page([trained._record, again._record], "both"))

    assert text.count("for step in range(1000)") == 1
    assert f'<a href="#run-{trained.id}">{trained.id}</a>' in text


def test_a_view_is_written_as_a_report(trained: Run, capsys: pytest.CaptureFixture[str]) -> None:
    other = trained.experiment.start_logging(**BARE)
    other.fail("too hot")
    store = trained.experiment.workspace.store
    query = {"experiment": ["odd"], "where": ["status = Failed"]}
    saved_views.save_view(store, "What failed", "runs", query)

    assert entry.run_command_line(["report", "--view", "What failed", "-f", "failed.html"]) == 0

    said = " ".join(inspected(Path("failed.html").read_text()).text)
    assert "What failed" in said
    assert "status = Failed" in said
    assert other.id in said
    assert trained.id not in said
    assert entry.run_command_line(["report", trained.id, "-f", "failed.html"]) == 1
    assert "not overwritten" in capsys.readouterr().err


@pytest.mark.parametrize(
    "line", [["report"], ["report", "1", "--view", "x"], ["report", "1", "-f", "a.pdf"]]
)
def test_what_cannot_be_a_report_is_said(workspace_dir: Path, line: list[str]) -> None:
    assert entry.run_command_line(line) == 2


def test_a_report_of_too_many_or_no_runs_is_refused() -> None:
    with pytest.raises(UserError, match="1 to 100 runs"):
        page.whole_page([], "none")
