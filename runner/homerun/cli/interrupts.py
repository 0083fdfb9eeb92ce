"""Ctrl-C and SIGTERM for a command that has a run to answer for.

A signal that strikes between two steps of submitting or cancelling would leave a run that nobody
follows, or a wish that nobody was told of. So a signal interrupts only where that is harmless, and
is kept until then everywhere else.
"""

from __future__ import annotations

import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

_NUMBERS = (signal.SIGINT, signal.SIGTERM)
_TRY_AGAIN_S = 0.05

READING_SOURCE = (
    "homerun.snapshots.scan",
    "homerun.snapshots.snapshot",
    "homerun.snapshots.work_copy",
)
"""What may take long while a run is submitted; at that time nobody can see the run yet."""

WAITING = ("homerun.runs.wait",)
"""What may take long while a run is cancelled; by then the wish is on its way."""


class Interrupted(BaseException):
    """A signal asked this process to end."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(self.by)

    @property
    def by(self) -> str:
        """The signal in words for people."""
        return "Ctrl-C" if self.number == signal.SIGINT else "SIGTERM"

    @property
    def exit_code(self) -> int:
        """The code with which a shell reports the signal."""
        return 128 + self.number


class Interrupts:
    """Turns SIGINT and SIGTERM into `Interrupted`; a context manager.

    At first a signal is only kept, and tried again a little later. After it was raised the next
    one is kept again, until the command says where that may interrupt.
    """

    def __init__(self) -> None:
        self._kept: int | None = None
        self._everywhere = False
        self._modules: tuple[str, ...] = ()
        self._before: dict[int, object] = {}

    def __enter__(self) -> Interrupts:
        for number in _NUMBERS:
            before = signal.getsignal(number)
            # Under nohup, or in a script's background, the signal is none of our business.
            if before is not signal.SIG_IGN:
                self._before[number] = before
                signal.signal(number, self._handle)
        self._before[signal.SIGALRM] = signal.signal(signal.SIGALRM, self._try_again)
        return self

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, before in self._before.items():
            signal.signal(number, before)  # type: ignore[arg-type]

    def only_in(self, modules: tuple[str, ...]) -> None:
        """From now on a signal interrupts what runs inside of these modules."""
        self._everywhere, self._modules = False, modules

    def anywhere(self) -> None:
        """From now on a signal interrupts at once.

        Raises:
            Interrupted: one has come already.
        """
        self._everywhere = True
        if self._kept is not None:
            self._raise(self._kept)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._everywhere or self._is_inside(frame):
            self._raise(number)
        self._kept = number
        signal.setitimer(signal.ITIMER_REAL, _TRY_AGAIN_S)

    def _try_again(self, number: int, frame: FrameType | None) -> None:
        if self._kept is not None:
            self._handle(self._kept, frame)

    def _raise(self, number: int) -> None:
        self._kept, self._everywhere, self._modules = None, False, ()
        raise Interrupted(number)

    def _is_inside(self, frame: FrameType | None) -> bool:
        while frame is not None:
            if frame.f_globals.get("__name__") in self._modules:
                return True
            frame = frame.f_back
        return False
