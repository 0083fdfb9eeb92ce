"""The page of one run: why it failed, what it logged, what it ran with."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, Route, expect

from homerun import Experiment, Run, ScriptRunConfig
from studio.browser.test_charts import Lab, lab, page

__all__ = ["lab", "page"]

DEEP = """
import sys
from helper import load
print("\\x1b[1mreading\\x1b[0m")
try:
    load("part 3")
except KeyError as error:
    raise RuntimeError("part 3: 12 columns expected, 11 found") from error
"""
HELPER = """
import json
def load(name):
    return json.loads('{"a": 1}', object_hook=inner)
def inner(found):
    return found["missing"]
"""


def failed(lab: Lab, *arguments: str) -> Run:
    """A run whose script ended with an exception that another one caused."""
    source = Path(lab.folder, "deep")
    source.mkdir(exist_ok=True)
    for name, text in (("deep.py", DEEP), ("helper.py", HELPER)):
        source.joinpath(name).write_text(text.lstrip("\n"), encoding="utf-8")
    config = ScriptRunConfig(str(source), "deep.py", arguments=list(arguments))
    run = Experiment(lab.workspace, "deep").submit(config, tags={"part": "3"})
    run.wait_for_completion(raise_on_error=False)
    return run


def test_a_failed_run_begins_with_its_exception_and_the_traceback_of_that(
    page: Page, lab: Lab
) -> None:
    runs = [failed(lab, "--lr", "0.1"), failed(lab, "--lr", "0.2")]
    lab.show(page, f"/run/{runs[1].id}")
    why = page.get_by_role("region", name="Why it failed")
    said = "RuntimeError: part 3: 12 columns expected, 11 found"
    expect(why.get_by_role("heading")).to_have_text(said)
    expect(why).to_contain_text("exit code 1")
    own = why.locator(".is-own")
    expect(own).to_contain_text(["deep.py:5", "helper.py:3", "helper.py:5", "deep.py:7"])
    expect(why.get_by_text(re.compile(r"^json/decoder\.py:\d+$"))).to_have_count(2)
    why.get_by_role("link", name="The same error in 1 other run").click()
    expect(page.locator(".total")).to_contain_text("2 found")
    page.go_back()
    why.get_by_role("link", name="helper.py:5").click()
    expect(page.locator(".listing .is-marked")).to_have_text('    return found["missing"]')
    page.go_back()
    why.get_by_role("link", name="Show it in the log").click()
    expect(page.locator(".log-line.is-marked")).to_contain_text(said)
    page.go_back()
    why.get_by_role("button", name="Edit and submit").click()
    expect(page.get_by_label("Arguments")).to_have_value("--lr 0.2")


def test_a_parameter_and_a_tag_lead_to_the_runs_that_have_the_same(page: Page, lab: Lab) -> None:
    run = failed(lab, "--depth", "7")
    lab.show(page, f"/run/{run.id}")
    page.get_by_role("row", name="depth").get_by_role("link", name="7").click()
    expect(page.locator(".total")).to_contain_text("1 found")
    page.go_back()
    page.locator("header").get_by_role("link", name="part 3").click()
    expect(page).to_have_url(re.compile("where=tags.part"))


def test_a_run_says_with_which_packages_and_in_which_order_it_ran(page: Page, lab: Lab) -> None:
    run = failed(lab)
    lab.show(page, f"/run/{run.id}")
    page.get_by_text(re.compile(r"^\d+ packages$")).click()
    page.get_by_label("Find a package").fill("PLAYWRIGHT")
    expect(page.get_by_text(re.compile(r"^playwright==\S+$"))).to_be_visible()
    phases = page.locator(".phase-list li")
    expect(phases.nth(0)).to_contain_text("Waited")
    expect(phases.nth(1)).to_contain_text("exit code 1")


def test_what_cannot_be_shown_fails_alone_and_is_tried_again(
    lab: Lab, visit: Callable[..., Page]
) -> None:
    run = lab.run(loss=[(1, 0.5), (2, 0.25)])
    page = visit(lab.studio, expects=["TypeError"])

    def spoil(route: Route) -> None:
        route.fulfill(body=json.dumps({"metrics": [None]}), content_type="application/json")

    page.route("**/api/runs/*/metrics", spoil)
    lab.show(page, f"/run/{run.id}/metrics")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("The section Metrics cannot be shown: ")
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"#{run.number}")
    page.get_by_role("link", name="JSON").click()
    expect(alert).to_have_count(0)
    page.get_by_role("link", name="Metrics").click()
    page.unroute("**/api/runs/*/metrics")
    alert.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("figure").filter(has_text="loss")).to_be_visible()


def test_a_menu_is_used_by_keys_alone(page: Page, lab: Lab) -> None:
    run = lab.run(loss=[(1, 0.5)])
    lab.show(page, f"/run/{run.id}")
    opener = page.get_by_role("button", name="More actions")
    opener.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitem", name="Mark as failed")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("menuitem", name="Copy the path of its folder")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("menu")).to_have_count(0)
    expect(opener).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.get_by_label("Reason (optional)").fill("the data was wrong")
    page.get_by_role("dialog").get_by_role("button", name="Mark as failed").click()
    expect(page.locator("header .status")).to_have_text("Failed")
    expect(page.get_by_role("button", name="Resubmit")).to_be_disabled()


def test_what_a_classifier_and_a_regression_logged_is_shown(page: Page, lab: Lab) -> None:
    run = Experiment(lab.workspace, "documents").start_logging()
    matrix = {"class_labels": ["cat", "dog"], "matrix": [[41, 2], [3, 54]]}
    run.log_confusion_matrix("confusion", {"schema_type": "confusion_matrix", "data": matrix})
    counts = [[[9, 1, 5, 3], [2, 0, 6, 10]], [[1, 2, 3, 4], [4, 3, 2, 1]]]
    rates = {"probability_tables": counts, "probability_thresholds": [0.25, 0.75]}
    table = {"schema_type": "accuracy_table", "data": {"class_labels": ["cat", "dog"], **rates}}
    run.log_accuracy_table("roc", table)
    bins = {"bin_edges": [0, 50, 100], "bin_counts": [31, 57]}
    run.log_residuals("errors", {"schema_type": "residuals", "data": bins})
    guesses = {**bins, "bin_averages": [1.5, 2.5], "bin_errors": [0.25, 0.5]}
    run.log_predictions("guesses", {"schema_type": "predictions", "data": guesses})
    run.log_confusion_matrix("other", {"anything": ["else"]})
    run.complete()
    lab.show(page, f"/run/{run.id}/media")
    confusion = page.get_by_role("region", name="confusion")
    expect(confusion.get_by_role("row", name="cat 41 2")).to_be_visible()
    expect(confusion.get_by_role("row", name="dog 3 54")).to_be_visible()
    card = page.get_by_role("figure").filter(has_text="roc")
    expect(card.get_by_role("row", name="0.25 0.9 0.75 9 1 5 3")).to_be_visible()
    card.get_by_label("Class").select_option("dog")
    expect(card.get_by_role("row", name="0.75 0.57143 0.8 4 3 2 1")).to_be_visible()
    errors = page.get_by_role("region", name="errors")
    expect(errors.get_by_role("row", name="50 100 57")).to_be_visible()
    expect(page.get_by_role("row", name="50 100 57 2.5 0.5")).to_be_visible()
    expect(page.get_by_text('"anything"')).to_be_visible()


def test_every_row_and_every_list_that_was_logged_is_shown(page: Page, lab: Lab) -> None:
    run = Experiment(lab.workspace, "tables").start_logging()
    for epoch in range(60):
        run.log_row("epochs", epoch=epoch, kind=f"k{epoch}")
    run.log_table("part", {"a": [1, 2], "b": ["x", "y"]})
    run.log_table("part", {"a": [3], "c": ["z"]})
    run.log_list("words", ["one", "two"])
    run.log_list("words", ["three"])
    run.complete()
    lab.show(page, f"/run/{run.id}/media")
    epochs = page.get_by_role("figure").filter(has_text="epochs")
    expect(epochs.get_by_role("row", name="49 k49", exact=True)).to_be_visible()
    epochs.get_by_role("button", name="Show more rows (10 left)").click()
    expect(epochs.get_by_role("row", name="59 k59", exact=True)).to_be_visible()
    part = page.get_by_role("region", name="part")
    expect(part.get_by_role("row", name="2 y", exact=True)).to_be_visible()
    expect(part.get_by_role("row", name="3 z", exact=True)).to_be_visible()
    words = page.get_by_role("region", name="words")
    expect(words.get_by_role("row", name="one", exact=True)).to_be_visible()
    expect(words.get_by_role("row", name="three", exact=True)).to_be_visible()
