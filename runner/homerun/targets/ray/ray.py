"""The engine `ray`: its jobs are submitted, seen and stopped through a cluster's dashboard.

Ray keeps nothing beyond the life of a cluster, and ends a job with it. So a cluster that does not
answer says nothing of a job, and one that does not know it has lost it. The id of a job is made of
its run's mark: Ray refuses a second one while it knows the first.
"""

from __future__ import annotations

import re
from importlib import import_module
from itertools import count

from homerun.targets.engines.engine import (
    UNKNOWN,
    Engine,
    EngineError,
    Job,
    Option,
    Placed,
    Seen,
)
from homerun.targets.ray import entrypoint, job_rows, request_fields
from homerun.targets.ray.addresses import EXAMPLE, check_address, cluster_at
from homerun.targets.ray.answers import TIMEOUT_S, Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from homerun.targets.ray.dashboard import Dashboard

RAY = "ray"

_JOBS = "/api/jobs/"
_OLDEST = (2, 2)
"""The version of Ray from which a job can ask for processors."""

_LOOK_S = 10.0


class Ray(Engine):
    """The cluster at an address."""

    type = RAY
    OPTIONS = (
        Option(
            "address",
            "the address of the cluster's dashboard",
            EXAMPLE,
            check_address,
            is_needed=True,
        ),
        Option("num_cpus", "CPUs that a run asks for; 1 unless given", "4", request_fields.number),
        Option("num_gpus", "GPUs that a run asks for", "1", request_fields.number),
        Option("memory", "memory that a run asks for", "32G", request_fields.memory_bytes),
        Option(
            "resource",
            "another resource of the cluster that a run asks for",
            "TPU=4",
            request_fields.resource,
            is_list=True,
        ),
        Option(
            "runtime_env",
            "Ray's runtime environment of a run's tasks, as JSON",
            '{"pip": ["einops"]}',
            request_fields.runtime_env,
        ),
    )
    GIVEN: tuple[str, ...] = (
        *("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"),
        *("NEURON_RT_VISIBLE_CORES", "TPU_VISIBLE_CHIPS", "ASCEND_RT_VISIBLE_DEVICES", "RAY_"),
    )

    def __init__(self, said: Mapping[str, Any]) -> None:
        super().__init__(said)
        env = _usable(request_fields.runtime_env, said.get(request_fields.RUNTIME_ENV)) or {}
        if isinstance(env.get("env_vars"), dict):
            self.GIVEN = (*self.GIVEN, *map(str, env["env_vars"]))

    def submit(self, jobs: Sequence[Job]) -> list[Placed]:
        """Submit jobs: one request for each, since Ray knows none for several, and one look.

        Raises:
            EngineError: one was not taken; those before it were, and `found` finds them.
        """
        requests = [self._request(job) for job in jobs]
        dashboard = self._dashboard()
        ids = [_enter(dashboard, asked) for asked in requests]
        rows = self._rows_if_any(dashboard) if ids else {}
        return [
            Placed(RAY, self._cluster(), name, job_rows.submitted(rows.get(name, {})), job.mark)
            for name, job in zip(ids, jobs)
        ]

    def look(self, placed: Sequence[Placed]) -> list[Seen]:
        """What the cluster says, in one request."""
        if not placed:
            return []
        try:
            rows = job_rows.by_id(self._dashboard(_LOOK_S).get(_JOBS))
        except EngineError as error:
            return [Seen(UNKNOWN, str(error)) for _ in placed]
        return [self._seen(rows, one) for one in placed]

    def cancel(self, placed: Sequence[Placed]) -> None:
        """Stop those that are there and still these.

        Ray ends a job's processes: TERM, and KILL after 3 s, unless the cluster is told otherwise.

        Raises:
            EngineError: the cluster did not take it.
        """
        if not placed:
            return
        dashboard = self._dashboard()
        rows = job_rows.by_id(dashboard.get(_JOBS))
        elsewhere = [one for one in placed if one.cluster != self._cluster()]
        for one in placed:
            row = rows.get(one.job)
            if one in elsewhere or row is None or not job_rows.is_the_placed(row, one):
                continue
            if not job_rows.is_over(row):
                _stop(dashboard, one.job)
        if elsewhere:
            first = elsewhere[0]
            raise EngineError(f"the job {first.job} is on {first.cluster}, which is not asked")

    def found(self, jobs: Sequence[Job]) -> list[Placed | None]:
        """Jobs that are there for runs, and not over.

        Raises:
            EngineError: the cluster does not answer.
        """
        rows = job_rows.by_id(self._dashboard().get(_JOBS))
        there = {
            job_rows.mark_of(row): Placed(
                RAY, self._cluster(), name, job_rows.submitted(row), job_rows.mark_of(row)
            )
            for name, row in rows.items()
            if job_rows.mark_of(row) and not job_rows.is_over(row)
        }
        return [there.get(job.mark) for job in jobs]

    def test(self) -> Iterator[tuple[str, str]]:
        """The dashboard, its version, its jobs, and what is asked for.

        Raises:
            EngineError: a step failed.
        """
        dashboard = self._dashboard()
        version = _version(dashboard)
        yield "the cluster", f"Ray {version} answers at {dashboard.address}"
        if _numbers(version) < _OLDEST:
            raise EngineError(f"Ray {version} is too old: a job can ask for CPUs from 2.2 on")
        rows = job_rows.by_id(dashboard.get(_JOBS))
        left = sum(not job_rows.is_over(row) for row in rows.values())
        yield "its jobs", f"{len(rows)}, of which {left} wait or run"
        fields = self._fields(self.said)
        wanted = request_fields.asked_for(fields) or "nothing: it runs on the head"
        has = request_fields.asked_for(_resources(dashboard))
        yield "what a run asks for", f"{wanted}; the cluster has {has} now" if has else wanted

    def version(self) -> str:
        """The version that the dashboard tells.

        Raises:
            EngineError: it does not.
        """
        dashboard = self._dashboard()
        return f"Ray {_version(dashboard)} at {dashboard.address}"

    def about(self) -> str:
        """The address, and what is asked for."""
        address = _usable(check_address, self.said.get("address"))
        fields = _usable(request_fields.of, self.said)
        asked = request_fields.asked_for(fields) if fields else ""
        return " ".join(part for part in (RAY, address, asked) if part)

    def _dashboard(self, timeout_s: float = TIMEOUT_S) -> Dashboard:
        # HTTP takes as long to load as half a command, and most commands ask the cluster nothing.
        module = import_module("homerun.targets.ray.dashboard")
        found: Dashboard = module.Dashboard(self._address(), timeout_s)
        return found

    def _address(self) -> str:
        given = self.said.get("address")
        if not given:
            raise EngineError(f"the target has no address: add it again, with --address {EXAMPLE}")
        try:
            return check_address(str(given))
        except ValueError as error:
            raise EngineError(
                f"the address of the target cannot be used: {error}; add it again, with "
                f"--address {EXAMPLE}"
            ) from None

    def _cluster(self) -> str:
        return cluster_at(self._address())

    def _fields(self, said: Mapping[str, Any], gpus: int = 0) -> dict[str, Any]:
        try:
            return request_fields.of(said, gpus)
        except ValueError as error:
            raise EngineError(f"a setting of the target cannot be used: {error}") from None

    def _request(self, job: Job) -> dict[str, Any]:
        if job.nodes > 1:
            raise EngineError(
                f"Ray places a run on one node, not on {job.nodes}: its script starts tasks on "
                "others by `ray.init()`"
            )
        fields = self._fields(job.said, job.gpus)
        return {
            "entrypoint": entrypoint.of(job, self.GIVEN),
            "submission_id": f"homerun-{re.sub('[^A-Za-z0-9_.-]', '_', job.mark)}",
            "metadata": {
                "job_name": job.name,
                "homerun_run": job.run_id,
                job_rows.MARK: job.mark,
                job_rows.ASKED: request_fields.asked_for(fields),
            },
            **fields,
        }

    def _rows_if_any(self, dashboard: Dashboard) -> dict[str, Mapping[str, Any]]:
        """The jobs, for the times of what was just submitted: their ids say enough without."""
        try:
            return job_rows.by_id(dashboard.get(_JOBS))
        except EngineError:
            return {}

    def _seen(self, rows: Mapping[str, Mapping[str, Any]], one: Placed) -> Seen:
        if one.cluster != self._cluster():  # the target had another address then
            return Seen(UNKNOWN, f"its job is on {one.cluster}, which is not asked")
        return job_rows.seen(rows.get(one.job), one)


