"""What people get wrong: one line that says what to do next, the right exit code, no traceback."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest

from helpers.trusted import trusted

STORE = Path(__file__).parents[1] / "data" / "format-1"
RUN = "given-id"

USAGE = [
    "queue slots",
    "queue slots 0",
    "frobnicate",
    "ru list",
    "run lst",
    "run list --nothing",
    "run list --last none",
    "run list --last 0",
    "run list --last -1",
    "run list --skip -1",
    "run list --status Done",
    "run list --tags =x",
    "run list --since never",
    "run list --since 5x",
    "run list -o xml",
    "run list -o",
    "run list --query",
    "run list --query [?",
    "run list --query ''",
    "run list [?a==b",
    "run list one two",
    "run list --query run_id run_id",
    "run list 'sort_by(@, &nothing.here)'",
    "run list 'nosuch(@)'",
    "run logs given-id --grep (",
    "run logs given-id --raw --fold",
    "run metrics given-id --csv -o json",
    "run watch given-id --status Running",
    "run show",
    "run show ''",
    "run show -r ''",
    f"run show {RUN} -r {RUN}",
    f"run show {RUN} second",
    f"run show {RUN} -e Digits",
    "run show @first",
    "run show @last~x",
    "run show @last~-1",
    "best nothing-known",
    "run list --where 'nothing = 1'",
    "run list --where 'metrics.loss ~ 1'",
    "run list --where 'metrics.loss < x'",
    "run list --sort nothing",
    "run compare",
    "run update given-id",
    "run update given-id --add-tag =x",
    "run update given-id --add-tag",
    "run download-logs given-id",
    "run cancel",
    f"run cancel {RUN} --status Running",
    "run cancel -e digits",
    "run delete",
    f"run delete {RUN}",
    "run delete ''",
    f"run delete {RUN} --where status=Failed --yes",
    "store trash restore",
    "store trash empty",
    "store trash empty --older-than 30 --yes",
    "store gc --older-than soon",
    "run resubmit",
    "run resubmit --failed",
    f"run resubmit {RUN} --failed -e digits",
    "run nothing.py",
    "run lst",
    "run --random 3 train.py",
    "run -d env.yml",
    "best",
    "best loss --min --max",
    "wait",
    "run submit-script -e digits --slots 0 train.py",
    "run submit-script -e digits --slots many train.py",
    "run submit-script -e digits --priority -1 train.py",
    "run submit-script -e digits --grid lr train.py",
    "run submit-script -e digits --grid lr=1 --grid lr=2 train.py",
    "run submit-script -e digits --grid seed=9..1 train.py",
    "run submit-script -e digits --signals INT:x train.py",
    "run submit-script -e digits --grace soon train.py",
    "run submit-script -e digits --tags =x train.py",
    "experiment lst",
    "experiment list -e digits",
    "queue list extra",
    "target add",
    "target add one two",
    "target add small --type slurmm",
    "target add small --slots none",
    "target remove",
    "env build",
    "env build name -c other",
    "env gc --older-than -1",
    "env gc --older-than nan",
    "store chek",
    "workspace create",
    "workspace create -w mine -p elsewhere",
    "completion tcsh",
]

ERRORS = [
    "show nothing/1",
    "show '#99'",
    "show 99",
    "wait nothing",
    "files @last nothing.txt",
    "diff nothing",
    f"rerun {RUN} -- word",
    "run list -e nothing",
    "run list -p nowhere",
    "run list --parent-run-id nothing",
    "run list -t train.py",
    "run list -t no/such/folder/file",
    "run list -w x",
    "run show nothing",
    "run show digits_",
    "run show ../../etc",
    "run show @last~1000",
    "run show @last -e nothing",
    "run compare given-id",
    "run compare given-id given-id",
    "run compare given-id nothing",
    "run submit-script -e digits -d nothing.yml train.py",
    "run cancel nothing",
    "run update nothing --add-tag a",
    "run tree nothing",
    "run monitor-logs nothing",
    "run metrics nothing",
    "run download-logs nothing -d logs",
    "run download-logs given-id -d train.py",
    "run resubmit nothing",
    "run submit-script -e digits",
    "run submit-script -e digits nothing.py",
    "run submit-script -e 'no name' train.py",
    "run submit-script -e digits -c nothing train.py",
    "run submit-script -e digits --run-id given-id train.py",
    "run submit-script -e digits --run-id 'a b' train.py",
    "run submit-script -e digits --python nothing train.py",
    "run submit-script -e digits --source-directory nothing train.py",
    "run submit-script -e digits --retry-on nothing --max-retries 1 train.py",
    "queue list --target nothing",
    "queue pause --target nothing",
    "queue slots 2 --target nothing",
    "target remove nothing",
    "target add 'a b'",
    "env build nothing",
    "env build -c nothing",
    "folder attach -e 'a b'",
    "folder attach -p nowhere",
    "workspace create -w x",
]


@pytest.fixture
def store(workspace_dir: Path) -> None:
    """Some runs, and a script, in the current folder."""
    trusted(shutil.copytree(STORE, workspace_dir / ".runs", symlinks=True))
    (workspace_dir / "train.py").write_text("")


@pytest.mark.parametrize(
    ("words", "code"),
    [*((words, 2) for words in USAGE), *((words, 1) for words in ERRORS)],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_a_misuse_is_one_line_that_says_what_to_do_next(invoke, store, words, code):
    done = invoke(*shlex.split(words))

    assert (done.code, done.text) == (code, ""), done.err
    assert done.err.count("\n") == 1
    assert done.err.startswith("homerun: ")
    assert "Traceback" not in done.err
    assert any(sign in done.err.removeprefix("homerun: ") for sign in (";", ": ", "?"))
