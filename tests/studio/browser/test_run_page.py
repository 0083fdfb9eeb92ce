"""The page of one run: why it failed, what it logged, what it ran with."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, Route, expect

from homerun import Experiment, Run, ScriptRunConfig
from studio.browser.test_charts import Lab, lab, page

__all__ = ["lab", "page"]


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


PNG = b"".join(
    (
        b"\x89PNG\r\n\x1a\n",
        _chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0)),
        _chunk(b"IDAT", zlib.compress(bytes(14))),
        _chunk(b"IEND", b""),
    )
)

# A table of three rows, written by pyarrow.
PARQUET = (
    "UEFSMRUEFTAVLkwVBhUAEgAAGAQBAAkBPAIAAAAAAAAAAwAAAAAAAAAVABUUFRgsFQYVEBUGFQYcGAgDAAAAAAAAAB"
    "gIAQAAAAAAAAAWACgIAwAAAAAAAAAYCAEAAAAAAAAAEREAAAAKJAIAAAAGAQIDJAAVBBUgFSRMFQYVABIAABA8AQAA"
    "AGEBAAAAYgIAAADDvBUAFRQVGCwVBhUQFQYVBhw2ACgCw7wYAWEREQAAAAokAgAAAAYBAgMkABUEFSAVJEwVBBUAEg"
    "AAEDwAAAAAAADgPwAAAAAAAPg/FQAVEhUWLBUGFRAVBhUGHBgIAAAAAAAA+D8YCAAAAAAAAOA/FgIoCAAAAAAAAPg/"
    "GAgAAAAAAADgPxERAAAACSACAAAAAwUBAwIVBBlMNQAYBnNjaGVtYRUGABUEJQIYAmF0ABUMJQIYBG5hbWUlAEwcAA"
    "AAFQolAhgEcGFydAAWBhkcGTwmABwVBBk1AAYQGRgCYXQVAhYGFt4BFuABJlImCBwYCAMAAAAAAAAAGAgBAAAAAAAA"
    "ABYAKAgDAAAAAAAAABgIAQAAAAAAAAAREQAZLBUEFQAVAgAVABUQFQIAPCkGGSYABgAAACYAHBUMGTUABhAZGARuYW"
    "1lFQIWBhaMARaUASaoAiboARw2ACgCw7wYAWEREQAZLBUEFQAVAgAVABUQFQIAPBYIGQYZJgAGAAAAJgAcFQoZNQAG"
    "EBkYBHBhcnQVAhYGFswBFtQBJrwDJvwCHBgIAAAAAAAA+D8YCAAAAAAAAOA/FgIoCAAAAAAAAPg/GAgAAAAAAADgPx"
    "ERABksFQQVABUCABUAFRAVAgA8KQYZJgIEAAAAFrYEFgYmCBbIBAAZHBgMQVJST1c6c2NoZW1hGLgCLy8vLy8rQUFB"
    "QUFRQUFBQUFBQUtBQXdBQmdBRkFBZ0FDZ0FBQUFBQkJBQU1BQUFBQ0FBSUFBQUFCQUFJQUFBQUJBQUFBQU1BQUFCNE"
    "FBQUFPQUFBQUFRQUFBQ2svLy8vQUFBQkF4QUFBQUFjQUFBQUJBQUFBQUFBQUFBRUFBQUFjR0Z5ZEFBQUJnQUlBQVlB"
    "QmdBQUFBQUFBZ0RVLy8vL0FBQUJCUkFBQUFBY0FBQUFCQUFBQUFBQUFBQUVBQUFBYm1GdFpRQUFBQUFFQUFRQUJBQU"
    "FBQkFBRkFBSUFBWUFCd0FNQUFBQUVBQVFBQUFBQUFBQkFoQUFBQUFjQUFBQUJBQUFBQUFBQUFBQ0FBQUFZWFFBQUFn"
    "QURBQUlBQWNBQ0FBQUFBQUFBQUZBQUFBQUFBQUFBQT09ABggcGFycXVldC1jcHAtYXJyb3cgdmVyc2lvbiAyNi4wLj"
    "EZPBwAABwAABwAAADZAgAAUEFSMQ=="
)

DEEP = """
import sys
from helper import load
print("\\x1b[1mreading\\x1b[0m")
try:
    load("part 3")
except KeyError as error:
    raise RuntimeError("part 3: 12 or 13 columns expected, 11 found") from error
