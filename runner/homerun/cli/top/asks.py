"""What `homerun top` asks before it does something to a run, does in a thread, and says then."""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from homerun.cli.top.columns import title_of
from runstore import status
from runstore.errors import BaseError

if TYPE_CHECKING:
    from textual.app import App

    from homerun.cli.top.columns import Row
    from homerun.cli.top.deeds import Deeds
    from homerun.cli.top.foot import Foot
    from homerun.cli.top.widgets import Answer


class Asks:
    """Stop, submit again, tag.

    Args:
        done: called when something was done.
    """

    def __init__(
        self,
        app: App[Any],
        deeds: Callable[[], Deeds],
        answer: Answer,
        foot: Foot,
        done: Callable[[], object],
    ) -> None:
        self._app = app
        self._deeds = deeds
        self._answer = answer
        self._foot = foot
        self._done = done
        self._stopping: dict[str, str] = {}

    def stop(self, row: Row) -> None:
        """Ask whether to stop a run; that it has ended is said when it has."""
        run_id, name = row["id"], title_of(row)
        if row["status"] in status.TERMINAL:
            self._foot.say(f"{name} is {row['status']} already")
            return

        async def work() -> None:
            self._foot.say(f"{name} is being stopped", stays=True)
            self._stopping[run_id] = name
            if not await self._tried(lambda: self._deeds().stop(run_id)):
                self._stopping.pop(run_id, None)

        below = " and all below it" if row["children"] else ""
        self._answer.confirm(f"stop {name}{below}?", lambda: self._do(work()))

    def rerun(self, row: Row) -> None:
        """Ask whether to submit a run again."""
        name = title_of(row)
        made: list[str] = []

        async def work() -> None:
            self._foot.say(f"{name} is being submitted again", stays=True)
            if await self._tried(lambda: made.append(self._deeds().rerun(row["id"]))):
                self._foot.say(f"{name} was submitted again: {made[0]}")

        self._answer.confirm(f"submit {name} again?", lambda: self._do(work()))

    def tag(self, row: Row) -> None:
        """Ask for a tag."""

        async def work(typed: str) -> None:
            if await self._tried(lambda: self._deeds().tag(row["id"], typed)):
                self._foot.say(f"{title_of(row)} has the tag {typed}")

        def take(typed: str) -> None:
            if typed.strip():
                self._do(work(typed.strip()))

        self._answer.ask(f"tag of {title_of(row)}: key=value", take)

    def settle(self, row_of: Callable[[str], Row | None]) -> None:
        """Say so when a run that was asked to stop has ended."""
        for run_id, name in list(self._stopping.items()):
            row = row_of(run_id)
            if row is None or row["status"] in status.TERMINAL:
                del self._stopping[run_id]
                self._foot.say(f"{name} is {row['status'] if row else 'over'}")

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        self._app.run_worker(work, group="deeds")

    async def _tried(self, act: Callable[[], object]) -> bool:
        """Do something in a thread. False: it failed, which is said."""
        try:
            await to_thread(act)
        except (BaseError, OSError) as error:
            self._foot.say(getattr(error, "message", None) or str(error), is_error=True)
            return False
        self._done()
        return True
