"""The engine `slurm` against commands that say odd things; `tests/slurm` has a real cluster."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from homerun.targets.engines.engine import (
    ENDING,
    GONE,
    OVER,
    RUNNING,
    UNKNOWN,
    WAITING,
    EngineError,
    Job,
    Placed,
)
from homerun.targets.slurm import batch_script, calls, job_table, reasons, time_limit
from homerun.targets.slurm.slurm import Slurm

UID = os.getuid()

FAKE = """\
#!{python}
import json, os, sys
folder, name = {folder!r}, {name!r}
asked = dict(arguments=sys.argv[1:], env=dict(os.environ), stdin="")
if name == "sbatch":
    asked["stdin"] = sys.stdin.read()
with open(f"{{folder}}/calls", "a") as file:
    file.write(json.dumps([name, asked]) + "\\n")
for answer in json.load(open(f"{{folder}}/{{name}}.json")):
    if all(one in sys.argv for one in answer["having"]):
        sys.stdout.write(answer["stdout"])
        sys.stderr.write(answer["stderr"])
        sys.exit(answer["code"])
sys.exit(99)
"""


class Commands:
    """Commands in PATH that answer as they are told, and note each call."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._answers: dict[str, list[dict[str, Any]]] = {}

    def say(
        self, name: str, stdout: str = "", *having: str, stderr: str = "", code: int = 0
    ) -> None:
        """Have a command answer so where it is called with these arguments; the last goes first."""
        answer = {"having": having, "stdout": stdout, "stderr": stderr, "code": code}
        self._answers.setdefault(name, []).insert(0, answer)
        (self.folder / f"{name}.json").write_text(json.dumps(self._answers[name]))
        command = self.folder / name
        command.write_text(FAKE.format(python=sys.executable, folder=str(self.folder), name=name))
        command.chmod(0o755)

    def jobs(self, *rows: dict[str, Any]) -> None:
        """Have `squeue` tell of these jobs, as version 22.05 does."""
        self.say("squeue", json.dumps({"errors": [], "jobs": rows}))

    def calls(self, name: str = "") -> list[dict[str, Any]]:
        """The calls of a command, in order."""
        try:
            lines = (self.folder / "calls").read_text().splitlines()
        except FileNotFoundError:
            return []
        found = [json.loads(line) for line in lines]
        return [asked for one, asked in found if name in ("", one)]


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    """Slurm's commands, which say that all is well."""
    made = Commands(tmp_path / "bin")
    made.folder.mkdir()
    monkeypatch.setenv("PATH", f"{made.folder}:{os.environ['PATH']}")
    made.say("sbatch", "17\n")
    made.say("scancel")
    made.say("scontrol", "ClusterName = blue\nMaxArraySize = 1001\n")
    made.jobs()
    return made


def row(job: int = 17, **more: Any) -> dict[str, Any]:
    """A job as `squeue --json` has it."""
    usual = {
        "job_id": job,
        "user_id": UID,
        "job_state": "RUNNING",
        "state_reason": "None",
        "submit_time": 1000,
        "comment": "mark-1",
        "cluster": "blue",
        "exit_code": 0,
    }
    return {**usual, **more}


def job(number: int = 1, **more: Any) -> Job:
    """A run's job."""
    usual: dict[str, Any] = {
        "run_id": f"run_{number}",
        "mark": f"mark-{number}",
        "name": f"run_{number}",
        "root": "/shared/.runs",
        "folder": f"/shared/.runs/e/run_{number}",
        "argv": ["/usr/bin/python3", "-c", "it's begin", "/shared/.runs", f"run_{number}"],
        "env": {"HOMERUN_SUPERVISES": f"mark-{number}"},
        "log": f"/shared/.runs/e/run_{number}/engine.log",
        "said": {},
    }
    return Job(**{**usual, **more})


def alike(count: int) -> list[Job]:
    """Jobs that differ by their run alone."""
    return [job(number) for number in range(count)]


