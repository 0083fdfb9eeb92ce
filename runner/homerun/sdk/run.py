"""The `Run` of the SDK. This page delegates: what a method does is in the room that it names.

A script loads this module to log a number, so what is not needed for that is imported in the
method that needs it.
"""

from __future__ import annotations

from homerun.base import environ
from homerun.base.errors import refusal
from homerun.metrics.logger import MetricLogger
from homerun.runs.handle import RunHandle
from homerun.sdk.files import RunFiles
from homerun.sdk.labels import RunLabels

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from types import TracebackType
    from typing import Any, NoReturn

    from homerun import Environment, Experiment, Model, ScriptRunConfig, Workspace
    from homerun.files.upload import Artifact, Path
    from homerun.views.listing import Wanted
    from runstore.fs.safe_path import Stream
    from runstore.look import Look
    from runstore.run.params import Value
    from runstore.run.record import Record


_providers: dict[str, Callable[..., Run]] = {}


class Run:
    """One run of an experiment.

    Args:
        experiment: the experiment that the run belongs to.
        run_id: its id, or a beginning that only it has.
        outputs: a folder, made if need be, whose new files an interactive run collects when this
            object ends it.
        original: the original's private arguments; they have no effect.

    Raises:
        RunNotFound, AmbiguousPrefix: the workspace has no such one run.
    """

    def __init__(
        self,
        experiment: Experiment,
        run_id: str,
        outputs: str | None = None,
        **original: object,
    ) -> None:
        from homerun.runs import interactive

        record = experiment.workspace.store.find(run_id)
        folder = interactive.outputs_folder(False if outputs is None else outputs)
        self._bind(RunHandle.of(record, folder), _giver_of(experiment))

    def _bind(self, handle: RunHandle, experiment: Callable[[Record], Experiment]) -> None:
        self._handle, self._find_experiment = handle, experiment
        self._metrics = MetricLogger(handle.folder, handle.begin)
        self._labels = RunLabels(handle)
        self._files = RunFiles(handle)

    @classmethod
    def of(cls, record: Record, experiment: Experiment | None = None) -> Run:
        """The run of a record that was read."""
        return cls._of(RunHandle.of(record), _giver_of(experiment))

    @classmethod
    def in_folder(
        cls, folder: str, run_id: str, experiment: Callable[[Record], Experiment] | None = None
    ) -> Run:
        """The run whose folder is known; nothing is read before it is needed.

        Args:
            experiment: makes the run's experiment from its record.
        """
        return cls._of(RunHandle(folder, run_id), experiment or _giver_of(None))

    @classmethod
    def _of(cls, handle: RunHandle, experiment: Callable[[Record], Experiment]) -> Run:
        run = cls.__new__(cls)
        run._bind(handle, experiment)
        return run

    # The factories of the original

    @staticmethod
    def get_context(
        allow_offline: bool = True, used_for_context_manager: bool = False, **original: object
    ) -> Run:
        """The run that this process belongs to; the same object at every call.

        Without a run around the process: an offline run that prints what it is told, and keeps
        metrics and tags in memory.

        Args:
            used_for_context_manager, original: the original's own; they have no effect.

        Raises:
            RunEnvironmentError: there is no run, and `allow_offline` is False.
        """
        import homerun

        return homerun.current_run(allow_offline)

    @staticmethod
    def get_submitted_run(**original: object) -> Run:
        """The same as `get_context(allow_offline=False)`.

        Raises:
            RunEnvironmentError: there is no run around this process.
        """
        import homerun

        return homerun.current_run(allow_offline=False)

    @staticmethod
    def add_type_provider(runtype: str, factory: Callable[..., Run]) -> None:
        """Say what runs of a type are made with: `factory(experiment, details)` gives each.

        Args:
            runtype: a type as `Run.type` tells it.

        Raises:
            ValueError: that type has one.
        """
        _add_provider(runtype, factory)

    @staticmethod
    def list_by_compute(*original: object, **named: object) -> NoReturn:
        """Not here: every run is on this machine.

        Raises:
            NotHere: always.
        """
        raise refusal("Run", "list_by_compute", "every run is on this machine; see get_runs")

    @staticmethod
    def get(workspace: Workspace, run_id: str) -> Run:
        """A run of any experiment of the workspace, by its id or a unique beginning of it.

        Raises:
            RunNotFound, AmbiguousPrefix: there is no such one run.
        """
        return workspace.get_run(run_id)

    # Identity

    @property
    def id(self) -> str:
        """The run's id."""
        return self._handle.id

    @property
    def name(self) -> str:
        """The name that the run was made with; the one for people where it had none."""
        return str(self._record.run.get("name") or self.display_name)

    @property
    def number(self) -> int | None:
        """The run's number in its experiment, counted from 1."""
        return _number(self._record)

    @property
    def experiment(self) -> Experiment:
        """The run's experiment."""
        return self._find_experiment(self._record)

    @property
    def directory(self) -> str:
        """The run's folder."""
        return self._handle.folder

    @property
    def attempt(self) -> int:
        """Which start of its script the run is at, from 1 on."""
        from runstore.run import attempts

        return attempts.latest(self.directory)

    @property
    def resume_directory(self) -> str | None:
        """In a script that is started again: the folder with what the former attempts have made.

        It is the folder that the script works in; None in a first attempt, and outside of a script.
        """
        return environ.resume_directory(self.directory)

    @property
    def type(self) -> str | None:
        """`azureml.scriptrun` for a submitted script; else its property `azureml.runsource`."""
        return _type(self._record)

    def get_portal_url(self) -> str:
        """Where to look at it: its page in Studio where one runs, else its folder's address."""
        from homerun.sdk import html

        return html.portal(self._record.store, f"/run/{self.id}", self.directory)

    # Status

    @property
    def status(self) -> str:
        """The same as `get_status()`."""
        return self.get_status()

    def get_status(self) -> str:
        """The status as it is now."""
        return self._look().status

    def get_detailed_status(self) -> dict[str, Any]:
        """The status, and in `details` where and why a run waits, else None."""
        from homerun.views import details

        return details.detailed_status(self._record, self.get_status())

    def get_details(self) -> dict[str, Any]:
        """Everything about the run, in the original's camelCase shape."""
        from homerun.views import details

        return details.details(self._record, self._look())

    def describe(self) -> dict[str, Any]:
        """Everything about the run, in the snake_case shape of the command line."""
        from homerun.views import details

        return details.whole_row(self._record, details.row_of(self._record))

    def wait_for_completion(
        self,
        show_output: bool = False,
        wait_post_processing: bool = False,
        raise_on_error: bool = True,
    ) -> dict[str, Any]:
        """Wait until the run is over, and return its details.

        Args:
            show_output: stream the script's output to standard output, from its beginning.
            wait_post_processing: accepted; a run is over only when all of it is.
            raise_on_error: raise if the run ended Failed.

        Raises:
            RunFailed: it did; names the exit code or signal and the last lines of the output.
        """
        from homerun.views import completion

        return completion.wait_for_completion(self._record, show_output, raise_on_error)

    async def wait_async(self, raise_on_error: bool = True) -> dict[str, Any]:
        """`wait_for_completion` for code that goes on meanwhile: `await run.wait_async()`.

        Raises:
            RunFailed: the run ended Failed, and `raise_on_error`.
        """
        from homerun.views import completion

        return await completion.wait_async(self._record, raise_on_error)

    def metrics_frame(self, library: str = "pandas") -> Any:
        """What was logged as a data frame: a row for each value, in the order of logging.

        Its columns are `name`, `index`, `step`, `time` and `value`.

        Args:
            library: `pandas` or `polars`.

        Raises:
            UserError: the library is not installed.
        """
        from homerun.views import frames

        return frames.points_frame(self._record, library)

    def stream(self, offset: int = 0) -> Iterator[bytes]:
        """The script's output from a byte on, as it comes, until the run is over."""
        from homerun.files.logs import follow

        return iter(follow.Following(self._record, offset=offset))

    # Beginning and end

    def start(self) -> None:
        """Let a row of `create_children` begin; any other run has begun already."""
        self._handle.begin()

    def complete(self) -> None:
        """Complete an interactive run.

        Of a submitted run it changes nothing: the script's own end decides. From outside of one
        that goes on a notice says so.

        Raises:
            InvalidTransition: the run ended in another way.
        """
        from homerun.runs import lifecycle

        lifecycle.complete(self._record, self._handle.outputs)

    def fail(
        self,
        error_details: str | BaseException | None = None,
        error_code: str | None = None,
    ) -> None:
        """Declare the run failed.

        In its own script: a fact that wins over exit code 0; nothing is ended. On a live script
        from outside: it is stopped and ends Failed. An interactive run ends Failed. On an ended
        run: its shown status becomes Failed, and its outcome stays readable.
        """
        from homerun.runs import lifecycle

        lifecycle.fail(self._record, self._handle.outputs, error_details, error_code)

    def cancel(self) -> None:
        """Cancel the run and all below it, and wait until nothing of them lives.

        It waits at most the grace and 5 s, and not inside the run itself. On a run that is over it
        changes nothing.

        Raises:
            InvalidTransition: the run belongs to another host, or to another store.
        """
        from homerun.runs import lifecycle

        lifecycle.cancel(self._record, self._handle.outputs)

    def delete(self, purge: bool = False) -> Sequence[str]:
        """Delete the run and all below it; the ids of what was deleted.

        Deleted runs lie in the trash, `workspace.trash`, until that is emptied; `purge=True`
        removes them for good. The number of a deleted run is never given to another one.

        Raises:
            InvalidTransition: the run, or one below it, is not over: cancel it first.
            FormatTooNew, ReadOnlyStore: the store may not be written.
        """
        from homerun.runs import trash
        from runstore.store import store_of

        deleted = trash.delete(store_of(self._record), [self._record], purge=purge)
        ids: Sequence[str] = deleted["run_ids"]
        return ids

    def __enter__(self) -> Run:
        """Begin a block whose end is the run's; an interactive run's log gets what it prints."""
        self._handle.enter()
        return self

    def __exit__(
        self,
        kind: object,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Completed, or Failed with the error, which goes on."""
        self._handle.leave(error)

    # Metrics

    def log(self, name: str, value: object, description: str = "", step: int | None = None) -> None:
        """Log a number (or a text, a bool, None) under a name; safe from SIGKILL on return.

        Args:
            step: where in the training it belongs, a whole number.

        Raises:
            UserError: the value is a list or a generator: that is `log_list`'s.
        """
        self._metrics.log(name, value, description, step)

    def log_list(self, name: str, value: Iterable[object], description: str = "") -> None:
        """Log several values at once: a list, tuple, range, array or generator.

        Raises:
            UserError: an element is not a single value.
        """
        self._metrics.add("list", name, value, description)

    def log_row(self, name: str, description: str | None = None, **kwargs: object) -> None:
        """Log one row of a table: a value per column, `log_row("curve", x=1, y=2)`.

        Raises:
            UserError: a column's value is a list.
        """
        self._metrics.add("row", name, kwargs, description or "")

    def log_table(self, name: str, value: Mapping[str, object], description: str = "") -> None:
        """Log a table: a dict of columns, each a list of one length, or one value.

        Raises:
            UserError: it is not a dict, or its columns differ in length.
        """
        self._metrics.add("table", name, value, description)

    def log_image(
        self,
        name: str,
        path: str | os.PathLike[str] | None = None,
        plot: Any = None,
        description: str = "",
    ) -> None:
        """Log an image, which becomes a file of the run.

        Args:
            path: of an image file.
            plot: instead: a figure, or matplotlib.pyplot itself.

        Raises:
            UserError: both or neither was given, or it is not an image.
            OSError: the file cannot be read.
        """
        self._metrics.add("image", name, (path, plot), description)

    def log_confusion_matrix(
        self, name: str, value: Mapping[str, Any] | str, description: str = ""
    ) -> None:
        """Log a confusion matrix: a dict, or JSON text; it becomes a file of the run.

        Raises:
            UserError: it is neither, or holds what has no JSON form.
        """
        self._metrics.add("confusion_matrix", name, value, description)

    def log_accuracy_table(
        self, name: str, value: Mapping[str, Any] | str, description: str = ""
    ) -> None:
        """Log an accuracy table; see `log_confusion_matrix`."""
        self._metrics.add("accuracy_table", name, value, description)

    def log_residuals(
        self, name: str, value: Mapping[str, Any] | str, description: str = ""
    ) -> None:
        """Log residuals; see `log_confusion_matrix`."""
        self._metrics.add("residuals", name, value, description)

    def log_predictions(
        self, name: str, value: Mapping[str, Any] | str, description: str = ""
    ) -> None:
        """Log predictions; see `log_confusion_matrix`."""
        self._metrics.add("predictions", name, value, description)

    @property
    def dropped(self) -> int:
        """How many points this process could not store."""
        return self._metrics.dropped

    def flush(self, timeout_seconds: float = 300) -> None:
        """Accepted: every point is written when `log` returns."""
        self._metrics.flush()

    def get_metrics(
        self,
        name: str | None = None,
        recursive: bool = False,
        run_type: str | None = None,
        populate: bool = False,
    ) -> dict[str, Any]:
        """The metrics by name: a value logged once as itself, more of them as a list.

        Of an image or a JSON metric, the address of the first file, `aml://artifactId/…`.

        Args:
            name: only this metric; {} if nothing was logged under it. What the run used of its
                machine is given by name alone, as `system/memory`.
            recursive: of this run and all below it, by run id; runs without metrics are left out.
            run_type: of descendants of this type only.
            populate: give images and JSON metrics as a `MetricArtifact`, with `data` and
                `convert_to_object()`.
        """
        from homerun.metrics import results

        if recursive:
            return results.metrics_of_family(self._record, name, run_type, populate)
        return results.metrics_of_run(self.directory, self.id, name, populate)

    def get_system_metrics(self) -> dict[str, list[float]]:
        """What the run used of its machine, sampled every few seconds, by name; {}: no sample.

        `system/cpu_percent` is of one processor, `system/memory` in bytes; the table of all is in
        `docs/resources.md`. A run that is over in five seconds has no samples.
        """
        from runstore.metrics import samples

        return {name: one.values for name, one in samples.read(self.directory).items()}

    # Labels

    def tag(self, key: str, value: object = None) -> None:
        """Set a tag; its value becomes text, and may be left out.

        Raises:
            UserError: the key is not text.
        """
        self._labels.tag(key, value)

    def set_tags(self, tags: Mapping[str, object]) -> None:
        """Set several tags; the others stay.

        Raises:
            UserError: it is not a dict, or a key is not text.
        """
        self._labels.set_tags(tags)

    def remove_tags(self, tags: Sequence[str]) -> None:
        """Remove tags by their keys; one that is not there is no error.

        Raises:
            UserError: it is not a list.
        """
        self._labels.remove_tags(tags)

    @property
    def display_name(self) -> str:
        """The name for people; the id where none was given. Can be set."""
        return self._labels.display_name

    @display_name.setter
    def display_name(self, name: str) -> None:
        self._labels.set_display_name(name)

    @property
    def description(self) -> str | None:
        """A text for people. Can be set."""
        return self._labels.description

    @description.setter
    def description(self, text: str) -> None:
        self._labels.set_description(text)

    @property
    def tags(self) -> dict[str, str | None]:
        """The tags as they are now."""
        return self._labels.tags

    def get_tags(self) -> dict[str, str | None]:
        """The tags as they are now."""
        return self._labels.tags

    @property
    def properties(self) -> dict[str, str]:
        """The properties as they are now."""
        return self._labels.properties

    def get_properties(self) -> dict[str, str]:
        """The properties as they are now."""
        return self._labels.properties

    def add_properties(self, properties: Mapping[str, object]) -> None:
        """Set properties, each once and for ever; the value that one has already is fine.

        Raises:
            PropertyExists: one has another value; it is named, and the other keys are set.
            UserError: it is not a dict, or a key is not text.
        """
        self._labels.add_properties(properties)

    # Parameters

    @property
    def params(self) -> dict[str, Value]:
        """The parameters as they are now: the script's arguments by name, and what was logged.

        `--lr 0.1`, `--lr=0.1` and `lr=0.1` are `{"lr": 0.1}`, `--fast` is `{"fast": True}`.
        """
        return self._labels.params

    def get_params(self) -> dict[str, Value]:
        """The parameters as they are now; see `params`."""
        return self._labels.params

    def log_params(self, params: Mapping[str, object]) -> None:
        """Add parameters, such as `vars(args)`; a later value takes the place of an earlier one.

        A dict within becomes `name.key`, a list one text. Values of keys named like a secret are
        masked.

        Raises:
            UserError: it is not a dict, or a key is not text.
        """
        self._labels.log_params(params)

    # Files and code

    def upload_file(
        self, name: str, path_or_stream: Path | Stream, datastore_name: str | None = None
    ) -> Artifact:
        """Keep a file with the run. What the run has under that name already is not a conflict.

        Args:
            name: what the run is to call it.
            path_or_stream: a path, or a stream of bytes, read from where it is.
            datastore_name: accepted; everything lies in the run's folder.

        Raises:
            FileTaken: the run has another file of that name, which is never replaced.
            FileBlocked, InvalidName: the run can have no file of that name.
            FileNotFoundError: there is nothing at the path.
            UserError: it is a folder or a stream of text, or it cannot be read or written.
            ReadOnlyStore, FormatTooNew: the store cannot be written.
        """
        return self._files.upload_file(name, path_or_stream)

    def upload_files(
        self,
        names: Iterable[str],
        paths: Iterable[Path],
        return_artifacts: bool = False,
        timeout_seconds: float | None = None,
        datastore_name: str | None = None,
    ) -> list[Artifact] | tuple[dict[str, Artifact], list[Artifact]]:
        """Keep several files with the run, each as `upload_file` does.

        If some are refused the others are kept all the same, and the first refusal is raised.

        Args:
            names, paths: as many of the one as of the other. Of a name that is given twice the
                first counts.
            return_artifacts: return a dict by name too.
            timeout_seconds, datastore_name: accepted without effect.

        Raises:
            TypeError: there are more of the one than of the other.
        """
        made = self._files.upload_files(names, paths, timeout_seconds)
        return ({one.path: one for one in made}, made) if return_artifacts else made

    def upload_folder(
        self, name: str, path: Path, datastore_name: str | None = None
    ) -> list[Artifact]:
        """Keep all files below a folder with the run, hidden ones too, as `name/<relative path>`.

        A link is followed to a file below the folder, or to an original that homerun itself linked.

        Raises:
            UserError: the path is not a folder, or holds a link that leads elsewhere, or a pipe.
        """
        return self._files.upload_folder(name, path)

    def get_file_names(self) -> list[str]:
        """The names of the run's files as they are now."""
        return self._files.names()

    def download_file(
        self, name: str, output_file_path: Path | None = None, _validate_checksum: bool = False
    ) -> None:
        """Copy one file of the run. A regular file that is there is replaced, whole or not at all.

        Args:
            output_file_path: a path, or a folder that is there; None: the last part of the name,
                here. Folders above it are made.

        Raises:
            UserError: the run has no such file, or a link or a folder lies where it is to go.
        """
        self._files.download_file(name, output_file_path)

    def download_files(
        self,
        prefix: str | None = None,
        output_directory: Path | None = None,
        output_paths: Sequence[Path] | None = None,
        batch_size: int = 100,
        append_prefix: bool = True,
        timeout_seconds: float | None = None,
        **original: object,
    ) -> None:
        """Copy the files of a folder of the run, or all of them, under their names.

        Below the output directory no link is written through.

        Args:
            prefix: a folder of the run, such as `outputs`.
            output_directory: where they go, made if need be; None: here.
            output_paths: instead of their names, a path for each, in the order of the names. If
                there are not as many, or not all different, they are left out with a notice.
            append_prefix: False, with an output directory: names go without the prefix.
            batch_size, timeout_seconds: accepted without effect.

        Raises:
            UserError: the run has no such folder, or a link or a folder lies where a file is to go.
        """
        self._files.download_files(prefix, output_directory, output_paths, append_prefix)

    def get_all_logs(self, destination: Path | None = None) -> list[str]:
        """Copy the run's log files, under their names; the paths of the copies.

        Args:
            destination: a folder, made if need be; None: `assets/<run id>` here.

        Raises:
            UserError: the destination is not a folder.
        """
        return self._files.download_logs(destination)

    def get_details_with_logs(self) -> dict[str, Any]:
        """The details, with the text of each log file in place of its path."""
        return {**self.get_details(), "logFiles": self._files.log_texts()}

    def take_snapshot(self, file_or_folder_path: Path) -> str:
        """Keep code with a run that has none; the snapshot's id.

        Raises:
            UserError: the run has a snapshot, or there is nothing at the path, or it is too large.
        """
        return self._files.take_snapshot(file_or_folder_path)

    def get_snapshot_id(self) -> str | None:
        """The id of the run's code; equal code has an equal id."""
        return self._files.snapshot_id()

    def restore_snapshot(self, snapshot_id: str | None = None, path: Path | None = None) -> str:
        """Pack a snapshot as `<path>/<snapshot id>.zip`, the files that it links to among it.

        Args:
            snapshot_id: of any run of the workspace; None: this run's.
            path: a folder, made if need be; None: the folder for temporary files.

        Returns:
            The absolute path of the archive. Of the same content it is the same, byte by byte.

        Raises:
            UserError: there is no such snapshot, or the archive cannot be written.
        """
        return self._files.restore_snapshot(snapshot_id, path)

    def unpack_snapshot(self, path: Path) -> str:
        """Copy the run's code into a folder, the files that it links to among it; the folder.

        What is no longer as it was at the snapshot is told on standard error.

        Args:
            path: made if it is not there yet; it has to be empty.

        Raises:
            UserError: the run has no snapshot, or the folder cannot be written or is not empty.
        """
        return self._files.unpack_snapshot(path)

    # Parent and children

    @property
    def parent(self) -> Run | None:
        """The run that this one is a child of."""
        from runstore.store import store_of

        above = store_of(self._record).parent_of(self._record)
        return None if above is None else self.experiment.workspace.run_of(above)

    def child_run(
        self,
        name: str | None = None,
        run_id: str | None = None,
        outputs: bool | str | None = None,
    ) -> Run:
        """An interactive run below this one, begun and owned by this process.

        Args:
            name: its display name.
            outputs: a folder whose new files are collected at the end; True: `./outputs`.
        """
        from homerun.runs import children

        self._handle.begin()
        made = children.start(self._record, name, run_id, outputs)
        return held(made, self.experiment)

    def create_children(
        self,
        count: int | None = None,
        tag_key: str | None = None,
        tag_values: Sequence[object] | None = None,
    ) -> Sequence[Run]:
        """Rows below this run, each of which begins when it is first used.

        Args:
            count: how many; each gets the tag `azureml.batch_child_number`.
            tag_key, tag_values: instead: one row per value, tagged with it.

        Raises:
            UserError: neither or both were given.
        """
        from homerun.runs import children

        self._handle.begin()
        made = children.rows(self._record, count, tag_key, tag_values)
        return [Run.of(row, self.experiment) for row in made]

    def submit_child(
        self, config: ScriptRunConfig, tags: Mapping[str, object] | None = None
    ) -> Run:
        """Submit a script as a child of this run; it goes on when this run completes.

        Raises:
            SubmitError, StoreError: nothing was started.
        """
        self._handle.begin()
        return self.experiment.submit(config, tags, parent=self._record)

    def get_children(
        self,
        recursive: bool = False,
        tags: Wanted = None,
        properties: Wanted = None,
        type: str | None = None,
        status: str | None = None,
        *,
        where: Sequence[str] | str = (),
    ) -> Iterator[Run]:
        """The children (recursive: all descendants) for which all conditions hold, newest first.

        Args:
            tags, properties, where: as for `Workspace.get_runs`.
        """
        from homerun.views import listing

        wanted = listing.conditions(type, tags, properties, status, where)
        found = listing.children(self._record, wanted, recursive)
        workspace = self.experiment.workspace
        return (workspace.run_of(record) for record in found)

    # Models, secrets, data and the interpreter

    def register_model(
        self,
        model_name: str,
        model_path: str | None = None,
        tags: Mapping[str, object] | None = None,
        properties: Mapping[str, object] | None = None,
        model_framework: str | None = None,
        model_framework_version: str | None = None,
        description: str | None = None,
        datasets: Sequence[tuple[str, Any]] | None = None,
        sample_input_dataset: Any = None,
        sample_output_dataset: Any = None,
        resource_configuration: object = None,
        **original: object,
    ) -> Model:
        """Keep files of this run as the next version of a model: they stay when the run goes.

        Args:
            model_path: a file of the run, or a folder of it, such as `outputs/model.pkl`; None: the
                model's name.
            datasets: pairs of a purpose and a dataset.
            resource_configuration, original: accepted without effect: nothing is deployed.

        Raises:
            ModelPathNotFound: the run has no such file; the error names those that there are.
            InvalidName: no model can have the name.
            ReadOnlyStore, UserError: it cannot be kept.
        """
        from homerun.sdk.azure import model

        return model.registered_of_run(
            self._record,
            self.experiment.workspace,
            model_name,
            model_path,
            tags=tags,
            properties=properties,
            model_framework=model_framework,
            model_framework_version=model_framework_version,
            description=description,
            datasets=datasets,
            sample_input_dataset=sample_input_dataset,
            sample_output_dataset=sample_output_dataset,
        )

    def get_interpreter(self) -> dict[str, Any] | None:
        """What the script ran with: `python` (its path), `version`, `implementation`, `platform`,
        and `packages`, each as `name==version`. None: that is not on record, or not yet.
        """
        from runstore import layout
        from runstore.fs import facts

        return facts.read(self.directory, layout.INTERPRETER)

    def get_secret(self, name: str) -> str:
        """A secret by its name: of an environment variable, the keyring, or the user's own file.

        For `db-password` the variable is `db-password`, `db_password` or `DB_PASSWORD`, the first
        that is set; `workspace.get_default_keyvault()` keeps secrets in the others.

        Raises:
            UserError: it is in none of them.
        """
        from homerun.sdk.azure import run_data

        return run_data.secret_of(self._handle, name)

    def get_secrets(self, secrets: Sequence[str]) -> dict[str, str]:
        """Several secrets, by their names; see `get_secret`.

        Raises:
            UserError: one of them is not set.
        """
        return {name: self.get_secret(name) for name in secrets}

    @property
    def input_datasets(self) -> Mapping[str, Any]:
        """The data that the run was given, by name: a path, or where no path was asked for the
        dataset itself. Without any, the paths that the environment names as Azure does.

        Raises:
            AssetNotFound: a name is asked for that there is not; it says which there are.
        """
        from homerun.sdk.azure import run_data

        return run_data.inputs_of_run(self._handle)

    @property
    def output_datasets(self) -> Mapping[str, str]:
        """The paths of the folders that the run was given to write to, by name; see
        `input_datasets`.
        """
        from homerun.sdk.azure import run_data

        return run_data.outputs_of_run(self._handle)

    def get_environment(self) -> Environment:
        """The environment that the run was made with: its name, version and packages.

        What was really installed is in `get_interpreter()`.
        """
        from homerun.config.environment import Environment

        return Environment.of_run(self._record.run)

    # Inside

    @property
    def _record(self) -> Record:
        return self._handle.record

    def _look(self) -> Look:
        from homerun.runs import reconcile

        return reconcile.bring_up_to_date(self._record)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Run) and other.directory == self.directory

    def __hash__(self) -> int:
        return hash(self.directory)

    def __repr__(self) -> str:
        return (
            f"Run(Experiment: {self._record.experiment}, Id: {self.id}, Type: {self.type}, "
            f"Status: {self.get_status()})"
        )

    def _repr_html_(self) -> str:
        from homerun.sdk import html

        return html.run(self)

    # The last, since its name hides the built-in type in annotations that follow.

    @staticmethod
    def list(
        experiment: Experiment,
        type: str | None = None,
        tags: Wanted = None,
        properties: Wanted = None,
        status: str | None = None,
        include_children: bool | None = None,
        *,
        where: Sequence[str] | str = (),
        sort: str | None = None,
    ) -> Iterator[Run]:
        """The runs of an experiment for which all conditions hold, the newest first, lazily.

        Args:
            tags, properties: a key that has to be there, or a dict whose pairs have to be there.
            include_children: also runs that have a parent; None: with `where` or `sort` only.
            where, sort: as for `Workspace.get_runs`.
        """
        from homerun.views import listing

        wanted = listing.conditions(type, tags, properties, status, where)
        store = experiment.workspace.store
        found = listing.asked_runs(store, experiment.name, wanted, include_children, where, sort)
        return (experiment.workspace.run_of(record) for record in found)


