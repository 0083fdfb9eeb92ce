"""Every environment variable of homerun, once; and what a script's environment is made of."""

from __future__ import annotations

import os

from runstore import layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from runstore.run.record import Record

STORE = "HOMERUN_STORE"
"""Set by a person: the store to use, wherever the current folder is. Set for a script too: the
copy of the source that it works in may hold a workspace's configuration of its own."""

EXPERIMENT = "HOMERUN_EXPERIMENT"
"""Set by a person: the experiment of runs that are submitted without one."""

SIZE = "HOMERUN_MAX_CONCURRENT_RUNS"
"""Set by a person: how many runs go on at once on the target `local`."""

STUDIO_TOKEN = "HOMERUN_STUDIO_TOKEN"
"""Set by a person: the token of Studio's server, which takes it out of its environment."""

NVML = "HOMERUN_NVML"
"""Set by a person: the folder of the module pynvml, for a Python that has none of its own."""

GPU_LOCKS = "HOMERUN_GPU_LOCKS"
"""Set by a person: the folder in which it is noted who has which GPU, such as one that several
containers share (default: one of the system's own that all users share)."""

GPUS = "HOMERUN_GPUS"
"""Set for a script: the names of the GPUs that it was given."""

GPU_CHOICE = "HOMERUN_GPU_CHOICE"
"""Set for a script that was given GPUs: those that its submitter's own variable left to choose
from."""

CUDA_DEVICES, HIP_DEVICES = "CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES"
"""NVIDIA's own and AMD's own: the GPUs that a program sees."""

RUN_ID = "HOMERUN_RUN_ID"
"""Set for a script: the id of its run. Of a run of an earlier version also the mark by which its
processes are known."""

RUN_UUID = "HOMERUN_RUN_UUID"
"""Set for a script: its run's uuid, the mark by which the run's processes are known."""

RUN_FOLDER = "HOMERUN_RUN_FOLDER"
"""Set for a script: the folder of its run."""

SUPERVISES = "HOMERUN_SUPERVISES"
"""Set for a supervisor alone, never for a script: the mark of the run that it supervises."""

ENDED_RUN = "HOMERUN_ENDED_RUN"
"""Set for a command that is started when a run has ended: its id."""

ENDED_STATUS = "HOMERUN_ENDED_STATUS"
"""Set for a command that is started when a run has ended: how the run ended."""

ENDED_FOLDER = "HOMERUN_ENDED_FOLDER"
"""Set for a command that is started when a run has ended: the run's folder."""

TOLD = "HOMERUN_NOTIFY_"
"""What the variables begin with that are set for a command that tells a person of a run."""

AZUREML = "HOMERUN_AZUREML"
"""Set by a person: `real` makes `import azureml` the retired package, and not ours."""

REAL = "real"

PAGER = "HOMERUN_PAGER"
"""Set by a person: what shows a list longer than the terminal (default: `PAGER`, then less)."""

COMPLETION = "_HOMERUN_COMPLETE"
"""Set by a shell that asks the command line for completions."""

BEATS = "HOMERUN_BEATS"
"""Set for the script of a run that an engine started: runs that it submits have a heartbeat too,
since those who look are on other hosts."""

AZUREML_RUN_ID = "AZUREML_RUN_ID"
"""Set for a script: the id of its run by the original's name, which scripts read."""

ATTEMPT = "HOMERUN_ATTEMPT"
"""Set for a script that is started again: which start this is, from 2 on."""

RESUME_DIRECTORY = "HOMERUN_RESUME_DIRECTORY"
"""Set for a script that is started again: the folder with what the former attempts have made."""

SOURCE_DIRECTORY = "HOMERUN_SOURCE_DIRECTORY"
"""Set for a script: the folder that its code was copied from."""

WORK_DIRECTORY = "HOMERUN_WORK_DIRECTORY"
"""Set for a script: the copy, in which it begins; where it runs in place, the source itself."""

UNBUFFERED = "PYTHONUNBUFFERED"
"""Python's own: output has no buffer."""

BY_LINES = "homerun"
"""The value of it that we set. A Python that finds our start-up then writes line by line; any
other one has no buffer, and loses nothing either."""

