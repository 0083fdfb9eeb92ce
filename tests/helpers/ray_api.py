"""A Ray cluster as its dashboard shows it: the REST interface of its jobs, with nothing behind it.

It answers as Ray 2.60 does, errors included: the head passes on its agent's refusals as a 500 with
a traceback. It counts what it is asked.
"""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

REFUSAL = """\
Traceback (most recent call last):
  File "job_head.py", line 410, in submit_job
    resp = await job_agent_client.submit_job_internal(submit_request)
RuntimeError: Request failed with status code 400: Traceback (most recent call last):
  File "job_manager.py", line 600, in submit_job
    raise ValueError(
ValueError: {why}
.
"""

Answer = tuple[int, str, bytes]
"""A status, a content type, a body."""


class RayApi:
    """What stands at the address.

    Attributes:
        jobs: by submission id, as `GET /api/jobs/` shows them.
        asked: each request: its method and path, and its body as JSON.
        headers: those of each request.
        instead: answers in place of the usual one, for each request; None: the usual one.
    """

    def __init__(self) -> None:
        self.jobs: dict[str, dict[str, Any]] = {}
        self.asked: list[tuple[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.instead: Callable[[str, str], Answer | None] = lambda method, path: None
        self.version = "2.60.0"
        self._times = itertools.count(1_700_000_000_000)
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer("GET")

            def do_POST(self) -> None:
                self._answer("POST")

            def _answer(self, method: str) -> None:
                data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                api.asked.append((f"{method} {self.path}", json.loads(data) if data else None))
                api.headers.append(dict(self.headers))
                status, kind, body = api.instead(method, self.path) or api.answer(
                    method, self.path, data
                )
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("Location", body.decode())
                    body = b""
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def calls(self) -> list[str]:
        """The requests, without their bodies."""
        return [what for what, _ in self.asked]

    def answer(self, method: str, path: str, data: bytes) -> Answer:
        """What Ray answers."""
        if (method, path) == ("GET", "/api/version"):
            return _json({"version": "4", "ray_version": self.version, "session_name": "s"})
        if (method, path) == ("GET", "/api/cluster_status"):
            report = {"usage": {"CPU": [0.5, 4.0], "memory": [0, 10]}}
            return _json({"data": {"clusterStatus": {"loadMetricsReport": report}}})
        if (method, path) == ("GET", "/api/jobs/"):
            driver = {"type": "DRIVER", "submission_id": None, "status": "RUNNING"}
            return _json([*self.jobs.values(), driver])
        if (method, path) == ("POST", "/api/jobs/"):
            return self._submit(json.loads(data))
        name = path.removeprefix("/api/jobs/").removesuffix("/stop")
        if name not in self.jobs:
            return 404, "text/plain", f"Job {name} does not exist".encode()
        if self.jobs[name]["status"] in ("PENDING", "RUNNING"):
            self.end(name, "STOPPED")
        return _json({"stopped": True})

    def _submit(self, asked: dict[str, Any]) -> Answer:
        name = asked["submission_id"]
        if name in self.jobs:
            why = f"Job with submission_id {name} already exists."
            return 500, "text/plain", REFUSAL.format(why=why).encode()
        self.jobs[name] = {
            "type": "SUBMISSION",
            "job_id": None,
            "submission_id": name,
            "status": "PENDING",
            "message": "Job has not started yet.",
            "error_type": None,
            "start_time": next(self._times),
            "driver_exit_code": None,
            "runtime_env": asked.get("runtime_env", {}),
            "entrypoint": asked["entrypoint"],
            "metadata": asked["metadata"],
        }
        return _json({"job_id": name, "submission_id": name})

    def end(
        self, name: str, status: str, code: int | None = None, error: str = "", message: str = ""
    ) -> None:
        """A job ends."""
        self.jobs[name].update(
            status=status, driver_exit_code=code, error_type=error or None, message=message
        )

    def restart(self) -> None:
        """The cluster is started anew, and knows nothing of before."""
        self.jobs = {}

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _json(what: object) -> Answer:
    return 200, "application/json", json.dumps(what).encode()


@contextmanager
def ray_api() -> Iterator[RayApi]:
    """It, while the block goes on."""
    api = RayApi()
    try:
        yield api
    finally:
        api.close()
