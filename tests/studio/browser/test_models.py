"""Registered models as a person finds, reads and keeps them; with what is amiss in the registry."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from homerun import Model, Workspace
from runstore import layout
from studio.browser.lab import Store, Studio

XSS = "<img src=x onerror=alert(1)>\"'`</script><script>alert(1)</script>"


@pytest.fixture
def lone() -> Iterator[Callable[[Path], Studio]]:
    """Start a Studio over a store of a test's own; it ends after the pages that look at it."""
    made = []

    def begin(folder: Path) -> Studio:
        made.append(Studio(folder))
        return made[-1]

    yield begin
    for one in made:
        one.close()


def test_a_model_is_found_by_keys_and_leads_to_its_run_and_back(page: Page, store: Store) -> None:
    page.keyboard.press("g")
    page.keyboard.press("m")
    expect(page.get_by_role("heading", level=1)).to_have_text("Models")
    line = page.get_by_role("row").filter(has_text="digits-net")
    for cell in ("3", "digits #3", "digits-2024:1"):
        expect(line.get_by_role("cell", name=cell, exact=True).first).to_be_visible()
    experiment, run = (line.get_by_role("link", name=one, exact=True) for one in ("digits", "#3"))
    left = "one => one.getBoundingClientRect().left"
    right = "one => one.getBoundingClientRect().right"
    assert 0 < run.evaluate(left) - experiment.evaluate(right) < 6  # a space apart
    page.keyboard.press("/")
    page.keyboard.type("candidate")
    expect(page.get_by_role("row")).to_have_count(2)
    page.get_by_role("link", name="digits-net").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("digits-net version 3")
    page.keyboard.press("[")
    expect(page.get_by_role("heading", level=1)).to_have_text("digits-net version 2")
    page.get_by_role("region", name="Versions").get_by_role("link", name="1", exact=True).click()
    expect(page.get_by_text("accuracy0.951").first).to_be_visible()
    page.locator(".facts").get_by_role("link", name="#1").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("#1")
    page.get_by_role("link", name="digits-net version 1").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("digits-net version 1")


def test_a_file_and_the_whole_of_a_model_are_kept(page: Page, store: Store) -> None:
    page.goto(f"{store.studio.address}#/model/report")
    files = page.get_by_role("region", name="Files")
    kept = Model(store.workspace, "report").files[0]
    expect(files).to_contain_text(kept["sha256"])
    with page.expect_download() as one:
        files.get_by_role("link", name="report.json").click()
    assert Path(one.value.path()).stat().st_size == kept["size"]
    with page.expect_download() as whole:
        page.get_by_role("link", name="Download as zip").click()
    assert whole.value.suggested_filename == "report-1.zip"


def test_a_store_without_models_teaches_how_to_register_one(
    tmp_path: Path, lone: Callable[[Path], Studio], visit: Callable[..., Page]
) -> None:
    studio = lone(tmp_path)
    page = visit(studio)
    page.goto(f"{studio.address}#/models")
    expect(page.get_by_role("heading", name="No models yet")).to_be_visible()
    expect(page.get_by_text('run.register_model("iris", "outputs/model.pkl")')).to_be_visible()
    expect(page.get_by_text("homerun model register iris")).to_be_visible()


def test_odd_texts_are_inert_and_what_is_amiss_is_said(
    tmp_path: Path, lone: Callable[[Path], Studio], visit: Callable[..., Page]
) -> None:
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / XSS.replace("/", "-")).write_text("x")
    (tmp_path / "net" / "words").write_text("x")
    workspace = Workspace.from_config(str(tmp_path))
    model = Model.register(workspace, tmp_path / "net", "odd", tags={XSS: XSS}, description=XSS)
    home = Path(workspace.directory, layout.MODELS)
    (home / "odd" / "1" / "files" / "net" / "words").unlink()
    for name, text in (("damaged", "{"), (XSS[:20], json.dumps({"name": XSS, "files": []}))):
        (home / name / "1").mkdir(parents=True)
        (home / name / "1" / layout.MODEL).write_text(text)
    (home / "linked").symlink_to(tmp_path)
    studio = lone(tmp_path)
    page = visit(studio)
    page.on("dialog", lambda dialog: dialog.dismiss())
    page.goto(f"{studio.address}#/models")
    expect(page.get_by_text("damaged/1 is not a model that can be used")).to_be_visible()
    expect(page.get_by_text("a link or a file stands there")).to_be_visible()
    expect(page.get_by_role("row")).to_have_count(2)
    page.get_by_role("link", name=model.name, exact=True).click()
    expect(page.get_by_text(XSS).first).to_be_visible()
    expect(page.get_by_role("region", name="Files")).to_contain_text("cannot be read")
    assert page.locator("img[src=x]").count() == 0
