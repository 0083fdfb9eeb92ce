"""Datastores under the original's names: each a folder; `homerun.assets.datastores` keeps them."""

from __future__ import annotations

import os

from homerun.assets import bindings, datastores
from homerun.base.errors import UserError, refusal
from homerun.sdk.azure.named import Named

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from homerun import Workspace
    from homerun.assets.bindings import Binding
    from homerun.assets.datastores import DatastorePlace

_REGISTER = "register_"


class _Registering(type):
    """Members of the class that register what is in a cloud: where the name is bound to a folder
    that is what they give.
    """

    if not TYPE_CHECKING:

        def __getattr__(cls, name: str) -> object:
            if name.startswith(_REGISTER):
                return _Registration(name)
            raise AttributeError(name)


class _Registration:
    """`register_azure_blob_container` and its like."""

    def __init__(self, name: str) -> None:
        self.__name__ = name

    def __call__(
        self, workspace: Workspace, datastore_name: str, *original: object, **named: object
    ) -> Datastore:
        """The datastore of that name, if it is bound to a folder.

        Raises:
            UserError: it is not; it says how to bind it.
        """
        bound = {place.name for place in datastores.places(workspace.store)}
        if datastore_name in bound:
            return Datastore(workspace, datastore_name)
        datastores.check_datastore(datastore_name)
        raise UserError(
            f"Datastore.{self.__name__} names what is in a cloud: bind {datastore_name!r} to a "
            f"folder of this machine with `homerun datastore add {datastore_name} FOLDER`"
        )


class Datastore(metaclass=_Registering):
    """A name for a folder, by which scripts find data wherever they run.

    Args:
        name: its name; None: the default one.

    Raises:
        AssetNotFound: there is none of that name; it says how to bind the name to a folder.
    """

    def __init__(self, workspace: Workspace, name: str | None = None) -> None:
        self.workspace = workspace
        self.place: DatastorePlace = datastores.find_place(workspace.store, name)

    @staticmethod
    def get(workspace: Workspace, datastore_name: str) -> Datastore:
        """The datastore of a name.

        Raises:
            AssetNotFound: there is none.
        """
        return Datastore(workspace, datastore_name)

    @staticmethod
    def get_default(workspace: Workspace) -> Datastore:
        """The default datastore: `workspaceblobstore`, unless another was chosen."""
        return Datastore(workspace)

    @staticmethod
    def register_folder(workspace: Workspace, datastore_name: str, folder: str) -> Datastore:
        """Let a name stand for a folder of this machine.

        Raises:
            InvalidName: no datastore can have it.
            UserError: there is no such folder.
        """
        datastores.bind(workspace.store, datastore_name, folder)
        return Datastore(workspace, datastore_name)

    @property
    def name(self) -> str:
        """Its name."""
        return self.place.name

    @property
    def directory(self) -> str:
        """Its folder."""
        return self.place.folder

    @property
    def datastore_type(self) -> str:
        """Always `Folder`."""
        return "Folder"

    @property
    def container_name(self) -> str:
        """The last part of its folder's path."""
        return os.path.basename(self.directory)

    @property
    def account_name(self) -> str:
        """Always `local`."""
        return "local"

    def upload(
        self,
        src_dir: str,
        target_path: str | None = None,
        overwrite: bool = False,
        show_progress: bool = True,
    ) -> DataReference:
        """Copy what lies below a folder.

        Args:
            target_path: where to, in the datastore.
            overwrite: replace what is there; else that stays.
            show_progress: accepted without effect.

        Raises:
            UserError: it is not a folder, or a file cannot be copied.
        """
        found = datastores.below(os.path.expanduser(src_dir))
        datastores.upload(self.place, found, target_path, overwrite=overwrite)
        return self.path(target_path)

    def upload_files(
        self,
        files: Sequence[str],
        relative_root: str | None = None,
        target_path: str | None = None,
        overwrite: bool = False,
        show_progress: bool = True,
    ) -> DataReference:
        """Copy files.

        Args:
            relative_root: a folder above all of them: paths are kept from there on; None: only the
                last part of each.
            target_path, overwrite, show_progress: as for `upload`.
        """
        found = datastores.named_from(files, relative_root)
        datastores.upload(self.place, found, target_path, overwrite=overwrite)
        return self.path(target_path)

    def download(
        self,
        target_path: str,
        prefix: str | None = None,
        overwrite: bool = False,
        show_progress: bool = True,
    ) -> int:
        """Copy files of the datastore below a folder, under their paths; how many there are.

        Args:
            prefix: only what lies at this path, or below it.
            overwrite, show_progress: as for `upload`.
        """
        found = datastores.download(self.place, target_path, prefix, overwrite=overwrite)
        return len(found)

    def path(
        self, path: str | None = None, data_reference_name: str | None = None
    ) -> DataReference:
        """A path of the datastore, to be given to a script as an argument."""
        return DataReference(self, data_reference_name, path)

    def as_mount(self) -> DataReference:
        """The datastore itself, to be given to a script as an argument."""
        return self.path().as_mount()

    def as_download(self, path_on_compute: str | None = None) -> DataReference:
        """The same."""
        return self.path().as_download(path_on_compute)

    def as_upload(self, path_on_compute: str | None = None) -> DataReference:
        """The same, for what the script writes."""
        return self.path().as_upload(path_on_compute)

    def set_as_default(self) -> None:
        """Have it be meant where none is named."""
        datastores.set_default(self.workspace.store, self.name)

    def unregister(self) -> None:
        """Let the name stand for no folder any more; what lies there stays.

        Raises:
            UserError: it is one of those that are always there.
        """
        datastores.unbind(self.workspace.store, self.name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Datastore) and other.place.folder == self.place.folder

    def __hash__(self) -> int:
        return hash(self.place.folder)

    def __repr__(self) -> str:
        return f"Datastore(name={self.name!r}, folder={self.directory!r})"


