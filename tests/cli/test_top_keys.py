"""The keys of `homerun top`, pressed by Textual's pilot on runs that are given to it."""

from __future__ import annotations

import asyncio
import threading

import pytest

from homerun.cli.top import picture
from homerun.cli.top.app import Noticed, Top
from homerun.views.live import narrowing
from runstore.errors import StoreError
from runstore.run import params

STARTED = "2026-11-21T22:25:00Z"


def row(number, status="Completed", **more):
    known = {
        "id": f"digits_{number}",
        "number": number,
        "name": f"digits_{number}",
        "experiment": "digits",
        "script": "train.py",
        "status": status,
        "created": f"2026-11-21T22:00:{number:02}Z",
        "started": None if status == "Queued" else STARTED,
        "ended": None,
        "duration_s": 3.0 if status == "Completed" else None,
        "parent": None,
        "children": 0,
        "description": None,
        "arguments": ["--seed", str(number)],
        "tags": {},
        "of": None,
        "goal": {"name": "loss", "last": number / 10, "trend": [1.0, 0.5]},
    }
    known.update(more)
    return {**known, "params": params.parse(known["arguments"])}


RUNS = (row(5, "Running"), row(4, "Running"), row(3, "Queued"), row(2), row(1, "Failed"))


class Watched:
    """What the application watches: rows that stay as they are, until they are told."""

    def __init__(self, *rows):
        self.rows = list(rows)
        self.counts = {}
        self.error = None
        self.in_sight = ()
        self.told = print
        self.narrowed = []

    def again(self):
        """Look again: there is nothing new."""

    def narrow(self, typed, sort=None):
        """As the real one refuses and takes it."""
        narrowing.parse(typed, sort)
        self.narrowed.append((typed, sort))


class Seen:
    """A run from near, whose log says which one it is."""

    def __init__(self, run_id):
        self.record = type("Record", (), {"id": run_id})
        self._run_id = run_id
        self.is_closed = False

    def fileno(self):
        return -1

    def read(self, lines, width):
        return {"log": [f"log of {self._run_id}"], "charts": [], "below": []}

    def close(self):
        self.is_closed = True


class Deeds:
    """What was done, in its order."""

    def __init__(self, fails=False):
        self.done = []
        self.opened = []
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self._fails = fails

    def stop(self, run_id):
        self.may_go_on.wait()
        self._do("stop", run_id)

    def rerun(self, run_id):
        self._do("rerun", run_id)
        return "digits_6"

    def tag(self, run_id, typed):
        self._do("tag", run_id, typed)

    def near(self, run_id):
        self.opened.append(Seen(run_id))
        return self.opened[-1]

    def _do(self, *what):
        if self._fails:
            raise StoreError("the disk is full")
        self.done.append(what)


def drive(script, *rows, deeds=None, size=(100, 30), **more):
    """Let a script press keys; what it returns."""
    watched = Watched(*(rows or RUNS))
    deeds = deeds or Deeds()
    app = Top(lambda: deeds, watched, **more)

    async def run():
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            found = await script(app, pilot, watched)
            await settled(app, pilot)
        return found

    return asyncio.run(run())


async def settled(app, pilot):
    """Wait until what runs in threads has ended, and is shown."""
    await app.workers.wait_for_complete()
    await pilot.pause()


def screen(app):
    """The lines on the screen."""
    strips = app.screen._compositor.render_strips()
    return ["".join(part.text for part in strip).rstrip() for strip in strips]


def foot(app):
    return next(line for line in reversed(screen(app)) if line).strip()


def selected(app):
    return app._table.selected


def test_arrows_letters_pages_and_the_mouse_select():
    async def script(app, pilot, watched):
        found = [selected(app)]
        for keys in (["down"], ["j", "j"], ["up"], ["end"], ["home"], ["pagedown"], ["k"]):
            await pilot.press(*keys)
            found.append(selected(app))
        await pilot.click("#table", offset=(5, 2))
        return [*found, selected(app)]

    ids = ["5", "4", "2", "fold", "1", "5", "1", "2", "4"]
    expected = [one if one == "fold" else f"digits_{one}" for one in ids]
    assert drive(script) == expected


