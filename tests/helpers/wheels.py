"""Small packages, made by a test, that pip installs without a network."""

from __future__ import annotations

import zipfile
from pathlib import Path


def make(folder: Path, name: str, version: str, code: str = "", needs: str = "") -> Path:
    """A wheel of a package with one module of that name, whose `VERSION` is its version."""
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name}-{version}.dist-info"
    required = f"Requires-Dist: {needs}\n" if needs else ""
    files = {
        f"{name}.py": f"VERSION = {version!r}\n{code}",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{required}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{name}-tool = {name}:main\n",
    }
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for inside, content in files.items():
            wheel.writestr(inside, content)
        listed = "".join(f"{inside},,\n" for inside in [*files, f"{info}/RECORD"])
        wheel.writestr(f"{info}/RECORD", listed)
    return path