class ScriptRun(Run):
    """A run of a submitted script."""

    RUN_TYPE = "azureml.scriptrun"

    def __init__(
        self,
        experiment: Experiment,
        run_id: str,
        directory: str | None = None,
        _run_config: object = None,
        **original: object,
    ) -> None:
        super().__init__(experiment, run_id)

    def resubmit(
        self,
        secrets: Sequence[str] = (),
        environment_variables: Mapping[str, object] | None = None,
        **changes: Any,
    ) -> Run:
        """Submit the script again: the code of this run's snapshot, its command, tags and target.

        Args:
            secrets: what stands behind each `*****` of the recorded command, in this order.
            environment_variables: values are in no record; those that the run was given and that
                are not given here are this process's own.
            **changes: settings of ScriptRunConfig that are to be other ones, as `max_retries=3`;
                not `in_place`, nor what chooses the interpreter and its packages. And
                `arguments`, a list of options that replace those of the same name or are added,
                as `["--lr", "0.2"]`; `code="now"` takes the source folder as it is now.

        Raises:
            UserError: a secret or a variable is missing, or a setting cannot be changed.
            SubmitError, StoreError: nothing was started.
        """
        from homerun.runs import resubmit

        record = resubmit.again(self._record, secrets, environment_variables, **changes)
        return ScriptRun.of(record, self.experiment)

    def clean(self) -> list[str]:
        """Say where the run's folder is: what only its start needed went when it ended.

        Raises:
            InvalidTransition: the run is not over.
        """
        from homerun.runs import lifecycle

        return lifecycle.clean(self._record)