def test_the_queue_unfolds_by_a_key_and_by_a_click():
    async def script(app, pilot, watched):
        folded = screen(app)
        await pilot.press("space")
        unfolded = screen(app)
        await pilot.click("#table", offset=(5, 3))
        return [
            any("… Queued" in line for line in one[:8]) for one in (folded, unfolded, screen(app))
        ]

    assert drive(script) == [False, True, False]


def test_the_pane_shows_the_run_on_which_the_selection_rests():
    deeds = Deeds()

    async def script(app, pilot, watched):
        await pilot.press("end")
        app._near._turn()
        await settled(app, pilot)
        return screen(app)

    lines = drive(script, deeds=deeds)

    assert any("log of digits_1" in line for line in lines)
    assert any("─ digits #1 · ✗ Failed" in line for line in lines)
    assert all(seen.is_closed for seen in deeds.opened)


def test_enter_makes_the_pane_large_and_escape_leads_back():
    async def script(app, pilot, watched):
        await pilot.press("enter")
        large = screen(app)
        await pilot.press("escape")
        return large, screen(app)

    large, back = drive(script)
    assert "digits #5" in large[1]
    assert "train.py" in back[2]


def test_stopping_asks_first_and_no_means_no():
    deeds = Deeds()

    async def script(app, pilot, watched):
        await pilot.press("s")
        asked = [line for line in screen(app) if "stop digits" in line]
        await pilot.press("n")
        await settled(app, pilot)
        return asked

    assert drive(script, deeds=deeds) == [" stop digits #5? y/n"]
    assert deeds.done == []


def test_a_stop_is_said_until_the_run_has_ended():
    deeds = Deeds()
    deeds.may_go_on.clear()

    async def script(app, pilot, watched):
        await pilot.press("s", "y")
        await pilot.pause()
        found = [foot(app)]
        deeds.may_go_on.set()
        await settled(app, pilot)
        found.append(foot(app))
        watched.rows[0] = row(5, "Canceled")
        app.post_message(Noticed())
        await pilot.pause()
        found.append(foot(app))
        app._foot.hush()  # what its timer does
        await pilot.pause()
        return [*found, foot(app)]

    found = drive(script, deeds=deeds)

    assert found[:3] == ["digits #5 is being stopped"] * 2 + ["digits #5 is Canceled"]
    assert found[3].startswith("s stop")
    assert deeds.done == [("stop", "digits_5")]


def test_the_run_that_was_selected_when_it_was_asked_is_meant():
    deeds = Deeds()

    async def script(app, pilot, watched):
        await pilot.press("s")
        watched.rows[:] = [row(9, "Running"), *RUNS[1:]]
        app.post_message(Noticed())
        await pilot.pause()
        await pilot.press("y")
        await settled(app, pilot)

    drive(script, deeds=deeds)
    assert deeds.done == [("stop", "digits_5")]


def test_a_run_that_is_over_is_not_stopped():
    async def script(app, pilot, watched):
        await pilot.press("end", "s")
        return foot(app)

    assert drive(script) == "digits #1 is Failed already"


def test_a_run_is_submitted_again_and_tagged():
    deeds = Deeds()

    async def script(app, pilot, watched):
        await pilot.press("r", "y")
        await settled(app, pilot)
        again = foot(app)
        await pilot.press("t", *"a=b", "enter")
        await settled(app, pilot)
        return again, foot(app)

    said = drive(script, deeds=deeds)

    assert said == ("digits #5 was submitted again: digits_6", "digits #5 has the tag a=b")
    assert deeds.done == [("rerun", "digits_5"), ("tag", "digits_5", "a=b")]


def test_what_the_store_refuses_is_said():
    async def script(app, pilot, watched):
        await pilot.press("s", "y")
        await settled(app, pilot)
        return foot(app)

    assert drive(script, deeds=Deeds(fails=True)) == "the disk is full"


def test_a_filter_is_typed_kept_and_cleared_and_its_letters_do_nothing_else():
    async def script(app, pilot, watched):
        await pilot.press("slash", *"qsrt", "enter")
        await pilot.pause()
        head = screen(app)[0]
        await pilot.press("escape")
        return head, watched.narrowed, app.is_running

    head, narrowed, is_running = drive(script)

    assert head.endswith("/qsrt")
    assert narrowed == [("qsrt", None), ("", None)]
    assert is_running


