"""Texts that a browser would run, in all that a script or a user can name: inert on each page.

`test_hostile.py` looks at answers; this is what a browser makes of them. `visit` takes any
complaint of the browser for a failure, as of a script that its policy has refused.
"""

from __future__ import annotations

import io
import json
import re
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from homerun import Experiment, Run, ScriptRunConfig, Workspace
from homerun.assets import saved_views
from studio.browser.lab import Store, wait_for_calm

ODD = "<img src=x onerror=alert(1)>\u202e\"'`</script><script>alert(1)</script>{{7*7}}"
LINK = "[a](javascript:alert(1)) ![b](http://evil.example/b.png) <iframe src=//evil.example>"
SVG = f"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'>{ODD}</svg>"
ESCAPES = "\x1b]8;;javascript:alert(1)\x07link\x1b]8;;\x07 \x1b[31m" + ODD + "\x1b[0m"
FILE = ODD.replace("/", "-")
SCRIPT = f"""
from homerun import Run
run = Run.get_context()
run.log("loss", 1)
print({ESCAPES!r})
raise RuntimeError({ODD!r})
"""
TABS = ("", "/metrics", "/media", "/logs", "/outputs", "/children", "/code", "/system", "/record")
WAYS = (
    *("charts", "differences&all=1", "code", "parallel", "scatter&colour=tags.odd", "bars"),
    *("media&beside=2", "tables"),
)
FORBIDDEN = "img[src=x], iframe, [onerror], [onload], [href^='javascript:'], [src*=evil]"
WIDE = {"width": 1440, "height": 900}


def contents() -> dict[str, bytes]:
    """Files of each kind that has a preview, each with such texts in all places for texts."""
    head = {ODD: {"dtype": ODD, "shape": [1], "data_offsets": [0, 4]}, "__metadata__": {ODD: ODD}}
    said = json.dumps(head).encode()
    array = io.BytesIO()
    np.save(array, np.zeros(2, dtype=[(ODD[:20], np.float32)]))
    data = {"text/html": ODD, "image/svg+xml": SVG}
    shown = [
        {"output_type": "stream", "text": [ESCAPES]},
        {"output_type": "display_data", "data": data},
        {"output_type": "error", "ename": ODD, "evalue": ODD, "traceback": [ESCAPES]},
    ]
    cells = [
        {"cell_type": "markdown", "source": [ODD, LINK]},
        {"cell_type": "code", "execution_count": 1, "source": ODD, "outputs": shown},
    ]
    return {
        FILE: b"x",
        "read.md": f"# {ODD}\n\n{LINK}\n\n<style>*{{color:red}}</style>\n".encode(),
        "book.ipynb": json.dumps({"cells": cells}).encode(),
        "rows.csv": f'"{ODD}",=1+1\n'.encode() * 3,
        "said.json": json.dumps({ODD: [ODD]}).encode(),
        "page.html": ODD.encode(),
        "image.svg": SVG.encode(),
        "fake.png": ODD.encode(),
        "fake.parquet": b"PAR1" + ODD.encode() + b"PAR1",
        "head.safetensors": struct.pack("<Q", len(said)) + said + bytes(4),
        "array.npy": array.getvalue(),
    }


def log_all(run: Run) -> None:
    """Log by each call, with such texts wherever there may be any."""
    for step in range(3):
        run.log(f"{ODD}/loss", step, step=step)
        run.log_row("rows", **{ODD: ODD, "n": step})
    run.log("note", ODD)
    run.log_list(f"list {ODD}", [ODD, ODD])
    run.log_table("table", {ODD: [ODD, ODD]})
    matrix = {"class_labels": [ODD, "b"], "matrix": [[1, 2], [3, 4]]}
    run.log_confusion_matrix(ODD, {"schema_type": "confusion_matrix", "data": matrix})
    counts = [[[9, 1, 5, 3], [2, 0, 6, 10]], [[1, 2, 3, 4], [4, 3, 2, 1]]]
    rates = {"probability_tables": counts, "probability_thresholds": [0.25, 0.75]}
    table = {"class_labels": [ODD, "b"], **rates}
    run.log_accuracy_table("rates", {"schema_type": "accuracy_table", "data": table})
    run.log_residuals("strange", {"schema_type": ODD, "data": {ODD: ODD}})


@pytest.fixture(scope="module")
def odd(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Run]]:
    """Two runs that are called so and say so, one of them failed with such an error."""
    experiment = Experiment(store.workspace, "hostile")
    good = experiment.start_logging(snapshot_directory=None)
    good.display_name, good.description = ODD, f"{ODD}\n\n{LINK}"
    good.tag("odd", ODD)
    good.tag(ODD, ODD)
    good.add_properties({ODD: ODD})
    good.log_params({ODD: ODD, "lr": 1})
    log_all(good)
    for name, data in contents().items():
        good.upload_file(f"outputs/{name}", io.BytesIO(data))
    child = good.child_run(name=ODD)
    child.tag("odd", ODD)
    child.fail(ODD)
    good.complete()

    source = tmp_path_factory.mktemp("source")
    for name in ("train.py", f"{FILE}.py", f"{FILE}.md"):
        Path(source, name).write_text(SCRIPT if name == "train.py" else ODD, encoding="utf-8")
    config = ScriptRunConfig(str(source), "train.py", arguments=["--odd", ODD])
    bad = experiment.submit(config, tags={"odd": ODD})
    bad.wait_for_completion(raise_on_error=False)
    yield [good, bad]
    for run in (good, bad):
        run.delete()


