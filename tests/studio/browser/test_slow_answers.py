"""Answers that take their time: no click and no key acts on a former answer meanwhile."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from helpers.wait import holds_within
from homerun import Workspace
from studio.browser import example
from studio.browser.actions import add_filter, open_experiment, open_run, row
from studio.browser.lab import Store

WAIT_MS = 20_000  # for what real processes do


class Held:
    """Questions of a page that the server gets only when the test says so."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.is_held = True
        self.routes: list[Route] = []
        page.route(re.compile(address), self._take)

    def wait(self) -> None:
        """Until the page has asked."""
        assert holds_within(self._has_asked, WAIT_MS / 1000), f"{self.address} is not asked for"

    def release(self) -> None:
        """Let the server answer, now and from now on."""
        self.is_held = False
        while self.routes:
            self.routes.pop(0).continue_()

    def _take(self, route: Route) -> None:
        if self.is_held:
            self.routes.append(route)
        else:
            route.continue_()

    def _has_asked(self) -> bool:
        self.page.evaluate("null")  # a round trip, in which routes are told of
        return bool(self.routes)


@pytest.fixture
def hold(page: Page) -> Iterator[Callable[[str], Held]]:
    """Hold the questions to addresses that match: `hold("api/runs.*where")`."""
    made: list[Held] = []

    def begin(address: str) -> Held:
        made.append(Held(page, address))
        return made[-1]

    yield begin
    for one in made:
        one.release()


def total(page: Page) -> Locator:
    """How many runs the page says there are."""
    return page.locator(".total")


def test_keys_that_are_pressed_before_the_answer_act_on_its_rows(
    page: Page, store: Store, hold: Callable[[str], Held]
) -> None:
    page.keyboard.press("g")
    page.keyboard.press("r")
    expect(total(page)).to_contain_text("runs")
    answer = hold("api/runs.*where=experiment")
    page.keyboard.press("/")
    page.keyboard.type("experiment = digits")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    for key in ("j", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    answer.wait()
    expect(page.get_by_role("heading", level=1)).to_have_text("All runs")
    expect(total(page)).to_contain_text("runs")
    answer.release()
    third = sorted((run.number for run in store.workspace.get_runs("digits")), reverse=True)[2]
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"#{third}")
    expect(page.get_by_role("link", name="digits", exact=True)).to_be_visible()


def test_keys_that_wait_are_dropped_when_something_else_is_done(
    page: Page, store: Store, hold: Callable[[str], Held]
) -> None:
    open_experiment(page, "digits")
    expect(total(page)).to_contain_text("runs")
    answer = hold("api/runs.*where=tags")
    add_filter(page, "tags.quality = good")
    page.keyboard.press("Escape")
    page.keyboard.press("x")
    page.keyboard.press("Escape")
    answer.wait()
    answer.release()
    expect(total(page)).to_contain_text("found")
    expect(page.get_by_text("0 selected")).to_be_visible()


def test_rows_of_a_former_answer_are_not_chosen_by_a_click(
    page: Page, store: Store, hold: Callable[[str], Held]
) -> None:
    open_experiment(page, "digits")
    box = row(page, 1).get_by_role("checkbox").bounding_box()
    assert box is not None
    answer = hold("api/runs.*where=tags")
    add_filter(page, "tags.quality = fair")
    answer.wait()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    answer.release()
    expect(total(page)).to_contain_text("3 found")
    expect(page.get_by_text("0 selected")).to_be_visible()


def test_all_runs_of_a_former_filter_are_not_chosen(
    page: Page, store: Store, hold: Callable[[str], Held]
) -> None:
    open_experiment(page, "digits")
    expect(row(page, 1)).to_be_visible()
    asked = r"api/runs\?(?!.*where=).*limit=200"
    answer = hold(asked)
    page.get_by_role("checkbox", name="Select all runs").click()
    answer.wait()
    add_filter(page, "tags.quality = fair")
    expect(total(page)).to_contain_text("3 found")
    with page.expect_response(re.compile(asked)) as response:
        answer.release()
    response.value.finished()
    page.get_by_role("checkbox", name="Select run 2").check()
    expect(page.get_by_text("1 selected")).to_be_visible()


def test_a_link_leaves_nothing_of_the_former_page(page: Page, store: Store) -> None:
    left = page.evaluate("""async () => {
        document.querySelector("nav a[href='#/submit']").click();
        await null; await null; await null;
        return document.querySelectorAll("#find-experiment, main a").length;
    }""")
    assert left == 0
    expect(page.get_by_role("heading", level=1)).to_have_text("Submit a run")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Home")