def placed(**more: str) -> Placed:
    """Where the run `mark-1` went."""
    usual = {
        "engine": "slurm",
        "cluster": "blue",
        "job": "17",
        "submitted": "1000",
        "comment": "mark-1",
    }
    return Placed(**{**usual, **more})


def test_a_job_carries_its_mark_and_is_noted_with_cluster_number_and_time(
    commands: Commands,
) -> None:
    commands.jobs(row())

    [one] = Slurm({"partition": "gpu", "gres": "gpu:2"}).submit(
        [job(said={"partition": "gpu", "gres": "gpu:2"})]
    )

    assert one.describe() == placed().describe()
    [asked] = commands.calls("sbatch")
    assert {"--comment=mark-1", "--partition=gpu", "--gres=gpu:2"} <= set(asked["arguments"])


def test_settings_of_the_submitting_shell_do_not_reach_the_command_or_the_job(
    commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SBATCH_PARTITION", "SLURM_JOB_ID", "SLURM_MEM_PER_CPU", "API_TOKEN"):
        monkeypatch.setenv(name, "leak")
    monkeypatch.setenv("SLURM_CONF", "/etc/elsewhere.conf")

    Slurm({}).submit([job()])

    [asked] = commands.calls("sbatch")
    assert "leak" not in asked["env"].values()
    assert asked["env"]["SLURM_CONF"] == "/etc/elsewhere.conf"
    assert asked["env"]["HOMERUN_SUPERVISES"] == "mark-1"
    assert asked["env"]["LC_ALL"] == "C"


def test_a_batch_is_one_array_whatever_its_size(commands: Commands) -> None:
    few, many = alike(2), alike(1000)

    ends = Slurm({}).submit(few)
    calls_of_few = len(commands.calls())
    Slurm({}).submit(many)

    assert [one.job for one in ends] == ["17_0", "17_1"]
    assert len(commands.calls()) == 2 * calls_of_few
    assert "--array=0-999" in commands.calls("sbatch")[-1]["arguments"]


def test_a_batch_that_is_too_large_for_an_array_becomes_several(commands: Commands) -> None:
    commands.say("scontrol", "ClusterName = blue\nMaxArraySize = 4\n")

    where = [one.job for one in Slurm({}).submit(alike(7))]

    said = [[a for a in asked["arguments"] if "--array" in a] for asked in commands.calls("sbatch")]
    assert said == [["--array=0-2"], ["--array=0-2"], []]
    assert len(where) == 7


def test_each_task_of_an_array_runs_the_command_of_its_own_run(tmp_path: Path) -> None:
    command = ["sh", "-c", 'echo "$1" "$OWN"', "sh"]
    jobs = [
        job(n, argv=[*command, f"it's {n}"], log=f"{tmp_path}/{n}.log", env={"OWN": f"e {n}"})
        for n in range(3)
    ]

    script = batch_script.of_array(jobs)
    for number in range(3):
        subprocess.run(
            ["sh"], input=script, text=True, env={"SLURM_ARRAY_TASK_ID": str(number)}, check=True
        )

    found = [(tmp_path / f"{number}.log").read_text() for number in range(3)]
    assert found == [f"it's {number} e {number}\n" for number in range(3)]


def test_a_submit_that_fails_half_way_leaves_no_job(commands: Commands) -> None:
    commands.jobs(row())
    refused = "sbatch: error: Batch job submission failed: Invalid partition name specified"
    commands.say("sbatch", "", "--partition=none", stderr=refused, code=1)

    with pytest.raises(EngineError, match="Invalid partition name specified"):
        Slurm({}).submit([job(1), job(2, said={"partition": "none"})])

    assert [asked["arguments"] for asked in commands.calls("scancel")] == [["--quiet", "17"]]


def test_words_of_a_site_around_the_number_are_passed_over(commands: Commands) -> None:
    commands.say("sbatch", "Welcome!\n41;red\nplease be nice\n")

    [one] = Slurm({}).submit([job()])

    assert (one.job, one.cluster) == ("41", "red")


def test_a_submit_that_names_no_job_is_refused_in_one_line(commands: Commands) -> None:
    commands.say("sbatch", "Good luck\n")

    with pytest.raises(EngineError) as failure:
        Slurm({}).submit([job()])

    assert str(failure.value) == "`sbatch --parsable` named no job, but said 'Good luck'"


def test_a_missing_command_is_told_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(EngineError, match=r"not in PATH.*login node"):
        Slurm({}).submit([job()])

    assert Slurm({}).look([placed()])[0].state == UNKNOWN


def test_a_command_that_does_not_answer_is_given_up(
    commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    (commands.folder / "squeue").write_text("#!/bin/sh\nexec sleep 1000\n")
    monkeypatch.setattr(calls.call, "__kwdefaults__", {**_defaults(), "timeout_s": 0.2})

    [seen] = Slurm({}).look([placed()])

    assert seen.state == UNKNOWN
    assert seen.reason.startswith("`squeue` did not answer within 0.2 s")


def _defaults() -> dict[str, Any]:
    return dict(calls.call.__kwdefaults__ or {})


def test_a_controller_that_is_gone_says_nothing_of_a_job(commands: Commands) -> None:
    # The exit status is 0, and the list is empty: so does 22.05.
    errors = [{"description": "Failed while looking for jobs", "source": "slurm_load_jobs"}]
    commands.say("squeue", json.dumps({"errors": errors, "jobs": []}))

    [seen] = Slurm({}).look([placed()])

    assert seen.state == UNKNOWN


@pytest.mark.parametrize(
    "other",
    [
        {"comment": "mark-2"},
        {"comment": ""},
        {"submit_time": 999},
        {"cluster": "red"},
        {"user_id": UID + 1},
    ],
    ids=str,
)
def test_a_number_that_was_given_again_is_another_job(
    commands: Commands, other: dict[str, Any]
) -> None:
    commands.jobs(row(**other))
    slurm = Slurm({})

    [seen] = slurm.look([placed()])
    slurm.cancel([placed()])

    assert seen.state == GONE
    assert commands.calls("scancel") == []


def test_a_job_that_was_started_again_is_still_the_same(commands: Commands) -> None:
    commands.jobs(row(submit_time=2000, restart_cnt=1))

    assert Slurm({}).look([placed()])[0].state == RUNNING


def test_where_a_site_keeps_no_comments_the_time_tells_a_job(commands: Commands) -> None:
    commands.jobs(row(comment=""))
    slurm = Slurm({})

    [one] = slurm.submit([job()])
    commands.jobs(row(comment="", submit_time=2000))

    assert one.comment == ""
    assert slurm.look([one])[0].state == GONE


@pytest.mark.parametrize(
    ("states", "state"),
    [
        ("PENDING", WAITING),
        (["RUNNING", "COMPLETING"], ENDING),
        ("COMPLETING", ENDING),
        (["CANCELLED", "COMPLETING"], ENDING),
        ("SUSPENDED", RUNNING),
        ("COMPLETED", OVER),
        ("OUT_OF_ME", OVER),
        ("NODE_FAIL", OVER),
        (["REQUEUE_HOLD"], WAITING),
        ("DREAMING", UNKNOWN),
    ],
    ids=str,
)
def test_a_state_is_read_in_all_its_spellings(
    commands: Commands, states: object, state: str
) -> None:
    commands.jobs(row(job_state=states))

    assert Slurm({}).look([placed()])[0].state == state


def test_newer_versions_write_numbers_as_objects(commands: Commands) -> None:
    def number(given: int) -> dict[str, Any]:
        return {"set": True, "infinite": False, "number": given}

    exit = {"status": ["SIGNALED"], "return_code": number(0), "signal": {"id": number(11)}}
    commands.jobs(
        row(
            array_job_id=number(0),
            array_task_id={"set": False, "infinite": False, "number": 0},
            submit_time=number(1000),
            job_state=["FAILED"],
            exit_code=exit,
        )
    )

    [seen] = Slurm({}).look([placed()])

    assert (seen.state, seen.exit) == (OVER, "0:11")
    assert seen.reason == "its job failed by signal 11"


def test_tasks_that_wait_are_one_entry_of_the_table(commands: Commands) -> None:
    commands.jobs(
        row(17, array_job_id=17, array_task_id=None, array_task_string="3,5-9:2%4"),
        row(18, array_job_id=17, array_task_id=0, array_task_string=""),
    )
    slurm = Slurm({})
    asked = [placed(job=f"17_{number}") for number in (0, 3, 4, 5, 7)]

    states = [seen.state for seen in slurm.look(asked)]

    assert states == [RUNNING, RUNNING, GONE, RUNNING, RUNNING]


def test_a_version_without_json_is_read_by_its_columns(commands: Commands) -> None:
    commands.say(
        "squeue",
        "17|17|N/A|PENDING|1000|a name|Priority|mark-1\n"
        "19|18|4|COMPLETED|1000|a name|None|homerun-2|with a bar\n"
        "odd line\n",
    )
    commands.say("squeue", "", "--json", stderr="squeue: unrecognized option '--json'", code=1)

    one, two, three = Slurm({}).look(
        [placed(), placed(job="18_4", comment="homerun-2|with a bar"), placed(job="20")]
    )

    assert (one.state, two.state, three.state) == (WAITING, OVER, GONE)
    assert one.reason == "jobs of higher priority are before it (Priority)"


def test_a_thousand_runs_are_watched_with_one_call(commands: Commands) -> None:
    commands.jobs(*[row(n, comment=f"mark-{n}") for n in range(1000)])

    seen = Slurm({}).look([placed(job=str(n), comment=f"mark-{n}") for n in range(1000)])

    assert {one.state for one in seen} == {RUNNING}
    assert len(commands.calls()) == 1


def test_a_cancel_names_the_tasks_of_an_array_in_ranges(commands: Commands) -> None:
    commands.jobs(
        row(17, array_job_id=17, array_task_id=None, array_task_string="0-99", comment="b"),
        row(18),
    )
    slurm = Slurm({})
    tasks = [placed(job=f"17_{n}", comment="b") for n in (0, 1, 2, 7)]

    slurm.cancel([*tasks, placed(job="18"), placed(job="99")])

    [asked] = commands.calls("scancel")
    assert asked["arguments"] == ["--quiet", "18", "17_[0-2,7]"]


def test_a_cancel_that_fails_says_why(commands: Commands) -> None:
    commands.jobs(row())
    commands.say("scancel", stderr="scancel: error: Kill job error on job id 17: denied", code=1)

    with pytest.raises(EngineError, match=r"`scancel` failed: Kill job error on job id 17: denied"):
        Slurm({}).cancel([placed()])


def test_a_job_whose_submitter_was_killed_is_found_by_its_mark(commands: Commands) -> None:
    commands.jobs(row(), row(18, comment="mark-2", job_state="COMPLETED"))

    found = Slurm({}).found([job(1), job(2), job(3)])

    assert [one and one.job for one in found] == ["17", None, None]


def test_the_tasks_of_an_array_whose_submitter_was_killed_are_found_in_its_script(
    commands: Commands,
) -> None:
    three = [job(1), job(2), job(3)]
    array = {"array_job_id": 17, "comment": "homerun-x", "array_task_id": None}
    commands.jobs(row(**array, array_task_string="0-1"))
    commands.say("scontrol", batch_script.of_array(three[1:]), "batch_script")

    found = Slurm({}).found(three)

    assert [one and one.job for one in found] == [None, "17_0", "17_1"]
    assert found[1] is not None
    assert Slurm({}).look([found[1]])[0].state == RUNNING


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("Resources", "no node is free for it (Resources)"),
        ("(ReqNodeNotAvail, UnavailableNodes:n1)", "a node that it needs is down or reserved"),
        ("QOSMaxJobsPerUserLimit", "a limit of its user, account or QOS is reached"),
        ("AssocGrpCpuLimit", "a limit of its user, account or QOS is reached"),
        ("FrontEndDown", "Slurm says FrontEndDown"),
        ("", ""),
    ],
)
def test_why_a_job_waits_is_told_in_words(reason: str, words: str) -> None:
    assert reasons.waits_for(reason).startswith(words)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2h", 7200),
        ("1d12h", 129600),
        ("90m", 5400),
        ("30s", 30),
        ("90", 5400),
        ("1:30", 90),
        ("2:00:00", 7200),
        ("1-12", 129600),
        ("1-0:30", 88200),
    ],
)
def test_a_time_is_read_as_people_and_as_slurm_write_it(text: str, seconds: int) -> None:
    assert time_limit.read_time(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "0", "2x", "-1", "1:2:3:4"])
