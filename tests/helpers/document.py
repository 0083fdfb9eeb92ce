"""A page of the documents as its reader would follow it: files, commands and code, in order.

A fence with `title="NAME"` is a file. In a `console` one each line after `$ ` is a command of one
shell; a `python` one is executed by one interpreter. Comments before a fence say what a reader
needs no word for:

    <!-- before … -->         lines of the shell that are run first, such as a file to work on
    <!-- before in Python … -->   the same of Python
    <!-- not run: reason -->  the fence is only looked at
    <!-- fails -->            its last command ends with an exit code that is not 0
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

import tomllib
import yaml

LIMIT_S = 300
CODE = ("python",)
SHELL = ("console",)
DATA = {"json": json.loads, "toml": tomllib.loads, "yaml": yaml.safe_load}
PLAIN = ("text", "mermaid", "", "sh", "dockerfile", "ini", "r", "javascript", "powershell", "html")

_COMMENT = re.compile(r"<!--\s*(before in Python|before|not run:|fails)(.*?)-->", re.S)
_STEP = re.compile(
    r"<!--(?P<comment>.*?)-->|^(?P<indent> *)```(?P<head>[^\n]*)\n(?P<body>.*?)^ *```$", re.S | re.M
)
_TITLE = re.compile(r'title="([^"]+)"')

_PYTHON = """
import json, os, sys, traceback
names = {"__name__": "__main__"}
for line in sys.stdin:
    task = json.loads(line)
    os.chdir(task["folder"])
    sys.path[:1] = [task["folder"]]
    print("began", flush=True)
    try:
        exec(compile(task["code"], "<page>", "exec"), names)
        print("\\nended 0", flush=True)
    except BaseException:
        traceback.print_exc(file=sys.stdout)
        print("\\nended 1", flush=True)
"""


class Step(NamedTuple):
    """A fence of a page, or the lines of a comment before it.

    Attributes:
        kind: its language; "before": of a comment.
        title: the file that it is; "": none.
        unrun: why it is not run; "": it is.
        fails: its last command is to fail.
    """

    kind: str
    title: str
    body: str
    unrun: str
    fails: bool
    line: int


def steps(text: str) -> Iterator[Step]:
    """The steps of a page."""
    unrun, fails = "", False
    for found in _STEP.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        if found["comment"] is not None:
            said = _COMMENT.fullmatch(found[0])
            if said is None:
                continue
            word, rest = said[1], said[2]
            if word.startswith("before"):
                kind = "python" if word.endswith("Python") else "before"
                yield Step(kind, "", rest, "", False, line)
            unrun = rest.strip() if word == "not run:" else unrun
            fails = fails or word == "fails"
            continue
        kind, _, more = found["head"].strip().partition(" ")
        title = _TITLE.search(more)
        body = re.sub(rf"^{found['indent']}", "", found["body"], flags=re.M)
        yield Step(kind, title[1] if title else "", body, unrun, fails, line)
        unrun, fails = "", False


def commands(body: str) -> list[str]:
    """The commands of a console, each with the lines that continue it."""
    found: list[str] = []
    goes_on = False
    for line in body.splitlines():
        if line.startswith("$ "):
            found.append(line[2:])
        elif goes_on and found:
            found[-1] += "\n" + line.removeprefix("> ")
        goes_on = line.endswith("\\") and (line.startswith("$ ") or goes_on)
    return found


class Reader:
    """One who follows pages: a shell and a Python with the same current folder. A context manager.

    Args:
        folder: where the page is begun.
        env: the variables of both.
    """

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        start = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        self._env = env
        self._start = start
        self._shell = subprocess.Popen(["bash"], cwd=folder, env=env, text=True, **start)  # type: ignore[call-overload]
        self._python: subprocess.Popen[str] | None = None

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        for process in filter(None, (self._shell, self._python)):
            for pipe in (process.stdin, process.stdout):
                pipe.close()
            process.wait(LIMIT_S)

    def follow(self, step: Step) -> None:
        """Do what a step says."""
        if step.title:
            self._write(step.title, step.body)
        elif step.unrun:
            return
        elif step.kind == "before":
            self._type(step.body, False)
        elif step.kind in SHELL:
            typed = commands(step.body)
            assert typed, f"line {step.line}: a console without a command"
            for command in typed:
                self._type(command, step.fails and command is typed[-1])
        elif step.kind in CODE:
            self._execute(step)
        elif step.kind in DATA:
            DATA[step.kind](step.body)
        else:
            assert step.kind in PLAIN, f"line {step.line}: what is {step.kind!r}?"

    def _write(self, name: str, body: str) -> None:
        path = Path(self._where(), os.path.expanduser(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body)

    def _where(self) -> str:
        return self._type("pwd", False).strip()

    def _type(self, command: str, fails: bool) -> str:
        told = f"{{ {command}\n}} </dev/null\n_code=$?; echo; echo ended $_code\n"
        said, code = _answer(self._shell, told)
        assert (code != 0) == fails, f"$ {command}\n{said}\nexit code {code}"
        return said

    def _execute(self, step: Step) -> None:
        if self._python is None:
            program = [sys.executable, "-c", _PYTHON]
            self._python = subprocess.Popen(program, env=self._env, text=True, **self._start)  # type: ignore[call-overload]
        task = json.dumps({"folder": self._where(), "code": "\n" * step.line + step.body})
        said, code = _answer(self._python, f"{task}\n")
        assert code == 0, f"{step.body}\n{said}"


def _answer(process: subprocess.Popen[str], task: str) -> tuple[str, int]:
    asked: IO[str] | None = process.stdin
    assert asked is not None
    assert process.stdout is not None
    asked.write(task)
    asked.flush()
    lines: list[str] = []
    for line in process.stdout:
        if line.startswith("ended "):
            return "".join(lines), int(line.split()[1])
        lines.append(line)
    raise AssertionError(f"it has ended by itself: {task}\n{''.join(lines)}")
