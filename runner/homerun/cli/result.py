"""The result of a command, and the one way in which it is printed.

A result is a plain value for programs, and parts for people. The query, the format, the copy in a
file and the pager are handled here, and only here.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from homerun.cli.invocation import Call
    from homerun.cli.output.render import Part


class Result:
    """A value, how people see it, and the exit code.

    Args:
        value: what JSON can hold.
        shown: returns the parts that people see; None: a table of the value's plain fields.
        code: the exit code.
        only_if_asked: standard output already holds something else, such as a script's output:
            the result is printed only if the call asks for it.
        plain: what a pipe gets where no format is asked for, as it is, such as a path for a shell;
            where it is empty that is said.
    """

    def __init__(
        self,
        value: object,
        shown: Callable[[], Iterable[Part]] | None = None,
        code: int = 0,
        only_if_asked: bool = False,
        plain: str | None = None,
    ) -> None:
        self.value = value
        self._shown = shown
        self._code = code
        self._only_if_asked = only_if_asked
        self._plain = plain

    def hand_over(self, call: Call) -> int:
        """Print it as the call asks; returns the exit code."""
        if call.copy is not None:
            from homerun.cli.output import copy_file, formats

            copy_file.write_copy(call.copy, formats.json(self.value, 4, sort_keys=True) + "\n")
        if self._only_if_asked and not call.wants_result:
            return self._code
        from homerun.cli.output import formats, stdout

        is_plain = self._plain is not None and not call.wants_result
        if is_plain and self._plain and not call.is_for_people:
            stdout.put(self._plain, "utf-8")
            return self._code
        value, shown = self.value, self._shown
        if call.query is not None:
            from homerun.cli.output import query

            value, shown = query.shaped(call.query, value), None
        if call.is_for_people or is_plain:
            from homerun.cli.output import render

            parts = render.parts_of(value) if shown is None else shown()
            render.show(parts, call.pages)
        else:
            text = formats.formatted(value, call.output or formats.JSON, stdout.takes_colours())
            stdout.put_paged(text, call.pages, "utf-8")
        return self._code
