"""What Slurm says of a job, in words."""

from __future__ import annotations

import re

from homerun.targets.engines.engine import ENDING, OVER, RUNNING, UNKNOWN, WAITING

_STATES = {
    WAITING: (
        *("PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "RESV_DEL_HOLD"),
        "SPECIAL_EXIT",
    ),
    RUNNING: ("RUNNING", "SUSPENDED", "STOPPED", "SIGNALING", "RESIZING"),
    ENDING: ("COMPLETING", "STAGE_OUT"),
    OVER: (
        *("COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY"),
        *("PREEMPTED", "BOOT_FAIL", "DEADLINE", "REVOKED", "LAUNCH_FAILED", "RECONFIG_FAIL"),
    ),
}

_ENDS = {
    "COMPLETED": "its job ended",
    "FAILED": "its job failed",
    "CANCELLED": "its job was canceled",
    "TIMEOUT": "the time limit of its job is over",
    "NODE_FAIL": "a node of its job failed",
    "OUT_OF_MEMORY": "its job was out of memory",
    "PREEMPTED": "its job had to make room for another",
    "BOOT_FAIL": "its node did not start",
    "DEADLINE": "its job was past its deadline",
    "REVOKED": "its job was started on another cluster",
}

_WAITS = {
    "Resources": "no node is free for it",
    "Priority": "jobs of higher priority are before it",
    "Dependency": "it depends on a job that is not over",
    "BeginTime": "it was started before, and may start again in some minutes",
    "JobHeldUser": "it is held; `scontrol release` lets it go",
    "JobHeldAdmin": "an administrator holds it",
    "JobArrayTaskLimit": "as many of its batch run as may at once",
    "PartitionDown": "its partition takes no jobs now",
    "PartitionInactive": "its partition is inactive",
    "PartitionNodeLimit": "it asks for more nodes than its partition gives",
    "PartitionTimeLimit": "it asks for more time than its partition gives",
    "ReqNodeNotAvail": "a node that it needs is down or reserved",
    "NodeDown": "a node that it needs is down",
    "Reservation": "it waits for its reservation",
    "ReservationDeleted": "its reservation is gone",
    "Licenses": "it waits for a license",
    "BadConstraints": "no node has what it asks for",
    "InvalidAccount": "its account is not valid",
    "InvalidQOS": "its QOS is not valid",
    "Cleaning": "what was of its last start is being ended",
    "None": "the scheduler has not looked at it yet",
}

_LIMIT = re.compile(r"^(Assoc|QOS|Account|User).*(Limit|Resource|MaxJobs|Grp)")


def state_of(words: list[str]) -> str:
    """The state of a job that Slurm describes so: one word, or newer versions several."""
    known = {state for word in words for state, of in _STATES.items() if _is_one(word, of)}
    for state in (ENDING, WAITING, RUNNING, OVER):
        if state in known:
            return state
    return UNKNOWN


def _is_one(word: str, of: tuple[str, ...]) -> bool:
    # Some tables cut the longest words.
    return any(word == one or (len(word) > 8 and one.startswith(word)) for one in of)


def waits_for(reason: str) -> str:
    """Why a job waits."""
    plain = reason.strip("()").partition(",")[0].strip()
    said = _WAITS.get(plain)
    if said is None and _LIMIT.match(plain):
        said = "a limit of its user, account or QOS is reached"
    return f"{said} ({plain})" if said else f"Slurm says {plain}" if plain else ""


def how_ended(words: list[str], exit: str | None) -> str:
    """How a job ended."""
    for word in words:
        for name, said in _ENDS.items():
            if _is_one(word, (name,)):
                code, _, number = (exit or "0:0").partition(":")
                if name == "FAILED" and code != "0":
                    return f"{said} with exit code {code}"
                return f"{said} by signal {number}" if name == "FAILED" and number != "0" else said
    return f"Slurm says {' '.join(words)}"
