"""What is returned for a metric that is a file: its address, or the file itself."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def address(run_id: str, name: str) -> str:
    """The text by which the original names a file of a run."""
    return f"aml://artifactId/ExperimentRun/dcid.{run_id}/{name}"


class MetricArtifact:
    """A file of a run that was logged as a metric, read when it is first asked for.

    Args:
        run_id: the run's id.
        name: the file's name among the run's files.
        kind: the metric's kind; `image`, or one of the JSON metrics.
        read: gives the file's bytes.
    """

    def __init__(self, run_id: str, name: str, kind: str, read: Callable[[], bytes]) -> None:
        self.run_id = run_id
        self.name = name
        self.kind = kind
        self._read = read
        self._data: bytes | None = None

    @property
    def uri(self) -> str:
        """The text that `get_metrics()` gives where it is not told to populate."""
        return address(self.run_id, self.name)

    @property
    def data(self) -> bytes:
        """The file's bytes.

        Raises:
            StoreError, OSError: the file is gone, or cannot be read.
        """
        if self._data is None:
            self._data = self._read()
        return self._data

    def convert_to_object(self) -> Any:
        """A JSON metric as it was logged; an image as an open binary file, as image libraries take.

        Raises:
            StoreError, OSError: the file is gone, or cannot be read.
            ValueError: another program wrote the file, and it is not JSON.
        """
        from homerun.metrics import kinds
        from runstore.metrics import log as metric_log

        if self.kind == kinds.IMAGE:
            import io

            return io.BytesIO(self.data)
        import json

        return metric_log.untag(json.loads(self.data))

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"MetricArtifact(Run: {self.run_id},\nName: {self.name},\nKind: {self.kind})"
