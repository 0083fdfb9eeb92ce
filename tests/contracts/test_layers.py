"""The rules between the layers, read from the source: who imports whom, and where names live."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator
from typing import TypeGuard

import pytest

from helpers import sources
from helpers.sources import FACES, PLUG_INS, THIRD_PARTY, Import, Module

FACES_MAY_USE = ("runstore.errors", "runstore.status")
"""Of the store, a face knows only words: the errors, and the names of the statuses."""

PROCESS_MODULES = ("subprocess", "multiprocessing", "_posixsubprocess", "pty")
PROCESS_CALLS = re.compile(
    r"os\.(fork\w*|exec\w+|spawn\w+|posix_spawn\w*|system|popen|kill|killpg|pidfd_open|waitpid)$"
    r"|signal\.pidfd_send_signal$"
)
FILE_CALLS = re.compile(
    r"(io\.|os\.|codecs\.)?open$|os\.(fdopen|read|pread|listdir|scandir|walk|stat|lstat|readlink"
    r"|mkdir|makedirs|remove|unlink|rmdir|rename|replace|link|symlink|truncate|chmod|utime|mkfifo)$"
    r"|os\.path\.(exists|lexists|isfile|isdir|islink|getsize|getmtime)$"
    r"|.*\.(read_text|read_bytes|write_text|write_bytes|iterdir|rglob|unlink)$"
)

OWN_FILES = (
    "homerun.cli.commands.submit.script",
    "homerun.cli.output.copy_file",
    "homerun.cli.shells",
    "homerun.studio.access",
    "homerun.studio.assets",
    "homerun.studio.http.sessions",
    "homerun.studio.http.sockets",
    "homerun.studio.http.tcp_peer",
)
"""The modules of the faces that open files, none a store's: scripts, pages, the user's."""

RECONCILING = {
    *("homerun.runs.interactive", "homerun.runs.lifecycle"),
    *("homerun.runs.stop", "homerun.runs.trash", "homerun.runs.index_work", "homerun.runs.wait"),
    *("homerun.files.logs.follow", "homerun.files.logs.pages", "homerun.files.logs.together"),
    *("homerun.views.details", "homerun.views.diagnosis", "homerun.views.listing"),
    *("homerun.views.table", "homerun.sdk.batch", "homerun.sdk.run"),
}
"""The modules that bring a run up to date before they act on it, wait for it, or show it."""

CALM_CALLS = {
    *("bool", "bytes", "dict", "float", "frozenset", "int", "list", "object", "set", "slice"),
    *("str", "tuple", "type", "chr", "enumerate", "filter", "getattr", "len", "map", "max", "min"),
    *("ord", "range", "sorted", "sum", "zip", "bytes.fromhex", "bytes.maketrans", "str.maketrans"),
    *(
        "struct.Struct",
        "struct.calcsize",
        "re.compile",
        "logging.getLogger",
        "TypeVar",
        "ContextVar",
    ),
    *("namedtuple", "collections.namedtuple", "operator.attrgetter", "operator.itemgetter"),
    *("Binding", "Field", "MetricKind", "Option", "Quantity", "setting"),  # the rows of tables
}
CALM_METHODS = {"encode", "format", "join", "pack", "split", "update"}
"""What a module may call while it is loaded, the methods on names of its own: it computes a
constant and touches nothing else."""

TAKING_OVER = {"azureml": 1, "homerun.azureml": 1, "sitecustomize": 1}
"""To import these is to ask for something: each does one thing."""

STARTS_ALONE = "runner/homerun/environments/start-up/"
"""What a script's Python begins with spells its three variables: an import of ours takes as long
as a tenth of its start. `test_start_up.py` compares them with `environ`."""

TESTED_AT_LOAD = ("TYPE_CHECKING", "__name__", "sys.platform", "sys.version_info", "hasattr")


def of(*packages: str) -> list[Module]:
    return [module for module in sources.product() if module.within(*packages)]


def outside(*packages: str) -> list[Module]:
    return [module for module in sources.product() if not module.within(*packages)]


# The layers


def test_the_product_is_found_where_the_rules_look_for_it() -> None:
    assert {"runstore.layout", "runstore.status", "homerun.base.environ", "homerun.cli"} <= {
        module.name for module in sources.product()
    }


def test_store_never_imports_the_runner() -> None:
    broken = sources.broken_imports(of("runstore"), lambda m, i: i.package == "homerun")
    assert broken == []


def test_faces_take_from_the_store_only_its_errors() -> None:
    def wrong(module: Module, i: Import) -> bool:
        return i.package == "runstore" and i.module not in FACES_MAY_USE and not i.for_types

    assert sources.broken_imports(of(*FACES), wrong) == []


def test_faces_are_siblings() -> None:
    def wrong(module: Module, i: Import) -> bool:
        own = next(face for face in FACES if module.within(face))
        other = next(face for face in FACES if face != own)
        to_other = i.module == other or i.module.startswith(other + ".")
        return to_other and (i.at_load or own == "homerun.studio")

    assert sources.broken_imports(of(*FACES), wrong) == []


def test_sdk_knows_no_face() -> None:
    def wrong(module: Module, i: Import) -> bool:
        return any(i.module == face or i.module.startswith(face + ".") for face in FACES)

    assert sources.broken_imports(outside(*FACES, "homerun.__main__"), wrong) == []


def test_nothing_of_ours_needs_the_drop_in() -> None:
    broken = sources.broken_imports(outside("azureml"), lambda m, i: i.package == "azureml")
    assert broken == []


def test_faces_start_no_process() -> None:
    broken = sources.broken_imports(of(*FACES), lambda m, i: i.package in PROCESS_MODULES)
    assert broken + _broken_calls(of(*FACES), PROCESS_CALLS) == []


def test_faces_open_no_file_of_a_store() -> None:
    # The null device is no file: a face may point a stream at it.
    modules = [module for module in of(*FACES) if module.name not in OWN_FILES]
    imported = sources.broken_imports(modules, lambda m, i: i.package in ("shutil", "tempfile"))
    assert imported + _broken_calls(modules, FILE_CALLS) == []


def test_each_third_party_package_has_one_importer() -> None:
    def wrong(module: Module, i: Import) -> bool:
        if i.package in ("azureml", "homerun", "runstore", *sys.stdlib_module_names):
            return False
        importers = THIRD_PARTY.get(i.package, ())
        return not module.within(*([importers] if isinstance(importers, str) else importers))

    assert sources.broken_imports(sources.product(), wrong) == []


def test_third_party_packages_of_the_core_are_imported_when_first_needed() -> None:
    def wrong(module: Module, i: Import) -> bool:
        return i.package in THIRD_PARTY and i.at_load and not i.for_types

    assert sources.broken_imports(outside(*FACES, *PLUG_INS), wrong) == []


def test_source_roots_are_no_packages() -> None:
    assert [root for root in sources.SOURCE_ROOTS if (root / "__init__.py").exists()] == []


def test_nothing_imports_a_source_root() -> None:
    modules = [*sources.product(), *sources.tests()]
    assert sources.broken_imports(modules, lambda m, i: i.package in ("runner", "store")) == []


# Who acts for a store


def test_reconciling_stands_in_few_places() -> None:
    # A look reads; these write what it shows to be missing. All others call `look.at`.
    reconciling = {
        module.name
        for module in sources.product()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and sources.dotted(node) == "reconcile.bring_up_to_date"
    }
    assert reconciling == RECONCILING


def test_supervisors_are_launched_by_targets_only() -> None:
    launching = {
        module.name
        for module in sources.product()
        for name, _ in sources.calls(module)
        if name == "launch.supervisor"
    }
    assert launching == {"homerun.targets.target", "homerun.targets.local"}


# One dialect, and modules that do nothing when they are loaded


@pytest.mark.parametrize("module", sources.product(), ids=lambda module: module.name)
def test_module_is_in_the_oldest_dialect(module: Module) -> None:
    text = module.path.read_text(encoding="utf-8")
    ast.parse(text, str(module.path), feature_version=sources.OLDEST)  # raises SyntaxError


@pytest.mark.parametrize("module", sources.product(), ids=lambda module: module.name)
def test_module_does_nothing_when_loaded(module: Module) -> None:
    assert list(_acts(module, module.tree.body))[TAKING_OVER.get(module.name, 0) :] == []


def test_loggers_are_named_after_the_packages() -> None:
    named = [
        module.at(call, ast.unparse(call))
        for module in sources.product()
        for name, call in sources.calls(module)
        if name.endswith("getLogger")
        and [getattr(a, "value", None) for a in call.args] != [module.name.partition(".")[0]]
    ]
    assert named == []


# Names live in one module


def test_file_names_of_the_store_live_in_its_layout() -> None:
    # Words such as "metrics" are also keys and messages: only names with a dot tell a file for
    # certain. A user's own tree holds .gitignore files too.
    names = {part for text in sources.constants("runstore.layout") for part in text.split("/")}
    files = {name for name in names if "." in name.strip(".") or name[:1] == "."} - {".gitignore"}
    assert _broken_strings("runstore.layout", lambda text: files & set(text.split("/"))) == []


def test_environment_variables_live_in_environ() -> None:
    # A message may tell a person the name of one; a string that is a name is there to be used.
    variable = re.compile(r"_?HOMERUN_[A-Z_]*=?$")
    broken = _broken_strings("homerun.base.environ", variable.match)
    assert [place for place in broken if not place.startswith(STARTS_ALONE)] == []


def test_status_names_live_in_status() -> None:
    names = sources.constants("runstore.status")
    spelled = {name for name in names if name[:1].isupper()}
    assert len(spelled) == 10
    assert _broken_strings("runstore.status", lambda text: text in spelled) == []


# The tests themselves


def test_no_test_sleeps_or_measures_time() -> None:
    clock = re.compile(r"(.*\.)?(sleep|perf_counter(_ns)?|monotonic(_ns)?)$")
    modules = [module for module in sources.tests() if module.name != "tests.helpers.wait"]
    assert _broken_calls(modules, clock) == []


def _broken_calls(modules: list[Module], pattern: re.Pattern[str]) -> list[str]:
    return [
        module.at(call, f"calls {name}")
        for module in modules
        for name, call in sources.calls(module)
        if pattern.match(name) and not _is_null_device(call)
    ]


def _is_null_device(call: ast.Call) -> bool:
    return bool(call.args) and ast.unparse(call.args[0]) == "os.devnull"


def _broken_strings(home: str, wrong: Callable[[str], object]) -> list[str]:
    return [
        module.at(node, repr(text))
        for module in sources.product()
        if module.name != home
        for text, node in sources.strings(module)
        if wrong(text)
    ]


def _acts(module: Module, body: list[ast.stmt]) -> Iterator[str]:
    """The statements that do more than bind names when the module is loaded."""
    for node in body:
        if isinstance(node, (ast.Import, ast.ImportFrom, ast.Pass)):
            continue
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue  # decorators are the face's way to declare its commands
        if isinstance(node, ast.ClassDef):
            yield from _acts(module, node.body)
        elif isinstance(node, (ast.Assign, ast.AnnAssign, ast.Expr)):
            yield from _loud(module, node)
        elif isinstance(node, ast.If) and _is_calm_test(node.test):
            yield from _acts(module, [] if _is_main(node) else [*node.body, *node.orelse])
        elif isinstance(node, ast.Try) and _is_about_import(node):
            yield from _acts(module, [*node.body, *node.orelse])
            yield from _acts(module, [s for handler in node.handlers for s in handler.body])
        else:
            yield module.at(node, ast.unparse(node).splitlines()[0])


def _loud(module: Module, node: ast.stmt) -> Iterator[str]:
    """What an assignment or an expression calls, beyond computing a constant."""
    value = getattr(node, "value", None)
    if isinstance(node, ast.Expr) and not isinstance(value, (ast.Constant, ast.Call)):
        yield module.at(node, ast.unparse(node))
    for inner in _run_at_load(value) if value is not None else ():
        if isinstance(inner, ast.Call) and not _is_calm_call(module, inner):
            yield module.at(inner, f"calls {ast.unparse(inner.func)}")


def _run_at_load(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of an expression without the bodies of lambdas, which run later."""
    yield node
    for inner in ast.iter_child_nodes(node):
        if not isinstance(inner, ast.Lambda):
            yield from _run_at_load(inner)


def _is_calm_call(module: Module, call: ast.Call) -> bool:
    owner, _, method = sources.dotted(call.func).rpartition(".")
    own = {n.id for s in module.tree.body for n in ast.walk(s) if _is_bound(n)}
    calm = {*own, ""}  # "": a literal, as in "...".join()
    return sources.dotted(call.func) in CALM_CALLS or (method in CALM_METHODS and owner in calm)


def _is_bound(node: ast.AST) -> TypeGuard[ast.Name]:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


def _is_calm_test(test: ast.expr) -> bool:
    return any(word in ast.unparse(test) for word in TESTED_AT_LOAD)


def _is_main(node: ast.If) -> bool:
    return "__name__" in ast.unparse(node.test)


def _is_about_import(node: ast.Try) -> bool:
    caught = [ast.unparse(handler.type) for handler in node.handlers if handler.type]
    calm = {"ImportError", "ModuleNotFoundError", "AttributeError"}
    return not node.finalbody and bool(caught) and set(caught) <= calm
