"""Slurm and munge, as this machine has them or as Debian's packages: `python packages.py FOLDER`.

The packages are unpacked into a folder and not installed: nothing of the machine changes, and no
right is needed but to read apt's lists. What is missing is said in one line, with exit status 3.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

WANTED = ("slurmctld", "slurmd", "slurm-client", "munge")
MISSING = 3


class CannotBeHad(Exception):
    """Why there is no Slurm to test against, in one line."""


class Programs:
    """Where the programs are, and what they need."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folders = [root / "usr/bin", root / "usr/sbin"]
        self.libraries = sorted(root.glob("usr/lib/*-linux-gnu"))
        self.plugins = next(iter(sorted(root.glob("usr/lib*/**/slurm*/auth_munge.so"))), None)

    def path(self, name: str) -> str:
        """The file of a program; Debian's own names of daemons end in `-wlm`."""
        for folder in self.folders:
            for one in (name, f"{name}-wlm"):
                if (folder / one).exists():
                    return str(folder / one)
        raise CannotBeHad(f"{name} is in none of {', '.join(map(str, self.folders))}")

    @property
    def library_path(self) -> str:
        """The folders of libraries that are not where the linker looks; "": none."""
        if self.root == Path("/"):
            return ""
        folders = [*self.libraries, *([self.plugins.parent] if self.plugins else [])]
        return ":".join(map(str, folders))


def find(folder: Path) -> Programs:
    """The programs of this machine, or those that were unpacked into a folder.

    Raises:
        CannotBeHad: neither are there.
    """
    for root in (Path("/"), folder):
        found = Programs(root)
        try:
            for name in ("slurmctld", "slurmd", "slurmstepd", "sbatch", "munged"):
                found.path(name)
        except CannotBeHad:
            continue
        if found.plugins is not None:
            return found
    raise CannotBeHad(f"there is no Slurm on this machine, and none in {folder}")


def unpack(folder: Path) -> None:
    """Download the packages, with what they need beside what is installed, and unpack them.

    Raises:
        CannotBeHad: no apt, no such package, or no network.
    """
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise CannotBeHad(f"{tool} is missing, so Debian's packages cannot be unpacked")
    planned = _plan()
    names = [line.split()[1] for line in planned.splitlines() if line.startswith("Inst ")]
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    (partial / "packages").mkdir(parents=True)
    _run(["apt-get", "download", *(names or WANTED)], partial / "packages")
    for package in sorted((partial / "packages").glob("*.deb")):
        _run(["dpkg-deb", "--extract", str(package), str(partial)])
    shutil.rmtree(partial / "packages")
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)


def _plan() -> str:
    """What apt-get would install; its lists are fetched first where they are missing."""
    simulate = ["apt-get", "install", "--simulate", "--no-install-recommends", *WANTED]
    try:
        return _run(simulate)
    except CannotBeHad:
        if os.getuid() != 0:
            raise
        _run(["apt-get", "update"])
        return _run(simulate)


def _run(command: list[str], folder: Path | None = None) -> str:
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=240, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotBeHad(f"{command[0]}: {error}") from None
    if done.returncode:
        why = (done.stderr.strip() or done.stdout.strip() or "it failed").splitlines()[-1]
        raise CannotBeHad(f"{' '.join(command[:2])}: {why}")
    return done.stdout


def main() -> int:
    """Unpack the packages unless a Slurm is there; the exit status says whether one is then."""
    folder = Path(sys.argv[1]).absolute()
    try:
        try:
            find(folder)
        except CannotBeHad:
            unpack(folder)
            find(folder)
    except CannotBeHad as error:
        print(f"Slurm cannot be had here: {error}", file=sys.stderr)
        return MISSING
    return 0


if __name__ == "__main__":
    sys.exit(main())
