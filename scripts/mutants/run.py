"""Mutation tests: small changes to core modules, which their own tests should notice.

A change that no test notices is a *survivor*: a test is missing, or the change means nothing. The
second kind stands in `equivalent.txt` with its reason. cosmic-ray makes the changes, in a copy of
the repository; each is tried by a pytest process of its own.

    make mutants                                      all modules, half an hour and more
    make mutants ARGS='status ledger --sample 25'     some of them, 25 changes each
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

from cosmic_ray.commands.init import init
from cosmic_ray.mutating import mutate_and_test, mutate_code
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import MutationSpec, TestOutcome

ROOT = Path(__file__).resolve().parents[2]
EQUIVALENT = Path(__file__).with_name("equivalent.txt")
WANTED = 0.9
"""The share of the changes that have to be noticed, equivalent ones left out."""

MODULES = {
    "status": ("store/runstore/status.py", "tests/runstore/test_status.py"),
    "facts": ("store/runstore/fs/facts.py", "tests/runstore/fs/test_facts.py"),
    "lock": ("store/runstore/fs/lock.py", "tests/runstore/fs/test_lock.py"),
    "ledger": ("store/runstore/run/ledger.py", "tests/runstore/run/test_ledger.py"),
    "labels": ("store/runstore/run/labels.py", "tests/runstore/run/test_labels.py"),
    "identity": ("store/runstore/run/identity.py", "tests/runstore/run/test_identity.py"),
    "queue": ("store/runstore/queue/queue.py", "tests/runstore/queue/test_queue.py"),
    "ladder": ("runner/homerun/targets/ladder.py", "tests/homerun/targets/test_ladder.py"),
    "attempt": (
        "runner/homerun/supervisor/attempt.py",
        "tests/homerun/supervisor/test_attempt.py",
    ),
    "reconcile": ("runner/homerun/runs/reconcile.py", "tests/homerun/runs/test_reconcile.py"),
}
"""A module and its tests."""

# One change of a kind at a place tells as much as twelve: the limit moved by one, the opposite.
COMPARISONS = {
    *("Eq_NotEq", "NotEq_Eq", "Lt_LtE", "Lt_GtE", "LtE_Lt", "LtE_Gt"),
    *("Gt_GtE", "Gt_LtE", "GtE_Gt", "GtE_Lt", "Is_IsNot", "IsNot_Is", "In_NotIn", "NotIn_In"),
}
OPERATIONS = {
    *("Add_Sub", "Sub_Add", "Mul_FloorDiv", "Div_Mul", "FloorDiv_Mul", "Mod_FloorDiv"),
    *("Pow_Mul", "RShift_LShift", "LShift_RShift", "BitOr_BitAnd", "BitAnd_BitOr", "BitXor_BitAnd"),
}
UNARY = {"USub_UAdd", "Delete_Not", "Delete_Invert"}


Place: TypeAlias = tuple[int, int]
"""A line, from 1, and a column, from 0."""


@dataclass(frozen=True)
class Change:
    """One line of a module, before and after."""

    module: str
    before: str
    after: str


@dataclass
class Report:
    """What became of the changes to one module."""

    name: str
    seconds: float = 0.0
    noticed: int = 0
    equivalent: int = 0
    survived: int = 0

    @property
    def share(self) -> float:
        """The share that was noticed."""
        tried = self.noticed + self.survived
        return self.noticed / tried if tried else 1.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Try the changes and print which survive; 1 if too few of a module were noticed."""
    given = _parser().parse_args(arguments)
    names = given.modules or list(MODULES)
    known = set(_equivalent())
    with ProcessPoolExecutor(given.jobs) as workers:
        tries = partial(_try_module, sample=given.sample, seed=given.seed, known=known)
        reports = list(workers.map(tries, names))
    print(f"\n{'module':<12}{'noticed':>9}{'survived':>10}{'equivalent':>12}{'share':>8}{'s':>7}")
    for report in reports:
        print(
            f"{report.name:<12}{report.noticed:>9}{report.survived:>10}"
            f"{report.equivalent:>12}{report.share:>8.0%}{report.seconds:>7.0f}"
        )
    return 0 if all(report.share >= WANTED for report in reports) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("modules", nargs="*", choices=[*MODULES, []], metavar="MODULE")
    parser.add_argument("--sample", type=int, help="try so many changes of each, chosen by chance")
    parser.add_argument("--seed", type=int, default=0, help="for the choice")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="so many modules at once")
    return parser


