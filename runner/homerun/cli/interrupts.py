"""Ctrl-C and SIGTERM for a command that is responsible for a run.

A signal between two steps of a submit or of a cancel would leave a run that no command follows, or
a stop request that its supervisor was never signalled about. So a signal interrupts the command
only inside functions where that is harmless; everywhere else it is held back until then.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from types import CodeType, FrameType
    from typing import Protocol

    class Function(Protocol):
        """A function of Python's, which a frame on the stack can be compared with."""

        @property
        def __code__(self) -> CodeType: ...

else:
    try:
        import _signal as signal  # `signal` loads enum, a third of a start of Python
    except ImportError:
        import signal


NUMBERS = (signal.SIGINT, signal.SIGTERM)
"""What interrupts a command."""

_TRY_AGAIN_S = 0.05


def reading_source() -> tuple[Function, ...]:
    """What may take long in a submit; at that time the run cannot be seen yet."""
    from homerun.snapshots import scan, snapshot, work_copy

    return scan.scan, scan.scan_file, snapshot.take, work_copy.build


def waiting() -> tuple[Function, ...]:
    """What may take long in a cancel; by then the supervisor has its signal."""
    from homerun.runs import wait

    return wait.until_over, wait.Waker.sleep


class Interrupted(BaseException):
    """A signal asked this process to end."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(self.by)

    @property
    def by(self) -> str:
        """The signal in words for people."""
        from homerun.system import signals  # few commands are interrupted

        return "Ctrl-C" if self.number == signals.INT else signals.name(self.number)

    @property
    def exit_code(self) -> int:
        """The code with which a shell reports the signal."""
        return 128 + self.number


class Interrupts:
    """Turns SIGINT and SIGTERM into `Interrupted`; a context manager.

    At first a signal is held back, and tried again a little later. After it was raised the next
    one is held back again, until the command says where that may interrupt.
    """

    def __init__(self, numbers: tuple[int, ...] = NUMBERS) -> None:
        self._numbers = numbers
        self._kept: int | None = None
        self._everywhere = False
        self._inside: frozenset[CodeType] = frozenset()
        self._before: dict[int, object] = {}

    def __enter__(self) -> Interrupts:
        for number in self._numbers:
            before = signal.getsignal(number)
            # Under nohup, or in a script's background, the caller has the signal ignored.
            if before is not signal.SIG_IGN:
                self._before[number] = before
                signal.signal(number, self._handle)
        self._before[signal.SIGALRM] = signal.signal(signal.SIGALRM, self._try_again)
        return self

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, before in self._before.items():
            signal.signal(number, before)  # type: ignore[arg-type]

    def only_in(self, functions: tuple[Function, ...]) -> None:
        """From now on a signal interrupts these functions, and what they call."""
        self._everywhere = False
        self._inside = frozenset(function.__code__ for function in functions)

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
        self._kept, self._everywhere, self._inside = None, False, frozenset()
        raise Interrupted(number)

    def _is_inside(self, frame: FrameType | None) -> bool:
        while frame is not None:
            if frame.f_code in self._inside:
                return True
            frame = frame.f_back
        return False
