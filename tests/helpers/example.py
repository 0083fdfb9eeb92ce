"""The example with children, on a cluster or at home, and all that is on record of it."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

from helpers import sources
from helpers.wait import wait_until
from homerun import Experiment, ScriptRunConfig, Workspace
from runstore import layout

EXAMPLES = sources.ROOT / "scripts/examples"

OF_ANY_TWO = {"time", "pid", "clock_s", "number", "alive_inode", "alive_device", "folder_inode"}
OF_TWO = {
    "run.json": OF_ANY_TWO | {"target", "source_directory", "snapshot", "submitted_from"},
    "started.json": OF_ANY_TWO | {"script", "supervisor", "pid_namespace", "slots"},
    "exited.json": OF_ANY_TWO | {"elapsed_s", "cpu_user_s", "cpu_system_s", "peak_memory_kib"},
}
"""The fields in which two runs differ, wherever they are: what names them, when they were, what
they took. The name of the target stands in the script, so that the snapshots differ too.
"""

MAY_BE_THERE = {
    *(layout.QUEUED, layout.PLACED, layout.TAKEN, layout.HEARTBEAT, layout.ENGINE_LOG),
    *(layout.SYSTEM, layout.USAGE),
}
"""What only a run of an engine's has, but for the first: at home a run may wait too; and what is
sampled of a run that takes a while.
"""

WRITER = re.compile(r"\d+-[0-9a-f]{8}")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.+]+|\bscript \d+")


class Tree:
    """The example's runs, each by what it is in the tree: the parent, or its fruit."""

    def __init__(self, source: Path, target: str) -> None:
        source.mkdir(parents=True)
        shutil.copy(EXAMPLES / "child.py", source)
        text = (EXAMPLES / "parent.py").read_text()
        named = text.replace('"child.py", ', f'"child.py", compute_target="{target}", ')
        assert named != text
        (source / "parent.py").write_text(named)
        config = ScriptRunConfig(source, "parent.py", compute_target=target)
        parent = Experiment(Workspace.from_config(), "fruits").submit(config)
        parent.wait_for_completion()
        self.runs = {"parent": parent}
        self.runs.update({run.tags["fruit"]: run for run in parent.get_children()})
        for run in self.runs.values():  # after its end it removes the copies of what is unchanged
            copies = Path(run._record.path, layout.COPIES)
            wait_until(lambda path=copies: not path.exists(), "the copies are put away")  # type: ignore[misc]

    def plain(self, text: str) -> str:
        """A text with what stands for a run in place of what names it."""
        for name, run in self.runs.items():
            text = text.replace(run.id, f"<{name}>").replace(run._record.uuid, f"<uuid {name}>")
        return text

    def on_record(self) -> dict[str, Any]:
        """All that is on record, of whatever target."""
        return {
            "shown": self.shown(),
            "files": self.files(),
            "facts": self.facts(),
            "logs": self.logs(),
            "points": self.points(),
        }

    def shown(self) -> dict[str, Any]:
        """What the runs show of themselves."""
        return {
            name: {
                "status": run.get_status(),
                "metrics": run.get_metrics(),
                "tags": run.get_tags(),
                "properties": run.get_properties(),
                "parent": run.parent and self.plain(run.parent.id),
                "files": run.get_file_names(),
            }
            for name, run in self.runs.items()
        }

    def files(self) -> dict[str, set[str]]:
        """All that lies in the folder of each run, with its mode, a link with where it leads."""
        found: dict[str, set[str]] = {}
        for name, run in self.runs.items():
            folder = Path(run._record.path)
            found[name] = {
                f"{path.lstat().st_mode:o} "
                + self.plain(WRITER.sub("<writer>", str(path.relative_to(folder))))
                + (f" -> {self.plain(os.readlink(path))}" if path.is_symlink() else "")
                for path in folder.rglob("*")
                if MAY_BE_THERE.isdisjoint(path.relative_to(folder).parts)
            }
        return found

    def facts(self) -> dict[tuple[str, str], dict[str, Any]]:
        """The facts of each run, but for the fields in which any two differ."""
        found = {}
        for name, run in self.runs.items():
            for fact in (layout.RUN, layout.STARTED, layout.EXITED, layout.ENDED):
                said = json.loads(self.plain(Path(run._record.path, fact).read_text()))
                differ = OF_TWO.get(fact, OF_ANY_TWO)
                found[name, fact] = {k: v for k, v in said.items() if k not in differ}
        return found

    def logs(self) -> dict[tuple[str, str], str]:
        """What scripts and supervisors wrote."""
        return {
            (name, log): self.plain(MOMENT.sub("", Path(run._record.path, log).read_text()))
            for name, run in self.runs.items()
            for log in (layout.STD_LOG, layout.SUPERVISOR_LOG)
        }

    def points(self) -> dict[str, list[dict[str, Any]]]:
        """The points of each run's metrics as they are on disk, but for their times."""
        found = {}
        for name, run in self.runs.items():
            paths = Path(run._record.path, layout.METRICS).glob("*")
            lines = [line for path in paths for line in path.read_text().splitlines() if line]
            found[name] = [{**json.loads(line), "t": None} for line in lines]
        return found
