"""A Slurm cluster of this machine alone: munge, a controller, and a daemon for each node.

An ordinary process tree on free ports, below a guardian (`guardian.py`) that ends it. Its
commands are wrappers in one folder, which also write down each call: a test puts that folder in
front of PATH, and needs nothing else.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from helpers import wait
from slurm.packages import Programs

COMMANDS = ("sbatch", "squeue", "scancel", "scontrol", "sinfo", "srun")

_CONF = """\
ClusterName={name}
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CryptoType=crypto/munge
SlurmctldPort={port}
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmdSpoolDir={folder}/spool/%n
StateSaveLocation={folder}/state
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.%n.log
PluginDir={plugins}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
JobRequeue=0
ReturnToService=2
SlurmctldTimeout=10
SlurmdTimeout=10
KillWait=5
MinJobAge=300
MaxArraySize=1001
SchedulerParameters=sched_min_interval=100000,batch_sched_delay=0,sched_interval=5,bf_interval=5
{extra}
{nodes}
PartitionName=cpu Nodes=ALL Default=YES MaxTime=INFINITE State=UP PriorityTier=1
PartitionName=gpu Nodes=ALL MaxTime=INFINITE State=UP PriorityTier=1
PartitionName=urgent Nodes=ALL MaxTime=INFINITE State=UP PriorityTier=9
"""


_MEMORY_MIB = 4000
"""What each node claims to have."""


class Cluster:
    """A cluster that runs, from `start` to `close`.

    Args:
        programs: where Slurm is.
        nodes: how many nodes are simulated.
        cpus: how many processors each claims to have.
        extra: further lines of slurm.conf.
        are_far: whether all nodes but the first are in PID namespaces of their own, so that their
            processes cannot be seen from here, as on another machine.
    """

    def __init__(
        self,
        programs: Programs,
        nodes: int = 1,
        cpus: int = 4,
        extra: str = "",
        are_far: bool = False,
    ) -> None:
        self.programs = programs
        # A socket's path has at most 107 bytes, so it cannot lie in a folder of pytest.
        self.folder = Path(tempfile.mkdtemp(prefix="slurm-", dir="/tmp"))
        self.nodes = [f"n{number}" for number in range(1, nodes + 1)]
        self.name = f"test{os.getpid()}"
        self._cpus = cpus
        self._extra = extra
        self.far = self.nodes[1:] if are_far else []
        self._guardian: subprocess.Popen[str] | None = None

    @property
    def bin(self) -> Path:
        """The folder of the commands."""
        return self.folder / "bin"

    @property
    def conf(self) -> Path:
        """The cluster's slurm.conf."""
        return self.folder / "slurm.conf"

    def start(self) -> None:
        """Start everything, and wait until all nodes take jobs."""
        self._write()
        self._guardian = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("guardian.py")), "commands.json"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=self.folder,
            env=self._environment(),
            text=True,
        )
        self._guardian.wait()  # it goes on in a child
        self.tell("start munged")
        wait.wait_until((self.folder / "munge/socket").exists, "munge answers")
        self.tell("start slurmctld")
        for node in self.nodes:
            self.tell(f"start {node}")
        self.wait_idle()

    def close(self) -> None:
        """End everything, and remove the folder."""
        if self._guardian is not None:
            assert self._guardian.stdin is not None
            self._guardian.stdin.close()
            assert self._guardian.stdout is not None
            self._guardian.stdout.read()  # it ends when the guardian does
            self._guardian.stdout.close()
        shutil.rmtree(self.folder)

    def tell(self, line: str) -> str:
        """Have the guardian start or kill something; what it answers."""
        assert self._guardian is not None
        assert self._guardian.stdin is not None
        assert self._guardian.stdout is not None
        print(line, file=self._guardian.stdin, flush=True)
        answer = self._guardian.stdout.readline().strip()
        assert answer.startswith("ok"), (line, answer)
        return answer

    def clear(self) -> None:
        """End what an earlier test left, and return when every node takes jobs."""
        self.ask("scancel", f"--user={os.getuid()}")
        self.ask("scontrol", "update", f"NodeName={','.join(self.nodes)}", "State=RESUME")
        self.wait_idle()

    def wait_idle(self) -> None:
        """Return when every node takes jobs, and none runs one."""
        counted = ("sinfo", "--noheader", "--partition=cpu", "--format=%T %D")
        wanted = f"idle {len(self.nodes)}"
        wait.wait_until(lambda: self.ask(*counted).strip() == wanted, f"the cluster says {wanted}")

    def ask(self, command: str, *arguments: str) -> str:
        """The output of a command, which is not counted; "" where it fails."""
        done = subprocess.run(
            [self.programs.path(command), *arguments],
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=wait.DEADLINE_S,
            check=False,
        )
        return done.stdout if done.returncode == 0 else ""

    def state(self, job: str) -> str:
        """What the controller says of a job, in its own word; "": nothing."""
        return self.ask(
            "squeue", "--noheader", "--states=all", f"--jobs={job}", "--format=%T"
        ).strip()

    def calls(self, *commands: str) -> list[str]:
        """The calls since the cluster began, each a line: the command and its arguments."""
        try:
            lines = (self.folder / "calls").read_text().splitlines()
        except FileNotFoundError:
            return []
        return [line for line in lines if not commands or line.split()[0] in commands]

    def lose_state(self) -> None:
        """Have the controller forget every job, as after a disk failed: it counts from 1 again."""
        self.tell("kill slurmctld")
        shutil.rmtree(self.folder / "state")
        (self.folder / "state").mkdir()
        self.tell("start slurmctld")

    def wait_saved(self, job: str) -> None:
        """Return when the controller has written a job down, with its state of now: it does so some
        seconds after a change, and a job that it has not written down is lost if it is killed.

        A new mark makes a change, and tells when the file has it: the job may be saved already, and
        is not saved again until something changes.
        """
        mark = f"saved-{os.urandom(8).hex()}"
        path = self.folder / "state/job_state"
        self.ask("scontrol", "update", f"JobId={job}", f"AdminComment={mark}")
        wait.wait_until(
            lambda: path.exists() and mark.encode() in path.read_bytes(), f"{job} is written down"
        )

    def last_error(self) -> str:
        """The last line of each daemon's own output."""
        said = {path.name: path.read_text().splitlines() for path in self.folder.glob("*.out")}
        return "; ".join(f"{name}: {lines[-1]}" for name, lines in said.items() if lines)

    def _write(self) -> None:
        for name in ("munge", "state", "bin", *(f"spool/{node}" for node in self.nodes)):
            (self.folder / name).mkdir(parents=True)
        key = self.folder / "munge/key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        ports = _free_ports(1 + len(self.nodes))
        host = socket.gethostname().partition(".")[0]
        nodes = [
            f"NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} "
            f"CPUs={self._cpus} RealMemory={_MEMORY_MIB} State=UNKNOWN"
            for node, port in zip(self.nodes, ports[1:])
        ]
        assert self.programs.plugins is not None
        self.conf.write_text(
            _CONF.format(
                name=self.name,
                host=host,
                user=pwd.getpwuid(os.getuid()).pw_name,
                folder=self.folder,
                port=ports[0],
                plugins=self.programs.plugins.parent,
                nodes="\n".join(nodes),
                extra=self._extra,
            )
        )
        (self.folder / "commands.json").write_text(json.dumps(self._daemons()))
        for command in COMMANDS:
            self._wrap(command)

    def _daemons(self) -> dict[str, list[str]]:
        munge = {
            "--key-file": "key",
            "--socket": "socket",
            "--pid-file": "pid",
            "--log-file": "log",
            "--seed-file": "seed",
        }
        path = self.programs.path
        paths = [f"{option}={self.folder}/munge/{name}" for option, name in munge.items()]
        stepd = path("slurmstepd")
        return {
            "munged": [path("munged"), "--foreground", "--force", *paths],
            "slurmctld": [path("slurmctld"), "-D"],
            **{node: self._node(node, [path("slurmd"), "-D", "-d", stepd]) for node in self.nodes},
        }

    def _node(self, name: str, command: list[str]) -> list[str]:
        command = [*command, "-N", name]
        if name not in self.far:
            return command
        # The shell is the first process there, and collects those whose parents are gone.
        shell = ["sh", "-c", '"$@" & wait; while :; do wait; sleep 1; done', "sh"]
        return ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child", *shell, *command]

    def _wrap(self, command: str) -> None:
        wrapper = self.bin / command
        settings = [f"SLURM_CONF={self.conf}"]
        if self.programs.library_path:
            own = "${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"  # a run's own goes on
            settings.append(f"LD_LIBRARY_PATH={self.programs.library_path}{own}")
        calls = f"{self.folder}/calls"
        wrapper.write_text(
            "#!/bin/sh\n"
            f'line=$(echo "{command} $*" | tr "\\n" " "); echo "$line" >>{calls}\n'
            f'exec env {" ".join(settings)} {self.programs.path(command)} "$@"\n'
        )
        wrapper.chmod(0o755)

    def _environment(self) -> dict[str, str]:
        """What a daemon has: nothing of the test's, whose own mark would find it as a leftover."""
        given = {"PATH": f"{self.bin}:/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C"}
        given["SLURM_CONF"] = str(self.conf)
        if self.programs.library_path:
            given["LD_LIBRARY_PATH"] = self.programs.library_path
        return given


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()