def _version(dashboard: Dashboard) -> str:
    said = dashboard.get("/api/version")
    version = str(said.get("ray_version") or "") if isinstance(said, dict) else ""
    if not version:
        raise EngineError(f"{dashboard.address} does not say which Ray it is; is it Ray's?")
    return version


def _enter(dashboard: Dashboard, asked: dict[str, Any]) -> str:
    """Submit a job; the id that it has. One that is there already is left as it is.

    A former job of the run that is over keeps its id: the run's next one has a number behind it.
    """
    try:
        return _post(dashboard, asked)
    except Refused:
        first, mark = asked["submission_id"], asked["metadata"][job_rows.MARK]
        rows = job_rows.by_id(dashboard.get(_JOBS))
        of_run = [name for name, row in rows.items() if job_rows.mark_of(row) == mark]
        if not of_run:
            raise
        for name in of_run:
            if not job_rows.is_over(rows[name]):
                return name
        free = next(name for n in count(2) if (name := f"{first}-{n}") not in rows)
        return _post(dashboard, {**asked, "submission_id": free})


def _post(dashboard: Dashboard, asked: dict[str, Any]) -> str:
    wanted = str(asked["submission_id"])
    said = dashboard.post(_JOBS, asked)
    if not isinstance(said, dict) or said.get("submission_id") != wanted:
        raise EngineError(f"{dashboard.address} does not answer a submit as Ray does: is it Ray's?")
    return wanted


def _stop(dashboard: Dashboard, job: str) -> None:
    try:
        dashboard.post(f"{_JOBS}{job}/stop")
    except Refused as error:
        if error.code != 404:  # it was forgotten meanwhile
            raise


def _resources(dashboard: Dashboard) -> dict[str, Any]:
    """The processors and GPUs of the cluster, as fields of a request; {}: it does not tell."""
    try:
        said = dashboard.get("/api/cluster_status")
        usage = said["data"]["clusterStatus"]["loadMetricsReport"]["usage"]
        known = {name: usage[name][1] for name in ("CPU", "GPU") if name in usage}
    except (EngineError, LookupError, TypeError):
        return {}  # this part of Ray's interface is no promise
    return {f"entrypoint_num_{name.lower()}s": amount for name, amount in known.items()}


def _usable(check: Any, given: object) -> Any:
    try:
        return check(given) if given else None
    except ValueError:
        return None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(one) for one in re.findall(r"\d+", version)[:2])