@pytest.fixture
def look(
    store: Store, visit: Callable[..., Page], workspace: Workspace
) -> Iterator[Callable[[str], Page]]:
    """Go to a place; at the end of the test nothing has asked its user."""
    page = visit(store.studio, viewport=WIDE)
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))

    def go(place: str) -> Page:
        page.goto(f"{store.studio.address}#{place}")
        wait_for_calm(page)
        expect(page.locator(FORBIDDEN)).to_have_count(0)
        return page

    yield go
    expect(page.locator(FORBIDDEN)).to_have_count(0)
    assert asked == []


def test_each_tab_of_a_run_shows_them_as_texts(look: Callable[[str], Page], odd: list[Run]) -> None:
    for run in odd:
        for tab in TABS:
            look(f"/run/{run.id}{tab}")
    expect(look(f"/run/{odd[0].id}").get_by_text("<img src=x").first).to_be_visible()
    page = look(f"/run/{odd[0].id}/metrics")
    page.get_by_role("figure").first.locator(".u-over").hover()
    page.get_by_role("figure").first.get_by_role("img").press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("<img src=x")
    page = look(f"/run/{odd[1].id}/logs")
    expect(page.get_by_role("region", name="Log user_logs/std_log.txt")).to_contain_text("<img src")


@pytest.mark.parametrize("name", contents(), ids=range(len(contents())))
def test_each_preview_shows_them_as_texts(
    look: Callable[[str], Page], odd: list[Run], name: str
) -> None:
    page = look(f"/run/{odd[0].id}/outputs")
    page.get_by_role("list", name="Files").get_by_role("button").filter(has_text=name).first.click()
    expect(page.locator(".preview").first).to_be_visible()
    wait_for_calm(page)


def test_each_file_of_the_code_shows_them_as_texts(
    look: Callable[[str], Page], odd: list[Run]
) -> None:
    for name in ("train.py", f"{FILE}.py", f"{FILE}.md"):
        page = look(f"/run/{odd[1].id}/code?file={quote(name)}")
        expect(page.locator(".listing")).to_contain_text("<img src=x")


def test_each_way_to_compare_shows_them_as_texts(
    look: Callable[[str], Page], odd: list[Run]
) -> None:
    ids = ",".join(run.id for run in odd)
    for way in WAYS:
        page = look(f"/compare?ids={ids}&tab={way}")
        for drawing in page.locator(".drawing canvas").all():
            drawing.hover()


def test_the_table_its_groups_charts_views_and_baseline_show_them_as_texts(
    look: Callable[[str], Page], odd: list[Run], store: Store
) -> None:
    place = f"/runs?experiment=hostile&children=1&group=tags.odd&show=split&base={odd[0].id}"
    page = look(f"{place}&columns=error,tags,params.lr,tags.odd,description")
    expect(page.locator(".grid-row.is-baseline")).to_contain_text("<img src=x")
    page.get_by_role("grid").get_by_role("button").filter(has_text="<img src=x").first.click()
    query = {"experiment": ["hostile"], "where": [f"tags.odd = {json.dumps(ODD)}"]}
    view = saved_views.save_view(store.workspace.store, ODD[:90], "runs", query)
    page = look("/runs?experiment=hostile")
    tab = page.get_by_role("navigation", name="Views").get_by_role("link").filter(has_text="<img")
    tab.click()
    expect(page.get_by_role("button", name="What can be done with")).to_be_visible()
    page.get_by_role("button", name="What can be done with").click()
    page.get_by_role("menuitem", name="Delete").click()
    expect(page.get_by_role("dialog")).to_contain_text("<img src=x")
    page.get_by_role("button", name="Delete the view").click()
    expect(page.get_by_text("Deleted the view <img")).to_be_visible()
    assert view.id not in [one.id for one in saved_views.stored(store.workspace.store)]


def test_the_first_page_the_palette_and_the_form_show_them_as_texts(
    look: Callable[[str], Page], odd: list[Run]
) -> None:
    page = look("/home")
    expect(page.get_by_role("region", name="Needs you")).to_contain_text("<img src=x")
    page.keyboard.press("Control+k")
    page.keyboard.type("<img src")
    expect(page.get_by_role("option").first).to_contain_text("<img src=x")
    page.keyboard.press("Escape")
    form = look(f"/submit?run={odd[1].id}")
    expect(form.get_by_label("Arguments")).to_have_value(re.compile("<img src=x"))


def test_a_report_shows_them_as_texts(look: Callable[[str], Page], odd: list[Run]) -> None:
    page = look("/runs?experiment=hostile")
    with page.expect_download() as told:
        page.get_by_role("button", name="Report").click()
    report = page.context.new_page()  # with no policy of a server: by itself it is as safe
    report.set_content(Path(told.value.path()).read_text(encoding="utf-8"))
    expect(report.get_by_text("<img src=x").first).to_be_visible()
    expect(report.locator(f"script, {FORBIDDEN}")).to_have_count(0)


def test_the_trash_shows_them_as_texts(
    visit: Callable[..., Page], store: Store, workspace: Workspace
) -> None:
    run = Experiment(workspace, "hostile").start_logging(snapshot_directory=None)
    run.display_name = ODD
    run.complete()
    run.delete()
    page = visit(store.studio, expects=["404 (Not Found)"])
    page.goto(f"{store.studio.address}#/trash")
    expect(page.get_by_role("region", name="Deleted runs")).to_contain_text("<img src=x")
    page.goto(f"{store.studio.address}#/run/{run.id}")
    expect(page.get_by_text("is in the trash")).to_be_visible()
    expect(page.locator(FORBIDDEN)).to_have_count(0)
