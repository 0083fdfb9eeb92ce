"""Finding anything by typing a part of its name, and taking back what was done."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from homerun import Experiment, Run, ScriptRunConfig, Workspace
from studio.browser.actions import open_experiment, open_page, open_run, row
from studio.browser.lab import Store


def found(page: Page) -> Locator:
    """What the palette has found, the best first."""
    return page.get_by_role("listbox", name="Found").get_by_role("option")


def test_a_run_is_opened_from_anywhere_by_its_number_and_by_its_name(
    page: Page, store: Store
) -> None:
    run = next(iter(store.workspace.get_runs("digits")))
    open_page(page, "Targets", "Targets and queue")
    page.keyboard.press("Control+k")
    # Typed on: Enter waits for what the number means.
    page.keyboard.type(str(run.number))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"#{run.number}")
    page.keyboard.press("Control+k")
    page.keyboard.type(run.id[-8:])
    expect(found(page)).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert run.id in page.url


def test_an_experiment_a_page_and_an_action_are_found_by_their_words(page: Page) -> None:
    page.get_by_role("button", name="Find").click()
    page.keyboard.type("digi")
    expect(found(page).first).to_contain_text("experiment")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("digits")
    page.keyboard.press("Control+k")
    page.keyboard.type("targets")
    expect(found(page).first).to_contain_text("page")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Targets and queue")
    open_experiment(page, "digits")
    open_run(page, 1)
    page.keyboard.press("#")
    page.keyboard.type("logs")
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Log user_logs/std_log.txt")).to_be_visible()


def test_what_is_called_so_by_nothing_is_said_whatever_it_holds(page: Page) -> None:
    page.keyboard.press("Control+k")
    for text in ("no such thing", "\"'", 'a" or id ~ "', "<b>bold</b>", "100%"):
        page.get_by_role("combobox").fill(text)
        expect(page.get_by_text("Nothing has that name")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_deleted_run_comes_back_by_undo_and_from_the_trash(
    page: Page, store: Store, workspace: Workspace
) -> None:
    run = _run(store, workspace, "put-away")
    open_experiment(page, "put-away")
    for way in ("undo", "trash"):
        row(page, run.number).get_by_role("checkbox").click()
        page.get_by_role("button", name="Delete").click()
        page.get_by_role("button", name="Move to the trash").click()
        expect(page.get_by_text("Moved 1 run to the trash.")).to_be_visible()
        expect(row(page, run.number)).to_have_count(0)
        if way == "undo":
            page.get_by_role("button", name="Undo").click()
        else:
            open_page(page, "Trash", "Trash and archive")
            page.get_by_role("button", name=re.compile("Restore run .* of put-away")).click()
            expect(page.get_by_text("Restored 1 run.").last).to_be_visible()
            open_experiment(page, "put-away")
        expect(row(page, run.number)).to_be_visible()


def test_the_page_of_a_deleted_run_says_so_and_brings_it_back(
    visit: Callable[..., Page], store: Store, workspace: Workspace
) -> None:
    page = visit(store.studio, expects=["404 (Not Found)"])
    run = _run(store, workspace, "linked")
    run.delete()
    page.goto(page.url.partition("#")[0] + f"#/run/{run.id}")
    expect(page.get_by_text(f"linked #{run.number} is in the trash")).to_be_visible()
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"#{run.number}")


def test_a_tag_that_was_changed_is_as_before_after_undo(
    page: Page, store: Store, workspace: Workspace
) -> None:
    runs = [_run(store, workspace, "tagged") for _ in range(2)]
    runs[0].tag("stage", "old")
    open_experiment(page, "tagged")
    page.get_by_role("checkbox", name="Select all runs").click()
    expect(page.get_by_text("2 selected")).to_be_visible()
    page.get_by_role("button", name="Tag", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Tag", exact=True).fill("stage")
    dialog.get_by_label("Value (optional)").fill("new")
    dialog.get_by_role("button", name="Set the tag").click()
    expect(page.get_by_text("Tagged 2 runs.")).to_be_visible()
    assert [one.get_tags() for one in runs] == [{"stage": "new"}] * 2
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("1 run as before.")).to_have_count(2)
    assert [one.get_tags() for one in runs] == [{"stage": "old"}, {}]


def test_an_experiment_is_archived_and_brought_back(
    page: Page, store: Store, workspace: Workspace
) -> None:
    _run(store, workspace, "long-ago")
    page.reload()
    link = page.get_by_role("link", name="long-ago", exact=True)
    expect(link).to_be_visible()
    page.get_by_role("button", name="Archive long-ago").click()
    expect(link).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(link).to_be_visible()
    page.get_by_role("button", name="Archive long-ago").click()
    expect(link).to_have_count(0)
    open_page(page, "Trash", "Trash and archive")
    page.get_by_role("button", name="Restore long-ago").click()
    expect(page.get_by_text("No experiment is archived.")).to_be_visible()
    open_page(page, "Experiments", "Experiments")
    expect(link).to_be_visible()


def test_a_key_that_ends_a_run_or_begins_one_asks_first(
    page: Page, store: Store, workspace: Workspace
) -> None:
    (store.folder / "source").mkdir(exist_ok=True)
    (store.folder / "source/wait.py").write_text("import signal; signal.pause()")
    run = Experiment(workspace, "asked").submit(
        ScriptRunConfig(str(store.folder / "source"), "wait.py")
    )
    page.goto(page.url.partition("#")[0] + f"#/run/{run.id}")
    expect(page.get_by_text("Running").first).to_be_visible()
    for key, yes in (("r", "Resubmit 1 run"), ("s", "Cancel 1 run")):
        page.keyboard.press(key)
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_role("button", name=yes)).to_be_visible()
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
    assert run.get_status() == "Running"
    page.keyboard.press("s")
    page.get_by_role("button", name="Cancel 1 run").click()
    expect(page.get_by_text("Canceled").first).to_be_visible()


def _run(store: Store, workspace: Workspace, experiment: str) -> Run:
    """A run of its own that is over."""
    (store.folder / "source").mkdir(exist_ok=True)
    (store.folder / "source/short.py").write_text("print('done')")
    config = ScriptRunConfig(str(store.folder / "source"), "short.py")
    run = Experiment(workspace, experiment).submit(config)
    run.wait_for_completion()
    return run
