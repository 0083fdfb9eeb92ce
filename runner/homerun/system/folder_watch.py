"""A watch of folders, which wakes a thread when something in them changes.

It is the only importer of watchdog. A wake-up says nothing by itself: the thread that waits looks
for what has changed, also when nothing woke it for a while. Where folders cannot be watched (too
many, a network) only that is left.
"""

from __future__ import annotations

import os
import threading

from runstore import layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from watchdog.events import FileSystemEvent

MOST = 48
"""Each watched folder costs a thread."""

_IGNORED = (layout.INDEX_FILE, layout.INDEX_VERIFYING)
"""Beginnings of the names of files that the woken thread writes itself."""


class FolderWatch:
    """Wakes one thread when something in some folders changes; call `close` in the end."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._watched: dict[str, Any] = {}
        self._observer: Any = None

    def watch(self, folders: Iterable[str]) -> None:
        """Watch these folders, without those below them, and no others; the first ones count."""
        wanted = list(dict.fromkeys(folders))[:MOST]
        for folder in [one for one in self._watched if one not in wanted]:
            watch = self._watched.pop(folder)
            try:
                self._observer.unschedule(watch)
            except (KeyError, OSError):
                continue  # it ended with its folder
        for folder in wanted:
            if folder not in self._watched:
                self._add(folder)

    def wait(self, seconds: float) -> bool:
        """Wait until something has changed, or for so long. Whether it was woken."""
        is_woken = self._event.wait(seconds)
        self._event.clear()
        return is_woken

    def wake(self) -> None:
        """Wake who waits."""
        self._event.set()

    def close(self) -> None:
        """Watch nothing any more."""
        if self._observer is not None:
            self._observer.stop()
            self._observer.join()
            self._observer = None
        self._watched.clear()

    def _add(self, folder: str) -> None:
        from watchdog import events
        from watchdog.observers import Observer

        if self._observer is None:
            self._observer = Observer()
            self._observer.start()
        kinds = (
            *(events.FileCreatedEvent, events.DirCreatedEvent, events.FileModifiedEvent),
            *(events.FileMovedEvent, events.DirMovedEvent, events.DirDeletedEvent),
        )
        handler = _Handler(self._event)
        try:
            watch = self._observer.schedule(handler, folder, event_filter=list(kinds))
        except (OSError, RuntimeError):
            return  # gone by now, or no more can be watched: no watches, or threads, are left
        self._watched[folder] = watch


class _Handler:
    """What watchdog calls: any change wakes, but for those of the index itself."""

    def __init__(self, event: threading.Event) -> None:
        self._event = event

    def dispatch(self, event: FileSystemEvent) -> None:
        """Take a change."""
        if not os.path.basename(os.fsdecode(event.src_path)).startswith(_IGNORED):
            self._event.set()