def _try_module(name: str, sample: int | None, seed: int, known: set[Change]) -> Report:
    module, tests = MODULES[name]
    began = time.monotonic()
    report = Report(name)
    with tempfile.TemporaryDirectory(prefix=f"mutants-{name}-") as scratch:
        copy = Path(scratch, "homerun")
        _copy_repository(copy)
        os.chdir(copy)
        tested = f"{ROOT}/.venv/bin/python -m pytest -q -x -p no:cacheprovider {tests}"
        # What a change makes tests leave behind would keep a pipe open, and the next waiting.
        command = f"sh -c 'exec {tested} > {scratch}/said 2>&1'"
        os.environ["PYTHONPATH"] = f"{copy}/runner:{copy}/store"
        # Loading plugins takes longer than these tests do.
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        limit = _baseline(command, Path(scratch, "said"))
        changes = list(_changes(Path(module)))
        if sample is not None and sample < len(changes):
            changes = random.Random(f"{seed} {name}").sample(changes, sample)
        for spec in changes:
            result = mutate_and_test([spec], command, limit)
            _forget_compiled(Path(module))
            change = _changed_line(module, result.diff or "")
            if result.test_outcome != TestOutcome.SURVIVED:
                report.noticed += 1
            elif change in known:
                report.equivalent += 1
            else:
                report.survived += 1
                place = f"{module}:{spec.start_pos[0]}"
                print(f"{place}\n- {change.before}\n+ {change.after}\n", flush=True)
    os.chdir(ROOT)
    report.seconds = time.monotonic() - began
    return report


def _copy_repository(to: Path) -> None:
    """The files that git knows, as they are now; a change that is broken off spoils a copy only."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            target = to / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target)


def _baseline(command: str, said: Path) -> float:
    """How long a change may take, in seconds: one that hangs is noticed."""
    began = time.monotonic()
    if subprocess.run(shlex.split(command), check=False).returncode:
        sys.exit(f"the tests fail without a change:\n{said.read_text()[-3000:]}")
    return 5 * (time.monotonic() - began) + 5


def _changes(module: Path) -> Iterator[MutationSpec]:
    """Changes that can matter: none to an annotation, and few of each kind at a place."""
    source = module.read_text()
    unread = list(_unread(ast.parse(source)))
    with (
        tempfile.TemporaryDirectory() as folder,
        use_db(f"{folder}/changes.sqlite", WorkDB.Mode.create) as changes,
    ):
        init([module], changes, {})
        for item in changes.work_items:
            (spec,) = item.mutations
            is_read = not any(begin <= spec.start_pos < end for begin, end in unread)
            if is_read and _is_wanted(spec.operator_name) and _is_python(spec, source):
                yield spec


def _is_wanted(operator: str) -> bool:
    kind, _, which = operator.removeprefix("core/").partition("_")
    if kind == "ReplaceComparisonOperator":
        return which in COMPARISONS
    if kind == "ReplaceBinaryOperator":
        return which in OPERATIONS
    return kind != "ReplaceUnaryOperator" or which in UNARY


def _is_python(spec: MutationSpec, source: str) -> bool:
    """False: a star that unpacks was taken for an operation, and the change is none."""
    if "BinaryOperator" not in spec.operator_name:
        return True  # what takes long is asked only where it can be
    operator = get_operator(spec.operator_name)(**spec.operator_args)
    try:
        ast.parse(mutate_code(source, operator, spec.occurrence) or "")
    except SyntaxError:
        return False
    return True


def _unread(tree: ast.Module) -> Iterator[tuple[Place, Place]]:
    """Where annotations begin and end, and what only a type checker reads."""
    for node in ast.walk(tree):
        part: ast.expr | ast.stmt | None = None
        if isinstance(node, ast.arg | ast.AnnAssign):
            part = node.annotation
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            part = node.returns
        elif isinstance(node, ast.If | ast.Assign) and "TYPE_CHECKING" in ast.unparse(node)[:16]:
            part = node
        if part is not None:
            end = (part.end_lineno or part.lineno, part.end_col_offset or part.col_offset)
            yield (part.lineno, part.col_offset), end


def _forget_compiled(module: Path) -> None:
    """An interpreter that ignores its environment has compiled the changed module."""
    for compiled in (module.parent / "__pycache__").glob(f"{module.stem}.*"):
        compiled.unlink()


def _changed_line(module: str, diff: str) -> Change:
    lines = [line for line in diff.splitlines() if not line.startswith(("---", "+++", "@@"))]
    before = " ".join(line[1:].strip() for line in lines if line.startswith("-"))
    after = " ".join(line[1:].strip() for line in lines if line.startswith("+"))
    return Change(module, before, after)


def _equivalent() -> Iterator[Change]:
    """Changes that mean nothing: a module, `- before`, `+ after`, and the reason, indented."""
    module = before = ""
    for line in EQUIVALENT.read_text().splitlines():
        if line.startswith("- "):
            before = line[2:]
        elif line.startswith("+ "):
            yield Change(module, before, line[2:])
        elif line and not line.startswith((" ", "#")):
            module = line


if __name__ == "__main__":
    sys.exit(main())
