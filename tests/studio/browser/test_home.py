"""The start page, as its user has it: what needs him is there without a click."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from homerun import Experiment, Workspace
from studio.browser import example
from studio.browser.lab import Store, Studio

BARE = {"snapshot_directory": None, "outputs": False}
WAIT_MS = 20_000


def band(page: Page, title: str) -> Locator:
    return page.get_by_role("region", name=title, exact=True)


def test_why_runs_failed_is_seen_without_a_click_and_is_gone_once_it_was_seen(
    page: Page, store: Store, workspace: Workspace
) -> None:
    # Yesterday's failed runs and why: no click; the others need two to four.
    needs = band(page, "Needs you")
    item = needs.get_by_role("listitem").filter(has_text="12 columns expected, 11 found")
    expect(item).to_contain_text("ValueError")
    expect(item).to_contain_text("runs")
    expect(item.get_by_role("link", name="digits #7")).to_be_visible()

    needs.get_by_role("button", name="Seen").click()
    expect(item).to_have_count(0)
    page.reload()
    expect(needs).to_contain_text("No run failed since you last looked")

    failed = Experiment(workspace, "notes").start_logging(**BARE)
    failed.fail("the disk is full")
    again = needs.get_by_role("listitem").filter(has_text="the disk is full")
    expect(again).to_be_visible(timeout=WAIT_MS)
    expect(needs.get_by_role("listitem")).to_have_count(1)
    again.get_by_role("link", name="Log").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"#{failed.number}")
    page.go_back()
    expect(again).to_be_visible()
    failed.delete()


def test_seen_is_taken_back(page: Page, store: Store) -> None:
    needs = band(page, "Needs you")
    items = needs.get_by_role("listitem")
    expect(items.first).to_be_visible()
    before = items.count()
    needs.get_by_role("button", name="Seen").click()
    expect(items).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(items).to_have_count(before)


def test_what_runs_shows_how_far_it_is_and_is_stopped_from_there(
    page: Page, store: Store, workspace: Workspace
) -> None:
    running = band(page, "Running")
    expect(running).to_contain_text("Nothing is running")
    live = example.submit(workspace, "digits", store.folder, "live.py")

    item = running.get_by_role("listitem").filter(has_text=f"digits #{live.number}")
    expect(item).to_be_visible(timeout=WAIT_MS)
    expect(item.get_by_role("img", name=re.compile("^loss .*best"))).to_be_visible(timeout=WAIT_MS)
    expect(item.locator("figcaption b")).to_be_visible()
    expect(item.locator("figcaption b")).to_have_text(re.compile(r"^\d"))
    expect(item.locator(".last-line")).not_to_be_empty(timeout=WAIT_MS)
    item.get_by_role("button", name=f"Cancel run {live.number} of digits").click()
    expect(item).to_have_count(0, timeout=WAIT_MS)
    live.wait_for_completion(raise_on_error=False)
    live.delete()


def test_what_has_finished_is_compared_with_the_best_by_one_click(
    page: Page, workspace: Workspace
) -> None:
    judged = [Experiment(workspace, "judged").start_logging(**BARE) for _ in range(2)]
    for run, loss in zip(judged, (0.1, 0.5)):
        run.log("loss", loss)
        run.complete()
    best, other = (
        band(page, "Finished").get_by_role("listitem").filter(has_text=f"judged #{run.number}")
        for run in judged
    )
    expect(best).to_contain_text("▲ best", timeout=WAIT_MS)
    expect(other).not_to_contain_text("▲ best")

    other.get_by_role("link", name=re.compile("Compare run .* with the best")).click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Compare 2 runs")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Home")
    for run in judged:
        run.delete()


def test_cards_fill_both_columns(page: Page, workspace: Workspace) -> None:
    others = [Experiment(workspace, f"tall-{n}").start_logging(**BARE) for n in range(7)]
    for run in others:
        run.complete()
    page.set_viewport_size({"width": 1440, "height": 900})
    page.reload()
    expect(band(page, "Finished").get_by_role("listitem")).to_have_count(7)

    places = [one.bounding_box() for one in page.locator(".bands > .card").all()]
    cards = [(place["x"], place["y"], place["height"]) for place in places if place]
    columns = [[one for one in cards if one[0] == left] for left in sorted({x for x, *_ in cards})]
    assert len(columns) == 2
    for column in columns:
        for (_, top, height), (_, below, _) in itertools.pairwise(column):
            assert 0 < below - top - height < 20
    heights = [height for *_, height in cards]
    ways = [max(sum(heights[:at]), sum(heights[at:])) for at in range(1, len(heights))]
    # No other way to part them leaves less space below.
    assert max(sum(height for *_, height in one) for one in columns) < min(ways) + 20
    for run in others:
        run.delete()


def test_the_machine_and_the_experiments_stand_below(page: Page) -> None:
    machine = band(page, "This machine")
    for name in ("CPU", "Memory", "Disk", "local"):
        expect(machine.get_by_role("term").filter(has_text=re.compile(f"^{name}$"))).to_be_visible()
    digits = page.get_by_role("row").filter(has=page.get_by_role("link", name="digits", exact=True))
    expect(digits).to_contain_text(re.compile(r"\d+ %"))
    expect(digits).to_contain_text(re.compile(r"loss 0\.\d+|accuracy"))
    page.keyboard.press("g")
    page.keyboard.press("r")
    expect(page.get_by_role("heading", level=1)).to_have_text("All runs")
    page.keyboard.press("g")
    page.keyboard.press("h")
    expect(page.get_by_role("heading", level=1)).to_have_text("Home")


def test_an_empty_store_teaches_the_first_three_steps(
    visit: Callable[..., Page], tmp_path: Path
) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    studio = Studio(folder)
    try:
        page = visit(studio, permissions=["clipboard-read", "clipboard-write"])
        expect(page.get_by_role("listitem").filter(has_text="Run it")).to_be_visible()
        page.get_by_role("button", name="Copy: Run it").click()
        expect(page.get_by_text("Copied to the clipboard.")).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()") == "homerun run train.py --lr 0.1"
        run = Experiment(Workspace.from_config(str(folder)), "first").start_logging(**BARE)
        link = band(page, "Running").get_by_role("link", name="first #1")
        expect(link).to_be_visible(timeout=WAIT_MS)
        run.complete()
        page.close()  # before its server, which it would ask in vain
    finally:
        studio.close()


def test_odd_texts_are_inert_on_the_start_page(page: Page, workspace: Workspace) -> None:
    odd = "<img src=x onerror=alert(1)>\u202e\"'`</script><script>alert(1)</script>"
    runs = [Experiment(workspace, "odd").start_logging(**BARE) for _ in range(2)]
    runs[0].display_name = odd
    runs[0].log(f"{odd}/loss"[:200], float("nan"))
    runs[1].display_name = odd
    runs[1].fail(odd)
    needs = band(page, "Needs you")
    expect(needs.get_by_text("is NaN")).to_be_visible(timeout=WAIT_MS)
    expect(needs.get_by_text("<img src=x").first).to_be_visible()
    assert page.locator("main img").count() == 0
    runs[0].complete()
    for run in runs:
        run.delete()