def typed(record: Record, experiment: Experiment) -> Run:
    """The run of a record as its class: a ScriptRun for a submitted script."""
    try:
        is_script = record.run.get("type") == ScriptRun.RUN_TYPE
    except OSError:
        is_script = False  # it cannot be read now; that keeps it out of no list
    if _providers and not is_script:
        provider = _providers.get(_type(record) or "")
        if provider is not None:
            return provider(experiment, Run.of(record, experiment).describe())
    return (ScriptRun if is_script else Run).of(record, experiment)


def held(handle: RunHandle, experiment: Experiment) -> Run:
    """The run of a handle, such as one that this process has just begun."""
    return Run._of(handle, _giver_of(experiment))


def get_run(
    experiment: Experiment, run_id: str, rehydrate: bool = True, clean_up: bool = True
) -> Run:
    """A run of the experiment's workspace, by its id or a unique beginning of it.

    Args:
        rehydrate: as its own class, such as ScriptRun; else as a plain Run.
        clean_up: the original's own; it has no effect.

    Raises:
        RunNotFound, AmbiguousPrefix: there is no such one run.
    """
    return Run.get(experiment.workspace, run_id) if rehydrate else Run(experiment, run_id)


def _type(record: Record) -> str | None:
    kind = record.run.get("type") or record.properties().get("azureml.runsource")
    return None if kind is None else str(kind)


def _number(record: Record) -> int | None:
    number = record.run.get("number")
    return number if isinstance(number, int) else None


def _add_provider(runtype: str, factory: Callable[..., Run]) -> None:
    if runtype == ScriptRun.RUN_TYPE or runtype in _providers:
        raise ValueError(f"runs of the type {runtype!r} have a provider already")
    _providers[runtype] = factory


def _giver_of(experiment: Experiment | None) -> Callable[[Record], Experiment]:
    """What gives a run its experiment, if that is known."""

    def give(record: Record) -> Experiment:
        if experiment is None:
            from homerun.base.errors import UserError

            raise UserError(f"to know its experiment, get run {record.id} from a workspace")
        return experiment

    return give