def test_what_is_no_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="write it as 90m, 2h or 1d12h"):
        time_limit.read_time(text)


def test_the_limit_of_a_job_is_the_smaller_one_in_whole_minutes() -> None:
    assert time_limit.minutes(None, 601) == 11
    assert time_limit.minutes(7200, None) == 120
    assert time_limit.minutes(7200, 600) == 10
    assert time_limit.minutes(None, None) is None


def test_a_run_gets_as_many_gpus_as_it_asks_for_of_the_kind_that_the_target_names() -> None:
    assert batch_script.gpus_in("gpu:a100:1,tmp:5", 4) == "gpu:a100:4,tmp:5"
    assert batch_script.gpus_in("gpu:2", 1) == "gpu:1"
    assert batch_script.gpus_in(None, 2) == "gpu:2"


def test_a_run_asks_for_what_it_may_use_where_its_target_says_nothing_of_that() -> None:
    limits: dict[str, Any] = {"cpus": 2.5, "memory": 16 << 30}

    asked = batch_script.options(job(**limits))
    of_target = batch_script.options(job(**limits, said={"cpus": "8", "memory": "4G"}))

    assert {"--cpus-per-task=3", "--mem=16448M"} <= set(asked)
    assert {"--cpus-per-task=8", "--mem=4G"} <= set(of_target)


