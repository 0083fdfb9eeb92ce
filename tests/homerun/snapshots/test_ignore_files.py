"""Ignore files: the rules are git's, and no pattern takes long."""

from __future__ import annotations

import os
import re
import subprocess
from itertools import product
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from homerun.snapshots import ignore_files

FOLDERS = [f"{one}/" for one in ("a", "b", "ab", "a/b", "a/ab", "a/b/a")]
PATHS = [*FOLDERS, *("".join(pair) for pair in product(["", *FOLDERS], ("aa", "a.b", "-]", "b c")))]
PARTS = ["a", "b", "*", "?", "/", "**", "**/", "/**/", "\\*", "\\a", ".", " ", "-"]
BRACKETS = ["[ab]", "[!a]", "[^-b]", "[]-]", "[a-", "[b-a]", "[[:alpha:]]"]
ODD = re.compile(r"[^/]\*\*+/")
"""Git 2.39 takes `a**/` for `a/**/` or not, as its buffers lie in memory."""
LINES = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "", "!", "/", "\\!"]),
    st.lists(st.sampled_from([*PARTS, *BRACKETS]), min_size=1).map("".join),
    st.sampled_from(["", "", "/", " ", "\\ "]),
)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("tree")
    for path in PATHS:
        if path.endswith("/"):
            (made / path).mkdir(parents=True, exist_ok=True)
        else:
            (made / path).touch()
    subprocess.run(["git", "init", "-q"], cwd=made, check=True)
    return made


def as_git_says(tree: Path, lines: list[str]) -> set[str]:
    (tree / ".gitignore").write_text("\n".join(lines))
    command = ["git", "-c", "core.excludesFile=", "check-ignore", "--no-index", "--stdin", "-z"]
    asked = "\0".join(path.rstrip("/") for path in PATHS).encode()
    done = subprocess.run(command, cwd=tree, input=asked, capture_output=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return set(os.fsdecode(done.stdout).split("\0")) - {""}


def as_we_say(tree: Path) -> set[str]:
    rule = ignore_files.read(str(tree)).is_ignored or (lambda _: False)
    found: set[str] = set()
    for path in PATHS:
        names = path.rstrip("/").split("/")
        above = ["/".join(names[:depth]) + "/" for depth in range(1, len(names))]
        if any(rule(one) for one in [*above, path]):
            found.add(path.rstrip("/"))
    return found


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(LINES, min_size=1, max_size=3))
def test_what_git_ignores_is_ignored_and_nothing_else(tree: Path, lines: list[str]) -> None:
    lines = [line for line in lines if line.strip() not in ("!", "")]
    assume(not any(ODD.search(line) for line in lines))
    said = as_git_says(tree, lines)
    assert as_we_say(tree) == said


@pytest.mark.parametrize("part", ["*a", "**/a/", "a*/**/", "[a]*", "?*", "*a/*"])
def test_a_pattern_with_many_stars_is_answered_at_once(tmp_path: Path, part: str) -> None:
    (tmp_path / ".gitignore").write_text(60 * part + "b")
    rule = ignore_files.read(str(tmp_path)).is_ignored
    assert rule is not None
    assert not rule("/".join(["a" * 250] * 16))
    assert not rule("a/" * 2_000)


NEVER_REFUSED = [
    "runs_[2024-01]*",
    "!",
    "\\",
    "a\\",
    "[z-a]",
    "x[2024-01]",
    "[!2-1]k",
    "[]-a]b",
    "[9-0\nb",
]


@pytest.mark.parametrize("pattern", NEVER_REFUSED)
def test_a_pattern_that_looks_wrong_means_what_it_means_to_git(
    tmp_path: Path, pattern: str
) -> None:
    names = ["runs_0", "runs_3", "runs_4x", "a", "z", "m", "x2", "x3", "1k", "2k", "ab", "]b", "b"]
    for name in names:
        (tmp_path / name).touch()
    (tmp_path / ".gitignore").write_text(f"{pattern}\n*.csv\n")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    asked = subprocess.run(
        ["git", "check-ignore", *names], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    is_ignored = ignore_files.read(str(tmp_path)).is_ignored

    assert is_ignored is not None
    assert [name for name in names if is_ignored(name)] == asked.stdout.split()
    assert is_ignored("data.csv")
