"""Every file and folder name of a store, once. `docs/store-format.md` describes each of them."""

from __future__ import annotations

FORMAT = 1
"""The format that this version writes; a store of a newer one is only read."""

STORE_FOLDER = ".runs"
GITIGNORE = ".gitignore"
STORE = "store.json"
WORKSPACE = "workspace.json"
SETTINGS = "settings.json"

IDS = ".ids"
SNAPSHOTS = ".snapshots"
OWNERS = ".owners"
MAINTENANCE = ".maintenance.lock"

TRASH = ".trash"
"""Deleted runs, each in a folder named like that of its experiment."""
DELETED = "deleted.json"
"""In a deleted run's folder: when it was deleted, by whom, and with which run."""
GONE = ".gone-"
"""The prefix of what is being removed for good: nothing needs it any more."""

ENVIRONMENTS = ".environments"
MADE = ".made"
"""Registered environments: a folder for each name, in it a file for each version."""

MODELS = ".models"
"""Registered models: a folder for each name, in it a folder for each version."""
MODEL = "model.json"
DATASETS = ".datasets"
"""Registered datasets, in the same way; beside them what each dataset of an id is."""
DATASET = "dataset.json"
DATASET_IDS = ".ids"
DATASTORES = ".datastores"
"""The folders of datastores that were given no other one."""
VERSIONED = (MODELS, DATASETS)

VIEWS = ".views"
"""What pages of Studio show, saved by name: a file for each revision of a view."""

INTERPRETERS = ".interpreters"
"""What was installed in interpreters: a file for each answer, which the runs have links to."""

QUEUE = ".queue"
QUEUE_TICKETS = ".tickets"
QUEUE_PAUSED = ".paused"
QUEUE_KEEPER = ".keeper-"
QUEUE_LACKING = ".lacking-"
QUEUE_MOVED = ".moved-"
QUEUE_PLACING = ".placing"
QUEUE_JOBS = ".jobs"
"""Of a target of an engine's: a file for each job whose run was not over when looked at."""
QUEUE_SEEN = ".seen"
"""What the engine said of these last."""
QUEUE_KEPT = ".kept-"
"""The prefix of what a run is started with that may have to be started again after a restart."""

SLOTS = ".slots"

SAMPLER = ".sampler"
"""The runs that are sampled: a folder for each machine and boot, in it a file for each run."""
SAMPLER_LOCK = "lock"
"""Beside those files: held by the process that samples them."""

INDEX = ".index"
INDEX_FILE = "runs-9.sqlite"
"""The number is that of its tables: another version makes a file of its own."""
INDEX_MARKS = "marks"
INDEX_VERIFYING = "verifying.lock"
SERIES = "series"
SERIES_FILE = "points-2"
"""In a folder of its run's id; the number is that of its form."""
SERIES_WRITING = "points-2.new"
SERIES_FORMER = "points-1"
"""Of an earlier version: it is removed once there is one of this form."""

PRIVATE = (ENVIRONMENTS, INDEX)
"""What no group reads, also of a store that is shared: values of variables; a cache."""

SNAPSHOT_TREE = "tree"
SNAPSHOT_MANIFEST = "manifest.json"
MOST_MANIFEST_BYTES = 1 << 30
"""A manifest has a line for each file: it may be longer than any fact."""
SNAPSHOTS_SEEN = ".seen"
SNAPSHOT_USED = "used"
"""In a snapshot: a byte for each claim of it, locked as long as a claim lasts."""

EXPERIMENT = "experiment.json"
LEDGER = "ledger"
EXPERIMENT_LABELS = ".labels"
"""Labels of an experiment; hidden, since a run may be called `labels`."""

RUN = "run.json"
QUEUED = "queued.json"
PLACED = "placed.json"
"""Beside queued.json: which job of an engine the run was given."""
TAKEN = "taken.json"
"""Beside it: who begins the run, or ends it before it has begun, where locks do not tell."""
STARTED = "started.json"
STOP = "stop.json"
FAILED = "failed.json"
EXITED = "exited.json"
ENDED = "ended.json"
MARK = "mark.json"
FACTS = (RUN, STARTED, STOP, FAILED, EXITED, ENDED, MARK)
"""The facts of a run, in the order in which they can appear."""

OF_ATTEMPT = (STARTED, EXITED)
"""The facts that each attempt has; those of the first lie beside the run's own."""

RANKS = "ranks.json"
"""How the processes of a run on several nodes ended: beside exited.json, of each attempt."""

INTERPRETER = "interpreter.json"
"""What the script ran with; no fact of the run's course, and it may come late."""

ATTEMPTS = "attempts"
ALIVE = "alive"
HEARTBEAT = "heartbeat"
"""Touched every few seconds by a supervisor whose lock others may not see: on an engine's host."""
ENGINE_LOG = "engine.log"
"""What an engine writes of the job itself."""
SUPERVISOR_LOG = "supervisor.log"
USER_LOGS = "user_logs"
STD_LOG = "user_logs/std_log.txt"
ENVIRONMENT_LOG = "user_logs/environment_log.txt"
RANK_LOGS = "user_logs/ranks"
"""What the processes of a run with several print, but the first."""
METRICS = "metrics"
SYSTEM = "system"
"""Logs of the same form: what the run used of its machine, written by the store's sampler."""
USAGE = "usage.json"
"""What that comes to, published before the end."""
RULES = "rules"
"""The rules of the run that have fired: `<number>.json` each; one that has the script started
again fires once in each attempt: `<number>-<attempt>.json`."""
LABELS = "labels"
PROPERTIES = "properties"
CHILDREN = "children"
WORK = "work"
INPUTS = "inputs"
"""Of datasets that are read as files: links to them, or copies, where one folder is not all."""
OUTPUTS = "outputs"
LOGS = "logs"
FILES = "files"
COPIES = ".copies"
BROUGHT = ".brought"
"""The same for what came along in the source's own `outputs/` and `logs/`; removed at the end."""
LINKS = ".links"
"""How the originals behind the links in `work/` were at the submit; removed after the end."""
REGISTERED = "registered.json"
"""As which datasets the outputs of a run were registered when it had Completed."""
CHANGED = "changed.json"
"""Which of them were changed by the end."""
GIT_DIFF = "git.diff"
"""Among `files/`: how the code of a run differed from its commit."""

NEW = ".new-"
"""The prefix of what is being built; a rename makes it visible."""

UPLOAD = ".upload"
"""What a file that is being added to a run is called: `.upload.<pid>.<hex>`, beside its place."""

DAMAGED = ".damaged-"
"""The prefix of what `check --repair` has moved aside."""

APPENDED = ".jsonl"

STATE_HOME = "XDG_STATE_HOME"
TRUSTED = "homerun/trusted"
"""Below the user's state folder, which that variable names: a file for each store that may act."""

CONFIG_PLACES = (
    ".azureml/config.json",
    ".azureml/project.json",
    "aml_config/config.json",
    "aml_config/project.json",
    "config.json",
    "project.json",
)
"""Where a workspace's Azure configuration may lie, in the order in which it is looked for."""

CONFIG_FOLDERS = (".azureml", "aml_config")
"""The folders of those places that stand in the workspace's own folder."""