def test_a_run_on_several_nodes_asks_for_its_processes_on_each() -> None:
    asked = batch_script.options(job(nodes=2, per_node=4))

    assert {"--nodes=2", "--ntasks-per-node=4"} <= set(asked)


def test_the_notice_ahead_of_the_limit_has_room_for_the_grace() -> None:
    assert time_limit.notice_s(120, 30) == 45
    assert time_limit.notice_s(None, 10) == 25
    assert time_limit.notice_s(1, 300) == 30


def test_a_trial_says_each_step_and_submits_nothing(commands: Commands) -> None:
    commands.say("sbatch", "slurm 23.11.4\n", "--version")
    commands.say("sinfo", "gpu*|up|1-00:00:00|4|idle\ngpu*|up|1-00:00:00|1|down\n")

    steps = list(Slurm({"partition": "gpu"}).test())

    assert [said for _, said in steps] == [
        "slurm 23.11.4",
        "answers: cluster blue",
        "gpu: up, limit 1-00:00:00, nodes: 4 idle, 1 down",
        "the cluster would take such a job",
    ]
    assert [asked for asked in commands.calls("sbatch") if not _is_trial(asked)] == []


def _is_trial(asked: dict[str, Any]) -> bool:
    return bool({"--test-only", "--version"} & set(asked["arguments"]))


def test_a_trial_of_a_partition_that_there_is_not_says_what_shows_them(commands: Commands) -> None:
    commands.say("sinfo")

    with pytest.raises(EngineError, match="no partition 'x': `sinfo --summarize`"):
        list(Slurm({"partition": "x"}).test())


def test_lists_of_array_tasks_are_read_in_full() -> None:
    assert list(job_table.tasks_in("[0-2,5,10-20:5%4]")) == [0, 1, 2, 5, 10, 15, 20]
    assert list(job_table.tasks_in("")) == []