"""
IS_WITHIN = """(one) => one.getBoundingClientRect().bottom
    <= one.parentElement.getBoundingClientRect().bottom"""
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
    said = "RuntimeError: part 3: 12 or 13 columns expected, 11 found"
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
    run = failed(lab)
    page = visit(lab.studio, expects=["TypeError"])

    def spoil(route: Route) -> None:
        said = {"python": "python3", "packages": 7}
        route.fulfill(body=json.dumps(said), content_type="application/json")

    page.route("**/api/runs/*/interpreter", spoil)
    lab.show(page, f"/run/{run.id}")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("The section Overview cannot be shown: ")
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"#{run.number}")
    page.get_by_role("link", name="JSON").click()
    expect(alert).to_have_count(0)
    page.get_by_role("link", name="Overview").click()
    expect(alert).to_be_visible()
    page.unroute("**/api/runs/*/interpreter")
    alert.get_by_role("button", name="Try again").click()
    expect(page.get_by_text(re.compile(r"^\d+ packages$"))).to_be_visible()


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
    expect(epochs.get_by_role("row", name="59 k59", exact=True)).to_be_visible()
    part = page.get_by_role("region", name="part")
    expect(part.get_by_role("row", name="2 y", exact=True)).to_be_visible()
    expect(part.get_by_role("row", name="3 z", exact=True)).to_be_visible()
    words = page.get_by_role("region", name="words", exact=True)
    expect(words.get_by_role("row", name="one", exact=True)).to_be_visible()
    expect(words.get_by_role("row", name="three", exact=True)).to_be_visible()


def cells(page: Page, name: str) -> list[list[str]]:
    """What stands in the rows of a logged table."""
    table = page.get_by_role("region", name=name, exact=True)
    table.get_by_role("row").nth(1).wait_for()
    js = "all => all.map(row => [...row.cells].map(cell => cell.innerText))"
    return table.locator("tbody tr").evaluate_all(js)


def test_a_confusion_matrix_is_shown_as_counts_and_as_shares(page: Page, lab: Lab) -> None:
    matrix = np.array([[50, 3, 2], [4, 40, 6], [0, 1, 30]])
    run = Experiment(lab.workspace, "numbers").start_logging()
    data = {"class_labels": ["cat", "dog", "bird"], "matrix": matrix.tolist()}
    run.log_confusion_matrix("matrix", {"schema_type": "confusion_matrix", "data": data})
    run.complete()
    lab.show(page, f"/run/{run.id}/media")
    expect(
        page.get_by_text(f"accuracy {100 * matrix.trace() / matrix.sum():.2f} %")
    ).to_be_visible()
    page.get_by_role("button", name="Row %").click()
    shown = [[float(one.split()[0]) for one in row[1:]] for row in cells(page, "matrix")]
    assert shown == pytest.approx(100 * matrix / matrix.sum(1, keepdims=True), rel=5e-3)
    page.get_by_role("button", name="Column %").click()
    shown = [[float(one.split()[0]) for one in row[1:]] for row in cells(page, "matrix")]
    assert shown == pytest.approx(100 * matrix / matrix.sum(0, keepdims=True), rel=5e-3)


def test_the_area_below_a_curve_is_that_of_its_points(page: Page, lab: Lab) -> None:
    random = np.random.default_rng(5)
    truth = random.random(500) < 0.4
    scores = np.clip(0.3 * truth + 0.7 * random.random(500), 0, 1)
    thresholds = np.linspace(0, 1, 26)
    taken = scores[None] >= thresholds[:, None]
    table = np.stack([taken & truth, taken & ~truth, ~taken & ~truth, ~taken & truth], axis=1).sum(
        2
    )
    run = Experiment(lab.workspace, "numbers").start_logging()
    data = {
        "probability_tables": [table.tolist()],
        "probability_thresholds": thresholds.tolist(),
        "class_labels": ["yes"],
    }
    run.log_accuracy_table("rates", {"schema_type": "accuracy_table", "data": data})
    run.complete()
    hits, alarms, rest, misses = table.T
    x, y = alarms / (alarms + rest), hits / (hits + misses)
    order = np.lexsort((y, x))
    area = np.trapezoid(np.r_[0, y[order], 1], np.r_[0, x[order], 1])
    lab.show(page, f"/run/{run.id}/media")
    expect(page.get_by_text(re.compile("^ROC, area"))).to_have_text(f"ROC, area {area:.4g}")
    recall = [float(row[2]) for row in cells(page, "rates")]
    assert recall == pytest.approx(y, rel=1e-4)


def test_a_list_is_a_histogram_and_rows_are_lines(page: Page, lab: Lab) -> None:
    values = np.random.default_rng(3).normal(size=400)
    run = Experiment(lab.workspace, "numbers").start_logging()
    run.log_list("normal", values.tolist())
    for epoch in range(1, 31):
        run.log_row("progress", train=1 / epoch, valid=1 / epoch + 0.1)
    run.complete()
    lab.show(page, f"/run/{run.id}/media")
    drawn = page.get_by_role("img", name="Histogram of normal")
    drawn.wait_for()
    titles = drawn.locator("rect title").evaluate_all("all => all.map(one => one.textContent)")
    counts, edges = np.histogram(values, bins=len(titles))
    assert [int(one.split(": ")[1]) for one in titles] == counts.tolist()
    assert [float(one.split(" to ")[0]) for one in titles] == pytest.approx(edges[:-1], rel=1e-3)
    lines = page.get_by_role("img", name="Rows of progress")
    points = lines.locator("polyline").nth(0).get_attribute("points")
    x, y = np.array([one.split(",") for one in points.split()], dtype=float).T
    assert np.ptp(np.diff(x)) < 1e-6
    falls = (y - y[0]) / (y[-1] - y[0])  # in pixels, whatever the axis
    assert falls == pytest.approx((1 - 1 / np.arange(1, 31)) / (1 - 1 / 30), abs=1e-6)


def test_images_are_looked_at_by_step_by_keys_and_side_by_side(page: Page, lab: Lab) -> None:
    run = Experiment(lab.workspace, "numbers").start_logging()
    for step in (10, 20, 30):
        path = Path(lab.folder, f"image-{step}.png")
        path.write_bytes(PNG)
        run.log_image("sample", path=str(path))
    run.complete()
    lab.show(page, f"/run/{run.id}/media")
    expect(page.get_by_role("img", name="sample, 3 of 3")).to_be_visible()
    page.get_by_label("Which image of sample").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("img", name="sample, 2 of 3")).to_be_visible()
    page.get_by_label("Gallery").check()
    expect(page.get_by_role("group", name="All images of sample").get_by_role("img")).to_have_count(
        3
    )
    page.get_by_role("button", name="sample, 1 of 3").click()
    expect(page.get_by_role("img", name="sample, 1 of 3")).to_be_visible()


def test_a_long_table_is_sorted_scrolled_and_kept(page: Page, lab: Lab) -> None:
    run = Experiment(lab.workspace, "numbers").start_logging()
    run.log_table("long", {"at": list(range(5_000)), "odd": [f'"{at}",' for at in range(5_000)]})
    run.complete()
    lab.show(page, f"/run/{run.id}/media")
    table = page.get_by_role("region", name="long", exact=True)
    expect(table.get_by_role("row").nth(1)).to_contain_text('"0",')
    assert table.get_by_role("row").count() < 100
    table.get_by_role("button", name="at").click()
    table.get_by_role("button", name="at").click()
    expect(table.get_by_role("row", name='4999 "4999",', exact=True)).to_be_visible()
    table.evaluate("one => one.scrollTo(0, one.scrollHeight)")
    expect(table.get_by_role("row", name='0 "0",', exact=True)).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    with open(download.value.path(), encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert (rows[0], rows[1], len(rows)) == (["at", "odd"], ["4999", '"4999",'], 5_001)


def test_a_log_is_searched_by_an_expression_and_its_long_lines_are_wrapped(
    lab: Lab, visit: Callable[..., Page]
) -> None:
    page = visit(lab.studio, expects=["400"])
    run = failed(lab)
    log = Path(run.directory, "user_logs", "std_log.txt")
    ends = "".join(f"\x1b[31mERROR\x1b[0m step {at}\n" for at in range(3))
    log.write_text(f"begin {'word ' * 2_000}the end\n{ends}", encoding="utf-8")
    lab.show(page, f"/run/{run.id}/logs")
    box = page.get_by_label("Search the whole log")
    page.get_by_role("button", name="Regular expression").click()
    box.fill("^error STEP [12]$")
    box.press("Enter")
    hits = page.get_by_role("list", name="Hits").get_by_role("button")
    expect(hits).to_have_text(["3 ERROR step 1", "4 ERROR step 2"])
    page.get_by_role("button", name="Match case").click()
    expect(page.get_by_role("status").filter(has_text="No hits")).to_be_visible()
    frame = page.get_by_role("region", name="Log user_logs/std_log.txt")
    expect(frame).not_to_contain_text("the end")
    page.get_by_label("Wrap lines").check()
    frame.evaluate("one => one.scrollTo(0, one.scrollHeight)")
    expect(frame).to_contain_text("the end")
    assert frame.evaluate("one => one.scrollWidth - one.clientWidth") <= 0
    box.fill("(?=a)")
    box.press("Enter")
    expect(page.get_by_text("not a regular expression: it looks around")).to_be_visible()


def test_files_are_found_sorted_and_shown_for_what_they_are(page: Page, lab: Lab) -> None:
    run = Experiment(lab.workspace, "files").start_logging()
    head = {
        "__metadata__": {"format": "pt"},
        "layer.weight": {"dtype": "F32", "shape": [4, 8], "data_offsets": [0, 128]},
        "layer.bias": {"dtype": "F32", "shape": [4], "data_offsets": [128, 144]},
    }
    said = json.dumps(head).encode()
    array = io.BytesIO()
    np.save(array, np.zeros((3, 4), dtype=np.float32))
    cells = [
        {"cell_type": "markdown", "source": ["# Chapter\n", "one"]},
        {
            "cell_type": "code",
            "execution_count": 3,
            "source": "print(6 * 7)",
            "outputs": [{"output_type": "stream", "text": ["42\n"]}],
        },
        *[{"cell_type": "code", "source": f"# part {number}"} for number in range(20)],
    ]
    hostile = "<script>alert(1)</script><img src=x onerror=alert(1)><b style='color:red'>bold</b>"
    contents = {
        "outputs/README.md": f"# A model\n\n* one\n* [a link](#/trash)\n\n{hostile}\n".encode(),
        "outputs/deep/er/model.safetensors": struct.pack("<Q", len(said)) + said + bytes(144),
        "outputs/deep/a.npy": array.getvalue(),
        "outputs/deep/broken.npy": b"\x93NUMPY\x01\x00\xff\xff",
        "outputs/book.ipynb": json.dumps({"cells": cells}).encode(),
        "outputs/rows.parquet": base64.b64decode(PARQUET),
    }
    for name, data in contents.items():
        run.upload_file(name, io.BytesIO(data))
    run.complete()
    lab.show(page, f"/run/{run.id}/outputs")
    names = page.get_by_role("list", name="Files").get_by_role("button")
    expect(names).to_contain_text(["deep", "README.md", "book.ipynb", "rows.parquet"])
    page.get_by_label("Find a file").fill("EEP/")
    expect(names).to_contain_text(
        ["outputs/deep/a.npy", "outputs/deep/broken.npy", "outputs/deep/er/model.safetensors"]
    )
    page.get_by_label("Sort by").select_option("size")
    expect(names.first).to_contain_text("model.safetensors")
    names.first.click()
    expect(page.get_by_text("2 tensors, 36 parameters · format: pt")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile(r"^layer.weight F32 4 . 8 32$"))).to_be_visible()
    page.reload()  # the chosen file, the search and the order are in the address
    expect(page.get_by_text("2 tensors, 36 parameters")).to_be_visible()
    expect(page.get_by_label("Find a file")).to_have_value("EEP/")
    names.filter(has_text="a.npy").click()
    preview = page.get_by_role("region", name="Preview of a.npy")
    expect(preview).to_contain_text(re.compile(r"3 . 4"))
    expect(preview).to_contain_text("<f4")
    names.filter(has_text="broken.npy").click()
    expect(page.get_by_text("It cannot be read: its header is not that")).to_be_visible()
    page.get_by_label("Find a file").fill("")
    names.filter(has_text="README.md").click()
    prose = page.locator(".prose")
    expect(prose.get_by_role("heading", name="A model")).to_be_visible()
    expect(prose.locator("script, img, [style], [href]")).to_have_count(0)
    names.filter(has_text="book.ipynb").click()
    notebook = page.get_by_role("region", name="Notebook")
    expect(notebook).to_contain_text("42")
    code = notebook.get_by_text("# part 19")
    assert code.evaluate(IS_WITHIN), "many cells hide what is in them"
    names.filter(has_text="rows.parquet").click()
    expect(page.get_by_role("row", name="3 ü 1.5", exact=True)).to_be_visible()


def test_code_has_its_lines_counted_and_its_words_coloured(page: Page, lab: Lab) -> None:
    run = failed(lab)
    lab.show(page, f"/run/{run.id}/code?file=helper.py&line=3")
    listing = page.locator(".listing")
    expect(listing.locator(".is-word").first).to_have_text("import")
    expect(listing.locator(".is-marked")).to_contain_text("return json.loads")
    expect(listing).to_have_text(HELPER.strip())
