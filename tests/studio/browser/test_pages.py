"""What the pages are for, done as a person does it: clicks and keys only."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from homerun import Experiment, ScriptRunConfig, Workspace
from runstore.metrics import samples
from studio.browser import example
from studio.browser.actions import add_filter, open_experiment, open_page, open_run, row
from studio.browser.lab import Store

WIDE = {"width": 1280, "height": 800}
WAIT_MS = 20_000  # for what real processes do


def test_experiments_are_listed_with_their_active_runs_and_durations(
    page: Page, store: Store, workspace: Workspace
) -> None:
    digits = page.get_by_role("row").filter(has=page.get_by_role("link", name="digits", exact=True))
    expect(digits.get_by_text("Failed")).to_be_visible()
    before = int(digits.get_by_role("cell").nth(1).inner_text())
    live = example.go_on(workspace, store.folder)[0]
    expect(digits.get_by_role("cell").nth(0)).to_have_text("1", timeout=WAIT_MS)
    expect(digits.get_by_role("cell").nth(1)).to_have_text(str(before + 1))
    expect(digits.get_by_text("Running")).to_be_visible()
    digits.get_by_role("button", name="Latest runs of digits").click()
    first = page.get_by_role("listitem").filter(has_text="Running")
    expect(first).to_contain_text(f"#{live.number}")
    expect(first).to_contain_text(" s")


def test_runs_of_an_experiment_are_chosen_filtered_and_compared(page: Page, store: Store) -> None:
    open_experiment(page, "digits")
    add_filter(page, "metrics.loss < 0.3")
    add_filter(page, "tags.quality = good")
    expect(page.get_by_text("2 found")).to_be_visible()
    row(page, 3).get_by_role("checkbox").check()
    row(page, 5).get_by_role("checkbox").check()
    expect(page.get_by_text("2 selected")).to_be_visible()
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Compare 2 runs")
    expect(page.get_by_role("img", name="loss: #")).to_be_visible()
    page.get_by_role("link", name="Differences").click()
    table = page.get_by_role("region", name="Comparison")
    expect(table.get_by_role("row", name=re.compile("^Parameters lr"))).to_contain_text("0.2")
    expect(table.get_by_role("row", name="quality")).to_have_count(0)
    page.get_by_label("Only differences").uncheck()
    expect(table.get_by_role("row", name="quality")).to_contain_text("good")


def test_a_run_is_opened_by_its_number_and_its_log_read(page: Page, store: Store) -> None:
    open_experiment(page, "digits")
    page.keyboard.press("#")
    page.keyboard.type("7")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("#7")
    page.get_by_role("link", name="Logs").click()
    log = page.get_by_role("region", name="Log user_logs/std_log.txt")
    expect(log).to_contain_text("reading part 3 of 12")
    expect(log).to_contain_text("ValueError: part 3: 12 columns expected, 11 found")


def test_a_run_is_cancelled_from_the_tool_bar(
    page: Page, store: Store, workspace: Workspace
) -> None:
    live = example.go_on(workspace, store.folder)[0]
    open_experiment(page, "digits")
    open_run(page, live.number)
    bar = page.get_by_role("toolbar", name="Actions for this run")
    bar.get_by_role("button", name="Cancel").click()
    expect(page.locator("header .status")).to_have_text("Canceled", timeout=WAIT_MS)
    expect(bar.get_by_role("button", name="Cancel")).to_be_disabled()
    assert live.get_status() == "Canceled"


def test_runs_are_filtered_by_tag_description_experiment_and_submitter(
    page: Page, store: Store
) -> None:
    user = store.run("digits", 1).get_details()["submittedBy"]
    open_page(page, "Runs", "All runs")
    for condition, found in (
        ("tags.quality = bad", "1 found"),
        ("description ~ learning rate of the paper", "1 found"),
        ("learning rate of the paper", "1 found"),
        ("experiment = prepare-data", "3 found"),
        (f"user = {user}", "found"),
    ):
        add_filter(page, condition)
        expect(page.locator(".total")).to_contain_text(found)
        expect(page.get_by_role("row").nth(1)).to_be_visible()
        page.get_by_role("button", name="Remove").click()
        expect(page.locator(".total")).to_contain_text("runs")


def test_a_filter_that_cannot_be_compared_is_refused_and_shows_no_rows(
    browser: Browser, store: Store
) -> None:
    context = browser.new_context(viewport=WIDE, storage_state=store.studio.session)
    page = context.new_page()  # the browser calls a refusal an error
    store.studio.enter(page)
    open_experiment(page, "digits")
    expect(row(page, 1)).to_be_visible()
    for condition, word in (
        ("created > yesterday", "time"),
        ("duration_s > soon", "duration"),
        ("memory_kib > much", "size"),
    ):
        add_filter(page, condition)
        expect(page.get_by_text(f"is not a valid {word}").first).to_be_visible()
        expect(row(page, 1)).to_have_count(0)
        expect(page.locator(".total")).to_have_text("")
        page.get_by_role("button", name="Remove").click()
        expect(row(page, 1)).to_be_visible()
    for condition, found in (
        ("created > 1d", r"[1-9]\d* found"),
        ("duration_s > 1h", "0 found"),
        ("memory_kib > 10GB", "0 found"),
    ):
        add_filter(page, condition)
        expect(page.locator(".total")).to_have_text(re.compile(rf"^{found}$"))
        page.get_by_role("button", name="Remove").click()
        expect(page.locator(".total")).to_contain_text("runs")
    context.close()


def test_the_filter_suggests_fields_operators_and_values(page: Page, store: Store) -> None:
    open_experiment(page, "digits")
    page.keyboard.press("/")
    page.keyboard.type("tags.qua")
    offered = page.get_by_role("listbox", name="Suggestions")
    offered.get_by_role("option", name="tags.quality text").click()
    offered.get_by_role("option", name="tags.quality = is").click()
    offered.get_by_role("option", name="tags.quality = fair").click()
    expect(page.get_by_text("3 found")).to_be_visible()


def test_tags_and_properties_are_shown(page: Page, store: Store) -> None:
    open_experiment(page, "digits")
    expect(row(page, 2)).to_contain_text("best")
    open_run(page, 2)
    expect(page.get_by_role("button", name="quality fair", exact=True)).to_be_visible()
    expect(page.get_by_role("row", name="framework")).to_contain_text("numpy 2.1")
    expect(page.get_by_role("row", name="framework").get_by_role("button")).to_have_count(0)


def test_a_run_is_submitted_to_a_target(page: Page, store: Store, workspace: Workspace) -> None:
    workspace.targets.add("gpu", slots=1)
    open_page(page, "Submit", "Submit a run")
    page.get_by_label("Experiment", exact=True).fill("by-hand")
    page.get_by_label("Source folder").fill(str(store.folder / "source"))
    page.get_by_label("Script").fill("train.py")
    page.get_by_label("Arguments").fill("--lr 0.25 --epochs 3")
    page.get_by_label("Target").select_option("gpu")
    page.get_by_label("Tags").fill("from=studio")
    page.get_by_role("button", name="Submit").click()
    expect(page.locator("header .status")).to_have_text("Completed", timeout=WAIT_MS)
    details = page.get_by_role("complementary")
    expect(details).to_contain_text("--lr 0.25 --epochs 3")
    expect(details).to_contain_text("gpu")
    expect(details).to_contain_text("studio")
    assert store.run("by-hand", 1).get_status() == "Completed"


def test_a_past_run_is_submitted_again_with_other_arguments(
    page: Page, store: Store, workspace: Workspace
) -> None:
    open_experiment(page, "digits")
    open_run(page, 1)
    page.get_by_role("button", name="Edit and submit").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Submit a run")
    expect(page.get_by_label("Script")).to_have_value("train.py")
    page.get_by_label("Experiment", exact=True).fill("again")
    page.get_by_label("Arguments").fill("--epochs 2 --seed 9")
    page.get_by_role("button", name="Submit").click()
    expect(page.locator("header .status")).to_have_text("Completed", timeout=WAIT_MS)
    assert list(store.run("again", 1).get_tags()) != []


def test_a_past_run_is_edited_with_all_that_it_was_submitted_with_and_with_the_code_it_had(
    page: Page, store: Store, workspace: Workspace
) -> None:
    source = store.folder / "editing"
    source.mkdir()
    script = source / "told.py"
    script.write_text("print('as it was')")
    config = ScriptRunConfig(
        str(source),
        "told.py",
        ["--lr", "0.1"],
        slots=1,
        priority=7,
        max_retries=2,
        grace_s=3,
        max_run_duration_seconds=90,
        environment_variables={"PATH": os.environ["PATH"]},
    )
    past = Experiment(workspace, "edited").submit(config, {"quality": "good"})
    past.wait_for_completion()
    script.write_text("print('as it is now')")

    page.goto(f"{store.studio.address}#/run/{past.id}")
    page.get_by_role("button", name="Edit and submit").click()
    code = page.get_by_label("Code")
    expect(code.locator("option")).to_have_text(
        [re.compile(r"^as it was \(snapshot \w{6}\)$"), "as it is now (1 file differs)"]
    )
    expect(page.get_by_label("Source folder")).not_to_be_editable()
    shown = {"Priority": "7", "Retries": "2", "Time limit in minutes (optional)": "1.5"}
    for label, value in shown.items():
        expect(page.get_by_label(label)).to_have_value(value)
    expect(page.get_by_label("Tags")).to_have_value("quality=good")
    expect(page.get_by_label("Environment variables")).to_be_visible()
    expect(page.get_by_text("This stays as it was: grace_s 3")).to_be_visible()
    page.get_by_label("Arguments").fill("--lr 0.2")
    page.get_by_label("Priority").fill("")
    page.get_by_role("button", name="Submit", exact=True).click()
    expect(page.locator("header .status")).to_have_text("Completed", timeout=WAIT_MS)

    made = next(iter(workspace.get_runs("edited")))
    assert made.id != past.id
    asked, was = made._record.run, past._record.run
    same = ("snapshot", "max_retries", "grace_s", "max_run_duration_seconds", "target")
    assert {name: asked[name] for name in same} == {name: was[name] for name in same}
    assert made.get_tags() == past.get_tags()
    assert asked["command"] == [*was["command"][:-1], "0.2"]
    assert (asked["priority"], asked["environment_variables"]) == (0, ["PATH"])
    page.go_back()
    page.get_by_label("Code").select_option("now")
    page.get_by_role("button", name="Submit", exact=True).click()
    expect(page.locator("header .status")).to_have_text("Completed", timeout=WAIT_MS)
    made = next(iter(workspace.get_runs("edited")))
    assert made._record.run["snapshot"] != was["snapshot"]
    assert (Path(made.directory) / "user_logs/std_log.txt").read_text() == "as it is now\n"


def test_name_description_and_tags_are_edited_in_place(
    page: Page, store: Store, workspace: Workspace
) -> None:
    run = next(iter(workspace.get_runs("prepare-data")))  # by order: children take numbers, too
    open_experiment(page, "prepare-data")
    open_run(page, run.number)
    page.get_by_role("button", name="Edit the name").click()
    page.keyboard.type("third try")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("third try")
    page.get_by_role("button", name="Edit the description").click()
    page.keyboard.type("with five folds")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("button", name="Edit the description: with five folds")).to_be_visible()
    page.get_by_role("textbox", name="Tag", exact=True).fill("seen")
    page.get_by_role("textbox", name="Value", exact=True).fill("yes")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("button", name="seen yes", exact=True)).to_be_visible()
    assert (run.display_name, run.description) == ("third try", "with five folds")
    assert run.get_tags()["seen"] == "yes"
    page.get_by_role("button", name="Remove tag seen").click()
    expect(page.get_by_role("button", name="seen yes", exact=True)).to_have_count(0)


def test_chosen_runs_are_tagged_resubmitted_and_deleted_together(
    page: Page, store: Store, workspace: Workspace
) -> None:
    for _ in range(2):
        run = example.submit(workspace, "bulk", store.folder, "broken.py")
        run.wait_for_completion(raise_on_error=False)
    open_experiment(page, "bulk")
    page.get_by_role("checkbox", name="Select all runs").click()
    expect(page.get_by_text("2 selected")).to_be_visible()
    page.get_by_role("button", name="Tag", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Tag", exact=True).fill("batch")
    dialog.get_by_label("Value").fill("one")
    dialog.get_by_role("button", name="Set the tag").click()
    expect(row(page, 1)).to_contain_text("batch")
    expect(row(page, 2)).to_contain_text("batch")
    page.get_by_role("button", name="Resubmit").click()
    page.get_by_role("dialog").get_by_role("button", name="Resubmit 2 runs").click()
    expect(row(page, 4)).to_contain_text("Failed", timeout=WAIT_MS)
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Move to the trash").click()
    expect(row(page, 1)).to_have_count(0)
    expect(page.get_by_text("2 runs", exact=True)).to_be_visible()


def test_columns_are_chosen_sorted_and_grouped(page: Page, store: Store) -> None:
    open_experiment(page, "digits")
    for usual in ("lr", "seed", "accuracy", "loss"):
        expect(page.get_by_role("columnheader", name=usual, exact=True)).to_be_visible()
    page.get_by_role("button", name="lr", exact=True).click()
    expect(page.get_by_role("row").nth(1)).to_contain_text("0.3")
    page.get_by_label("Group by").select_option("params.lr")
    expect(page.get_by_role("button", name="0.05 2")).to_be_visible()
    page.get_by_label("Group by").select_option("none")
    page.get_by_role("button", name="Columns").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("min loss", exact=True).check()
    dialog.get_by_role("group", name="Parameters").get_by_label("seed", exact=True).uncheck()
    dialog.get_by_label("CPU time", exact=True).check()
    page.keyboard.press("Escape")
    expect(row(page, 4)).to_contain_text("0.3")
    page.get_by_role("button", name="min loss", exact=True).click()
    expect(page.get_by_role("columnheader", name="min loss")).to_have_attribute(
        "aria-sort", "ascending"
    )
    expect(page.get_by_role("row").nth(1)).to_contain_text("0.3")
    page.get_by_label("Group by").select_option("tags.quality")
    expect(page.get_by_role("button", name="fair 3")).to_be_visible()
    page.get_by_role("button", name="fair 3").click()
    expect(row(page, 2)).to_have_count(0)


def test_failed_runs_are_shown_with_their_errors_and_grouped_by_them(
    page: Page, store: Store
) -> None:
    page.keyboard.press("g")
    page.keyboard.press("r")
    add_filter(page, "status = Failed")
    expect(page.get_by_role("columnheader", name="Error")).to_be_visible()
    expect(page.get_by_role("row").nth(1)).to_contain_text("ValueError: part 3")
    page.get_by_label("Group by").select_option("error")
    heading = page.get_by_role(
        "button", name=re.compile("^ValueError: part 3: 12 columns expected")
    )
    expect(heading).to_be_visible()


def test_the_children_of_a_run_are_a_table_with_what_they_add_up_to(
    page: Page, store: Store
) -> None:
    open_experiment(page, "prepare-data")
    expect(row(page, 1).get_by_role("img", name="4 Completed, 1 Failed")).to_be_visible()
    open_run(page, 1)
    page.get_by_role("link", name="Children").click()
    expect(page.get_by_text("4 Completed, 1 Failed").first).to_be_visible()
    expect(page.get_by_role("row", name="fold-3")).to_contain_text("Failed")
    expect(page.get_by_role("columnheader", name="loss")).to_be_visible()
    expect(page.get_by_text("5 runs", exact=True)).to_be_visible()


def test_outputs_are_looked_at_and_downloaded(page: Page, store: Store) -> None:
    open_experiment(page, "digits")
    open_run(page, 1)
    page.get_by_role("link", name="Files").click()
    page.get_by_role("button", name="predictions.csv").click()
    expect(page.get_by_role("columnheader", name="guess")).to_be_visible()
    page.get_by_role("button", name="confusion.png").click()
    expect(page.get_by_role("img", name="confusion.png")).to_be_visible()
    page.get_by_role("button", name="checkpoints").click()
    expect(page.get_by_role("button", name="last.bin")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as zip").click()
    assert download.value.suggested_filename.endswith(".zip")


def test_code_and_record_are_shown(page: Page, store: Store) -> None:
    open_experiment(page, "digits")
    open_run(page, 1)
    page.get_by_role("link", name="Code").click()
    expect(page.get_by_label("train.py", exact=True)).to_contain_text("parser.add_argument")
    expect(page.get_by_text("branch main")).to_be_visible()
    page.get_by_role("link", name="JSON").click()
    expect(page.get_by_text('"exit_code"').or_(page.get_by_text('"run_id"')).first).to_be_visible()


def test_metrics_and_log_move_while_a_run_goes_on(
    page: Page, store: Store, workspace: Workspace
) -> None:
    live = example.go_on(workspace, store.folder)[0]
    open_experiment(page, "digits")
    open_run(page, live.number)
    tile = page.locator(".tiles dd").first
    tile.wait_for()
    first = tile.inner_text()
    expect(tile).not_to_have_text(first, timeout=WAIT_MS)
    page.get_by_role("link", name="Logs").click()
    log = page.get_by_role("region", name="Log user_logs/std_log.txt")
    expect(log).to_contain_text("step 20:", timeout=WAIT_MS)
    expect(page.get_by_label("Follow")).to_be_checked()


def test_what_a_run_uses_has_bars_that_move_while_it_goes_on(
    page: Page, store: Store, workspace: Workspace
) -> None:
    run = Experiment(workspace, "load").start_logging()
    log = samples.SampleLog(run.directory)
    log.add({"cpu_percent": 50.0, "memory": 3 << 30})
    open_experiment(page, "load")
    line = row(page, run.number)
    expect(line.get_by_role("img", name=re.compile("^50 % of "))).to_be_visible()
    expect(line).to_contain_text("3.0 GB")
    log.add({"cpu_percent": 75.0, "memory": 4 << 30})
    expect(line).to_contain_text("75 %", timeout=WAIT_MS)
    expect(line).to_contain_text("4.0 GB")
    run.complete()
    expect(line).to_contain_text("Completed")
    expect(line).to_contain_text("63 %")
    expect(line.get_by_role("img")).to_have_count(0)


def test_the_points_behind_a_chart_are_read_a_page_at_a_time(page: Page, store: Store) -> None:
    open_experiment(page, "digits")
    open_run(page, 1)
    page.get_by_role("link", name="Metrics").click()
    card = page.get_by_role("figure").filter(has_text="accuracy")
    card.locator("summary").click()
    card.get_by_role("button", name="All points").click()
    dialog = page.get_by_role("dialog", name="accuracy")
    last = dialog.get_by_role("row").last
    expect(last.get_by_role("cell").nth(0)).to_have_text("60")
    expect(last.get_by_role("cell").nth(3)).to_have_text(re.compile(r"\d{4}.*:\d\d[.,]\d{3}"))
    expect(dialog.get_by_text("1 to 60 of 60")).to_be_visible()


def test_a_folder_in_which_nothing_was_changed_is_not_called_changed(
    page: Page, store: Store, workspace: Workspace
) -> None:
    run = store.run("digits", 1)
    changed = page.get_by_text("uncommitted changes", exact=True)
    page.goto(f"{store.studio.address}#/run/{run.id}/code")
    expect(page.get_by_text("branch main")).to_be_visible()
    expect(changed).to_be_visible()
    clean = example.submit_clean(workspace, store.folder)
    page.goto(f"{store.studio.address}#/run/{clean.id}/code")
    expect(page.get_by_text("branch main")).to_be_visible()
    expect(changed).to_have_count(0)


def test_a_log_is_searched_and_a_line_linked(
    page: Page, store: Store, visit: Callable[..., Page]
) -> None:
    open_experiment(page, "digits")
    open_run(page, 1)
    page.get_by_role("link", name="Logs").click()
    log = page.get_by_role("region", name="Log user_logs/std_log.txt")
    expect(log).to_contain_text("done")
    page.keyboard.press("/")
    page.keyboard.type("warning")
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 of 3 hits")).to_be_visible()
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Next hit").click()
    expect(page.get_by_text("2 of 3 hits")).to_be_visible()
    marked = page.locator(".log-line.is-marked")
    expect(marked).to_contain_text("WARNING")
    expect(log).not_to_contain_text("\x1b")
    expect(log).not_to_contain_text("40%")
    number = marked.get_by_role("button").inner_text()
    marked.get_by_role("button").click()
    expect(page).to_have_url(re.compile(f"line={number}"))
    other = visit(store.studio)
    other.goto(page.url)
    expect(other.locator(".log-line.is-marked")).to_contain_text("WARNING")
    expect(other.locator(".log-line.is-marked").get_by_role("button")).to_have_text(number)


def test_everything_is_within_reach_of_the_keyboard(page: Page, store: Store) -> None:
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("r")
    expect(page.get_by_role("heading", level=1)).to_have_text("All runs")
    page.get_by_role("row").nth(2).wait_for()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_contain_text("next run")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    expect(page.get_by_text("2 selected")).to_be_visible()
    page.keyboard.press("c")
    expect(page.get_by_role("heading", level=1)).to_have_text("Compare 2 runs")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("All runs")
    page.keyboard.press("/")
    page.keyboard.type("experiment = digits")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    # Typed on, whatever the server takes to answer: the keys act on the rows of the filter.
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("#")
    expect(page.get_by_role("link", name="digits", exact=True)).to_be_visible()
    page.keyboard.press("4")
    expect(page.get_by_role("region", name="Log user_logs/std_log.txt")).to_be_visible()


def test_a_queue_is_shown_with_reasons_and_paused(
    page: Page, store: Store, workspace: Workspace
) -> None:
    example.go_on(workspace, store.folder)
    open_page(page, "Targets", "Targets and queue")
    expect(page.get_by_text("the only slot is busy")).to_be_visible()
    gpu = page.locator("section.target").filter(has_text="gpu")
    waiting = gpu.get_by_role("table", name="Waiting, next run first")
    expect(waiting.get_by_role("time").first).to_have_text(re.compile(r"^\d+ (s|min) ago$"))
    gpu.get_by_role("button", name="Pause").click()
    expect(gpu.get_by_text("paused", exact=True)).to_be_visible()
    gpu.get_by_role("button", name="Resume").click()
    expect(gpu.get_by_text("paused", exact=True)).to_have_count(0)


def test_the_pages_work_below_another_path(
    start: Callable[..., object], visit: Callable[..., Page]
) -> None:
    page = visit(start("--base-path", "/tools/homerun", "--read-only"))
    assert "/tools/homerun/" in page.url
    open_experiment(page, "digits")
    expect(row(page, 1)).to_be_visible()
    expect(page.get_by_text("read-only")).to_be_visible()
    open_run(page, 1)
    expect(page.get_by_role("button", name="Resubmit")).to_be_disabled()