def test_another_experiment_is_not_shown_with_the_rows_of_the_former(
    page: Page, store: Store, hold: Callable[[str], Held]
) -> None:
    open_experiment(page, "digits")
    expect(row(page, 1)).to_be_visible()
    answer = hold("api/runs")
    page.get_by_role("link", name="Runs", exact=True).click()
    answer.wait()
    expect(page.get_by_role("heading", level=1)).to_have_text("All runs")
    assert page.get_by_role("link", name="#").count() == 0
    answer.release()
    expect(total(page)).to_contain_text("runs")


def test_a_marked_run_keeps_its_mark_when_another_comes_above_it(
    page: Page, store: Store, workspace: Workspace
) -> None:
    for _ in range(2):
        example.submit(workspace, "marks", store.folder, "broken.py").wait_for_completion(
            raise_on_error=False
        )
    page.reload()
    open_experiment(page, "marks")
    page.keyboard.press("j")
    expect(page.locator(".grid-row.is-active")).to_contain_text("#1")
    example.submit(workspace, "marks", store.folder, "broken.py")
    expect(row(page, 3)).to_be_visible(timeout=WAIT_MS)
    expect(page.locator(".grid-row.is-active")).to_contain_text("#1")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("#1")


def test_enter_opens_the_link_that_has_the_focus(page: Page, store: Store) -> None:
    open_experiment(page, "digits")
    row(page, 5).get_by_role("link").first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("#5")


def test_the_former_hit_is_not_marked_while_the_next_is_read(
    page: Page, store: Store, hold: Callable[[str], Held]
) -> None:
    open_experiment(page, "digits")
    open_run(page, 1)
    page.get_by_role("link", name="Logs").click()
    box = page.get_by_label("Search the whole log")
    box.fill("warning")
    box.press("Enter")
    marked = page.locator(".log-line.is-marked").get_by_role("button")
    expect(page.get_by_text("1 of 3 hits")).to_be_visible()
    expect(marked).to_have_text("22")
    answer = hold("api/runs/.*/log[?]")
    page.get_by_role("button", name="Next hit").click()
    answer.wait()
    expect(page.get_by_text("2 of 3 hits")).to_be_visible()
    assert marked.inner_text() == "43"
    answer.release()
    expect(marked).to_have_text("43")


def test_a_second_search_in_a_log_shows_its_own_first_hit(page: Page, store: Store) -> None:
    open_experiment(page, "digits")
    open_run(page, 1)
    page.get_by_role("link", name="Logs").click()
    box = page.get_by_label("Search the whole log")
    box.fill("warning")
    box.press("Enter")
    expect(page.get_by_text("1 of 3 hits")).to_be_visible()
    box.fill("held out")
    box.press("Enter")
    expect(page.get_by_text("1 of 1 hit", exact=True)).to_be_visible()
    expect(page.locator(".log-line.is-marked")).to_contain_text("held out")


def test_a_file_is_not_shown_under_the_name_of_another(
    page: Page, store: Store, hold: Callable[[str], Held]
) -> None:
    open_experiment(page, "digits")
    open_run(page, 1)
    page.get_by_role("link", name="Code").click()
    expect(page.get_by_label("train.py", exact=True)).to_contain_text("parser")
    answer = hold("code/file.*notes.md")
    page.get_by_role("button", name="notes.md").click()
    answer.wait()
    expect(page.locator(".listing")).to_have_count(0)
    answer.release()
    expect(page.get_by_label("notes.md", exact=True)).to_contain_text("More epochs")


def test_a_late_answer_does_not_fetch_the_user_back(
    page: Page, store: Store, workspace: Workspace, hold: Callable[[str], Held]
) -> None:
    example.submit(workspace, "late", store.folder, "broken.py").wait_for_completion(
        raise_on_error=False
    )
    page.reload()
    open_experiment(page, "late")
    open_run(page, 1)
    answer = hold("runs/resubmit")
    page.get_by_role("button", name="Resubmit").click()
    answer.wait()
    page.get_by_role("link", name="Targets").click()
    answer.release()
    expect(page.get_by_text("Resubmitted 1 run.")).to_be_visible(timeout=WAIT_MS)
    expect(page.get_by_role("heading", level=1)).to_have_text("Targets and queue")


def test_a_word_is_looked_up_among_the_fields_before_it_is_a_filter(
    page: Page, store: Store, hold: Callable[[str], Held]
) -> None:
    fields = hold("api/fields")
    open_experiment(page, "digits")
    fields.wait()
    add_filter(page, "tags.best")
    fields.release()
    expect(page.get_by_role("button", name="Remove tags.best", exact=True)).to_be_visible()
    expect(total(page)).to_contain_text("1 found")