class DataReference:
    """A path of a datastore: as an argument of a script it becomes the path of a folder or file.

    Args:
        data_reference_name: its name; the script has `AZUREML_DATAREFERENCE_<name>`, too.
        path_on_datastore: None: the datastore itself.
        mode: `mount`, `download` or `upload`: the script works on the folder itself in each case.
        path_on_compute, overwrite: accepted without effect.
    """

    def __init__(
        self,
        datastore: Datastore,
        data_reference_name: str | None = None,
        path_on_datastore: str | None = None,
        mode: str = "mount",
        path_on_compute: str | None = None,
        overwrite: bool = False,
    ) -> None:
        self.datastore = datastore
        self.path_on_datastore = datastores.plain(path_on_datastore)
        self.data_reference_name = data_reference_name or bindings.made_up_name(datastore.name)
        self.mode = mode
        self.path_on_compute = path_on_compute
        self.overwrite = overwrite

    @property
    def place(self) -> DatastorePlace:
        """The datastore that it is a path of."""
        return self.datastore.place

    def path(
        self, path: str | None = None, data_reference_name: str | None = None
    ) -> DataReference:
        """A path below this one."""
        inner = "/".join(part for part in (self.path_on_datastore, path or "") if part)
        return DataReference(self.datastore, data_reference_name, inner, self.mode)

    def as_mount(self) -> DataReference:
        """The same, to be read."""
        return self._as("mount", None)

    def as_download(
        self, path_on_compute: str | None = None, overwrite: bool = False
    ) -> DataReference:
        """The same."""
        return self._as("download", path_on_compute)

    def as_upload(
        self, path_on_compute: str | None = None, overwrite: bool = False
    ) -> DataReference:
        """The same, for what the script writes."""
        return self._as("upload", path_on_compute)

    def _as(self, mode: str, path: str | None) -> DataReference:
        return DataReference(
            self.datastore, self.data_reference_name, self.path_on_datastore, mode, path
        )

    def to_config(self) -> DataReference:
        """Itself, for `RunConfiguration.data_references`."""
        return self

    def bound(self) -> Binding:
        """What it is for a run."""
        return bindings.Binding(
            bindings.REFERENCE,
            self.data_reference_name,
            self.mode,
            datastore=self.datastore.name,
            path=self.path_on_datastore,
        )

    def __str__(self) -> str:
        return f"$AZUREML_DATAREFERENCE_{self.data_reference_name}"

    def __repr__(self) -> str:
        return str(self)


class DataPath:
    """A path of a datastore, of which a dataset is made.

    Args:
        name: accepted without effect.
    """

    def __init__(
        self,
        datastore: Datastore | None = None,
        path_on_datastore: str | None = None,
        name: str | None = None,
    ) -> None:
        if datastore is None:
            raise refusal("DataPath", "datastore", "name the datastore that the path is of")
        self.datastore = datastore
        self.path_on_datastore = datastores.plain(path_on_datastore)
        self.name = name

    def create_data_reference(self, data_reference_name: str | None = None) -> DataReference:
        """The path as an argument of a script."""
        return DataReference(self.datastore, data_reference_name, self.path_on_datastore)


def every_datastore(workspace: Workspace) -> Named:
    """The datastores of a workspace by name."""
    found: Any = datastores.places(workspace.store)
    return Named(
        ((one.name, Datastore(workspace, one.name)) for one in found),
        lambda name: datastores.missing_place(workspace.store, name),
    )