MLFLOW_ADDRESS, MLFLOW_RUN_ID = "MLFLOW_TRACKING_URI", "MLFLOW_RUN_ID"
"""MLflow's own: the store that it logs to, and the run that its first one goes on with. Set for a
script, unless either is set already."""

MLFLOW_EXPERIMENT = ("MLFLOW_EXPERIMENT_NAME", "MLFLOW_EXPERIMENT_ID")
"""MLflow's own: the experiment of its runs. Set for a script with these, unless one of them is."""

_MLFLOW_SCHEME = "homerun"
_PLAIN_IN_ADDRESSES = frozenset(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/_.-~"
)

_OF_A_RUN = (
    *(RUN_ID, RUN_UUID, RUN_FOLDER, SUPERVISES, ATTEMPT, RESUME_DIRECTORY, AZUREML_RUN_ID),
    *(SOURCE_DIRECTORY, WORK_DIRECTORY, BEATS),
)

INPUT_DATA = "AZUREML_DATASET_ENVIRONMENT_VARS"
"""Set by Azure, or by a person in its manner: `name:mode,name:mode`, each name a variable whose
value is a path."""

OUTPUT_DATA = "AZUREML_DATASET_FILE_OUTPUTS"
"""The same for output: `name;name`."""

TORCH_LOGS = "PET_LOG_DIR"
"""Torch's own: the folder in which its launcher makes the logs of the processes that it starts."""

MASTER_ADDR, MASTER_PORT = "MASTER_ADDR", "MASTER_PORT"
"""Torch's own, and other launchers': where the processes of a run on several nodes meet."""

_PLACES = {"PWD", "OLDPWD", WORK_DIRECTORY, SOURCE_DIRECTORY, TORCH_LOGS}
"""The variables of a script that can name a place in the store."""

_PATHS = {"PATH", "PYTHONPATH"}
"""Those that can name several."""

_LOADER = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""What an interpreter may need to start at all."""

_STATE = (layout.STATE_HOME, "HOME")
"""Where the user's word of trust lies; see `runstore.fs.trust`."""

_HOMES = ("HOME", "XDG_CONFIG_HOME")

_OF_GPUS = (NVML, GPU_LOCKS)
"""By which all processes of ours see the same GPUs, and the same holders of them."""


def is_over_ssh() -> bool:
    """Whether a person sits at another machine, and came here by ssh."""
    return bool(os.environ.get("SSH_CONNECTION"))


def pager() -> str:
    """The command that shows long texts, as git chooses its own: `cat` shows them at once."""
    for name in (PAGER, "PAGER"):
        if name in os.environ:
            return os.environ[name].strip() or "cat"
    return "less"


def run_id() -> str | None:
    """The id of the run that this process belongs to."""
    return os.environ.get(RUN_ID) or None


def run_folder() -> str | None:
    """The folder of the run that this process belongs to."""
    return os.environ.get(RUN_FOLDER) or None


def is_of_engine() -> bool:
    """Whether this process is of a run that an engine started, which others see from elsewhere."""
    return BEATS in os.environ


def is_inside(record: Record) -> bool:
    """Whether this process is of a run: of that very one, and of no other that has its id.

    Raises:
        OSError: run.json cannot be read.
    """
    if run_id() != record.id:
        return False
    uuid = os.environ.get(RUN_UUID)
    if uuid and record.uuid:
        return uuid == record.uuid
    # It is of an earlier version, or this process was given the other variables by hand.
    try:
        return os.path.samefile(run_folder() or "", record.path)
    except OSError:
        return False


def bare() -> dict[str, str]:
    """A process of ours: nothing of the user that could change how it works."""
    wanted = (*_LOADER, *_STATE, *_OF_GPUS)
    return {name: os.environ[name] for name in wanted if name in os.environ}


def nvml_folder() -> str:
    """The folder of the module pynvml; "": it is among the packages."""
    return os.environ.get(NVML, "")


def gpu_locks() -> str:
    """The folder of the notes of who has which GPU that a person has named; "": none."""
    return os.environ.get(GPU_LOCKS, "")


def drop_in() -> str:
    """The folder of the package `azureml`; by its own name it cannot be imported."""
    return f"{os.path.dirname(os.path.dirname(__file__))}/azureml/drop-in"


def azureml_is_ours(extra: Mapping[str, str] | None = None) -> bool:
    """Whether `import azureml` is to be ours; what a script is given wins over what is set here."""
    return (extra or {}).get(AZUREML, os.environ.get(AZUREML)) != REAL