def test_a_filter_that_is_none_is_said_and_changes_nothing():
    async def script(app, pilot, watched):
        await pilot.press("slash", *"speed > 3", "enter")
        return foot(app), watched.narrowed

    said, narrowed = drive(script)

    assert said.startswith("there is no field 'speed'")
    assert narrowed == []


def test_a_question_is_broken_off_by_escape_and_by_a_click_elsewhere():
    deeds = Deeds()

    async def script(app, pilot, watched):
        await pilot.press("s", "escape")
        after_escape = foot(app)
        await pilot.press("s")
        await pilot.click("#table", offset=(5, 4))
        await pilot.pause()
        return after_escape, foot(app)

    found = drive(script, deeds=deeds)

    assert all(line.startswith("s stop") for line in found)
    assert deeds.done == []


def test_the_order_changes_and_is_said():
    async def script(app, pilot, watched):
        found = []
        for key in ("o", "O", "o"):
            await pilot.press(key)
            found.append(foot(app))
        return found, watched.narrowed

    found, narrowed = drive(script, minimizes=lambda metric: True)

    assert found[:2] == ["by loss, the least first", "by loss, the largest first"]
    assert found[2] == "by duration, the largest first"
    assert [sort for _, sort in narrowed] == ["metrics.loss", "-metrics.loss", "-duration_s"]


def test_an_error_of_the_watch_is_shown_until_it_is_gone():
    async def script(app, pilot, watched):
        watched.error = "disk I/O error"
        app.post_message(Noticed())
        await pilot.pause()
        shown = foot(app)
        watched.error = None
        app.post_message(Noticed())
        await pilot.pause()
        return shown, foot(app)

    shown, after = drive(script)
    assert shown == "disk I/O error"
    assert after.startswith("s stop")


def test_help_lies_over_all_and_any_way_leads_back():
    async def script(app, pilot, watched):
        found = []
        for key in ("question_mark", "escape", "h", "q"):
            await pilot.press(key)
            found.append(any("submit it again" in line for line in screen(app)))
        return found, app.is_running

    assert drive(script, size=(80, 24)) == ([True, False, True, False], True)


@pytest.mark.parametrize("size", [(20, 5), (40, 8), (80, 24), (120, 40), (200, 60), (5, 2), (1, 1)])
def test_it_fits_every_terminal(size):
    async def script(app, pilot, watched):
        await pilot.resize_terminal(*size)
        await pilot.pause()
        await pilot.press("down", "enter", "tab", "escape", "question_mark", "escape")
        return screen(app)

    assert len(drive(script, size=(80, 24))) == size[1]


@pytest.mark.parametrize("size", [(40, 8), (80, 24), (200, 50)])
def test_the_first_picture_is_what_is_drawn_then(size):
    async def script(app, pilot, watched):
        return screen(app), watched

    drawn, watched = drive(script, size=size)
    painted = [
        "".join(part for part, _ in line) for line in picture.screen_lines(watched, None, *size)
    ]
    above, below = picture.heights(size[1] - 2)
    seen = [line.rstrip() for line in painted]
    assert len(painted) == size[1]
    assert seen[: above + 1 + bool(below)] == drawn[: above + 1 + bool(below)]
    assert seen[-1] == drawn[-1]


def test_what_is_in_sight_is_told_to_the_watch():
    async def script(app, pilot, watched):
        folded = watched.in_sight
        await pilot.press("space")
        return folded, watched.in_sight

    folded, unfolded = drive(script)

    assert folded == ("digits_5", "digits_4", "digits_2", "digits_1")
    assert unfolded == ("digits_5", "digits_4", "digits_3", "digits_2", "digits_1")


def test_markup_in_the_names_of_runs_is_text():
    async def script(app, pilot, watched):
        return screen(app)

    lines = drive(script, row(1, name="[red]name[/red] \x1b[31m"))

    assert any(r"[red]name[/red] \x1b[31m" in line for line in lines)