def for_supervisor(mark: str) -> dict[str, str]:
    """The same, with the mark of the run that it supervises."""
    return {**bare(), SUPERVISES: mark}


def variable(name: str) -> str | None:
    """A variable of the user's own; None where it is not set, or could not be."""
    return os.environ.get(name) if name and "\0" not in name else None


def secret_variable(name: str) -> str | None:
    """The value of a secret: of the first variable that may hold it and is set; None: none is.

    For `db-password` these are `db-password`, `db_password` and `DB_PASSWORD`.
    """
    spelled = secret_spelled(name)
    plain = "".join(c if c.isalnum() else "_" for c in name)
    for spelling in (name, plain, spelled):
        value = variable(spelling)
        if value is not None:
            return value
    return None


def secret_spelled(name: str) -> str:
    """The variable that is mostly meant by the name of a secret."""
    return "".join(c if c.isalnum() else "_" for c in name).upper()


def named_paths(listing: str, separator: str) -> dict[str, str]:
    """The values of the variables that another one lists, each perhaps with `:mode` behind it."""
    parts = (os.environ.get(listing) or "").split(separator)
    names = [part.partition(":")[0].strip() for part in parts]
    return {name: os.environ[name] for name in names if name in os.environ}


def config_home() -> str | None:
    """The folder of the user's settings where it is not `~/.config`."""
    return os.environ.get("XDG_CONFIG_HOME") or None


def for_helper(mark: str, env: Mapping[str, str]) -> dict[str, str]:
    """The environment of a process of ours beside a run; a supervisor's, and the user's folders.

    Its mark keeps every sweep away from it, the run's own one too.

    Args:
        env: where the user's folders are known.
    """
    kept = {name: env[name] for name in _HOMES if name in env}
    return {**for_supervisor(f"{mark}/"), **kept}


def for_builder(env: Mapping[str, str]) -> dict[str, str]:
    """The environment of the process that makes an environment for a script of this one.

    Nothing of it leads a Python to packages of another one.
    """
    foreign = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CONDA_PREFIX", "PIP_TARGET")
    kept = {name: value for name, value in env.items() if name not in foreign}
    kept["PYTHONUNBUFFERED"] = "1"
    return kept


def cache_home(env: Mapping[str, str] | None = None) -> str:
    """The folder of the user's caches.

    Args:
        env: where the user's folders are known; None: this process's own variables.
    """
    known = os.environ if env is None else env
    home = known.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(home):  # to be ignored, says the XDG specification
        home = f"{known.get('HOME') or os.path.expanduser('~')}/.cache"
    return home


def state_folder() -> str:
    """The folder of what programs keep for the user."""
    from runstore.fs import trust  # the script's context does without it

    return trust.state_home()


def for_git(folder: str, top: str) -> dict[str, str]:
    """The environment of the git program: a repository, its working tree, and no user's settings.

    It asks for no password and fetches nothing.
    """
    inherited = (*_LOADER, SUPERVISES)
    kept = {name: os.environ[name] for name in inherited if name in os.environ}
    return {
        **kept,
        "GIT_DIR": folder,
        "GIT_WORK_TREE": top,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "HOME": os.devnull,
        "LC_ALL": "C",
    }


def for_hook(
    env: Mapping[str, str], run: str, mark: str, status: str, folder: str
) -> dict[str, str]:
    """The environment of a command that a run's end starts: the script's, and what ended how.

    The supervisor's mark keeps the sweep of an outer run away from it.
    """
    kept = _of_no_run(env)
    kept.setdefault("PATH", os.defpath)
    kept[SUPERVISES] = mark
    kept[ENDED_RUN] = run
    kept[ENDED_STATUS] = status
    kept[ENDED_FOLDER] = os.path.realpath(folder)
    return kept


def for_notifier(env: Mapping[str, str], mark: str) -> dict[str, str]:
    """The environment of the process that tells a person of a run: the script's, which knows the
    desktop and the variables that hold secrets. Its mark keeps every sweep away from it.

    Args:
        env: the script's; {}: it is not known, and this process's own has to do.
    """
    kept = _of_no_run(env or os.environ)
    kept.setdefault("PATH", os.defpath)
    return {**kept, SUPERVISES: f"{mark}/"}


def for_notified(fields: Mapping[str, object]) -> dict[str, str]:
    """The environment of a command that tells a person of a run: this one, and what is told."""
    told = {f"{TOLD}{name.upper()}": str(value) for name, value in fields.items()}
    return {**os.environ, **{name: value.replace("\0", "") for name, value in told.items()}}


def of_no_run() -> dict[str, str]:
    """The variables of this process, without those that name a run."""
    return _of_no_run(os.environ)


def _of_no_run(env: Mapping[str, str]) -> dict[str, str]:
    is_logged = RUN_ID in env and env.get(MLFLOW_ADDRESS) == mlflow_address(env.get(STORE, ""))
    of_mlflow = (MLFLOW_ADDRESS, MLFLOW_RUN_ID, *MLFLOW_EXPERIMENT) if is_logged else ()
    gone = {*_OF_A_RUN, *of_mlflow, ""}
    return {name: value for name, value in env.items() if name not in gone}


def mlflow_address(store: str) -> str:
    """The address by which MLflow finds a store.

    Args:
        store: its folder.
    """
    path = "".join(
        chr(byte) if byte in _PLAIN_IN_ADDRESSES else f"%{byte:02X}" for byte in os.fsencode(store)
    )
    return f"{_MLFLOW_SCHEME}://{path}"


def for_mlflow(env: Mapping[str, str], store: str, run: str, experiment: str) -> dict[str, str]:
    """What has MLflow log to a script's run; nothing where the user has it log elsewhere.

    Args:
        env: the script's environment otherwise.
    """
    address = mlflow_address(store)
    if env.get(MLFLOW_ADDRESS, address) != address or MLFLOW_RUN_ID in env:
        return {}
    is_chosen = any(name in env for name in MLFLOW_EXPERIMENT)
    of_experiment = {} if is_chosen else dict.fromkeys(MLFLOW_EXPERIMENT, experiment)
    return {MLFLOW_ADDRESS: address, MLFLOW_RUN_ID: run, **of_experiment}


def for_mpi() -> dict[str, str]:
    """What lets an Open MPI start more processes than there are processors, and start them as root.

    Others do so unasked, and do not look at these.
    """
    oversubscribe = {
        "OMPI_MCA_rmaps_base_oversubscribe": "1",
        "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
    }
    if os.geteuid():
        return oversubscribe
    names = ("OMPI_ALLOW_RUN_AS_ROOT", "PRTE_ALLOW_RUN_AS_ROOT")
    return {**oversubscribe, **{name + end: "1" for name in names for end in ("", "_CONFIRM")}}


def for_attempt(env: Mapping[str, str], number: int, work: str) -> dict[str, str]:
    """A script's environment for one of its starts.

    Args:
        work: the script's folder, by its name in the run's.
    """
    if number == 1:
        return dict(env)
    folder = f"{env.get(RUN_FOLDER, '')}/{work}"
    return {**env, ATTEMPT: str(number), RESUME_DIRECTORY: folder}


def resume_directory(folder: str) -> str | None:
    """The folder with what former attempts have made; None in a first one, and in other runs.

    Args:
        folder: the run's.
    """
    return os.environ.get(RESUME_DIRECTORY) or None if run_folder() == folder else None


def stay_in_experiment(name: str) -> None:
    """Have processes that this one starts log by MLflow to runs of an experiment: MLflow notes the
    one that a script chooses in one of its variables, and refuses two that differ.
    """
    os.environ.update({one: name for one in MLFLOW_EXPERIMENT if one in os.environ})


def moved(env: Mapping[str, str], store: str, folder: str) -> dict[str, str]:
    """A script's environment for a store that may have been moved since it was made."""
    was = env.get(STORE, store)

    def now(path: str) -> str:
        return store + path[len(was) :] if f"{path}/".startswith(f"{was}/") else path

    found = {**env, STORE: store, RUN_FOLDER: folder}
    if env.get(MLFLOW_ADDRESS) == mlflow_address(was):
        found[MLFLOW_ADDRESS] = mlflow_address(store)
    for name in _PLACES & env.keys():
        found[name] = now(env[name])
    for name in _PATHS & env.keys():
        found[name] = os.pathsep.join(now(part) for part in env[name].split(os.pathsep))
    return found
