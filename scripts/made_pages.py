"""Writes what is made from the code: the tables of docs/settings.md, docs/python-reference.md,
docs/llms.txt and the manual page docs/homerun.1: `make reference`.

`--check` writes nothing, and fails where a page is behind the code.
"""

import ast
import inspect
import re
import sys
from pathlib import Path

import homerun
from homerun.base import environ
from homerun.cli import command_table
from homerun.cli.options import shared
from homerun.config.settings import TABLE
from homerun.manual import pages
from homerun.notify.settings import KEYS as CHANNELS
from homerun.project.file import MEANINGS
from runstore.queue.settings import KNOWN

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
MARKED = re.compile(r"<!-- made: (\w+) -->\n.*?<!-- end -->", re.S)

OF_A_PERSON, OF_A_RUN = "Set by a person", "Set for"

EXAMPLES = {
    "Workspace": """
from homerun import Workspace

ws = Workspace.from_config()
for run in ws.get_runs(where="metrics.loss < 0.5", sort="metrics.loss"):
    print(run.number, run.get_metrics())
""",
    "Experiment": """
from homerun import Experiment

exp = Experiment(ws, "digits")
with exp.start_logging() as run:
    run.log("loss", 0.25)
print(exp.best("loss").id)
""",
    "Run": """
run = ws.get_run(run.id)
run.tag("quality", "good")
run.log_params({"layers": 3})
print(run.get_status(), run.get_tags(), run.params)
""",
    "ScriptRun": """
from homerun import ScriptRunConfig

run = exp.submit(ScriptRunConfig(".", "train.py", ["--lr", 0.1]))
run.wait_for_completion(show_output=True)
print(run.get_metrics("loss"), run.get_file_names())
""",
    "ScriptRunConfig": """
config = ScriptRunConfig(
    ".", "train.py", max_retries=2, memory="2 GB", stop_if=["metrics.loss is nan"]
)
print(exp.submit(config).wait_for_completion()["status"])
""",
    "Batch": """
batch = exp.submit_many([ScriptRunConfig(".", "train.py", ["--lr", rate]) for rate in (0.1, 0.2)])
print(batch.wait_for_completion())
""",
    "RunConfiguration": """
from homerun import RunConfiguration

configuration = RunConfiguration()
configuration.environment_variables = {"MODE": "fast"}
exp.submit(ScriptRunConfig(".", "train.py", run_config=configuration)).wait_for_completion()
""",
    "Environment": """
from homerun import Environment

environment = Environment("plain")
environment.python.user_managed_dependencies = True
exp.submit(ScriptRunConfig(".", "train.py", environment=environment)).wait_for_completion()
""",
    "Dataset": """
from homerun import Dataset

numbers = Dataset.File.from_files("data/*.csv").register(ws, "numbers", create_new_version=True)
print(numbers.name, numbers.version, numbers.to_path())
""",
    "Datastore": """
datastore = ws.get_default_datastore()
datastore.upload("data", target_path="mine", overwrite=True)
""",
    "Model": """
from homerun import Model

model = Model.register(ws, model_path="train.py", model_name="code")
print(model.id, Model.get_model_path("code", _workspace=ws))
""",
    "compare_runs": """
from homerun import compare_runs

print(sorted(compare_runs(list(batch))))
""",
}
"""An example of each class that people begin with. They are executed one after the other."""


def variables(prefix):
    """The environment variables whose docstring begins so: (names, text)."""
    body = ast.parse(inspect.getsource(environ)).body
    for one, below in zip(body, body[1:]):
        if not isinstance(one, ast.Assign) or not isinstance(below, ast.Expr):
            continue
        text = " ".join(str(ast.literal_eval(below.value)).split())
        if text.startswith(prefix):
            yield ast.literal_eval(one.value), text.removeprefix(prefix).lstrip(": ")


def of_people():
    return table("variable", variables(OF_A_PERSON))


def of_runs():
    lines = ["| variable | who has it | |", "|---|---|---|"]
    for name, text in variables(OF_A_RUN):
        holder, _, told = text.partition(": ")
        lines.append(f"| `{name}` | {holder} | {cell(told)} |")
    return "\n".join(lines)


def of_submits():
    """The table of settings, with the options that set them."""
    known = {param.key: param for param in command_table.command(["run", "SCRIPT"]).own}
    lines = ["| keyword | option | |", "|---|---|---|"]
    for row in TABLE.values():
        key = OPTIONS.get(row.name, row.name)
        option = known.get(key)
        names = f"`{option.names[-1]}`" if option and option.names else ""
        lines.append(f"| `{row.name}` | {names} | {cell(row.help)}{usual(row.default)} |")
    return "\n".join(lines)


OPTIONS = {
    "environment_variables": "env",
    "interpreter": "python",
    "max_run_duration_seconds": "max_run_duration",
    "retry_delay_s": "retry_delay",
    "grace_s": "grace",
}
"""The options of settings that are called otherwise."""


def usual(default):
    if default in (None, {}, False, "") or default == 0:
        return ""
    told = ", ".join(default) if isinstance(default, (list, tuple)) else default
    return f" Default: `{told}`."


def of_projects():
    return table("key", MEANINGS.items())


def of_stores():
    return table("key", KNOWN.items())


def of_channels():
    lines = ["| type | it needs | it may have |", "|---|---|---|"]
    for kind, (needed, more) in CHANNELS.items():
        lines.append(f"| `{kind}` | {code(needed)} | {code(more)} |")
    return "\n".join(lines)


def code(names):
    return ", ".join(f"`{name}`" for name in names)


def table(head, rows):
    lines = [f"| {head} | |", "|---|---|"]
    lines += [f"| `{name}` | {cell(text)} |" for name, text in rows]
    return "\n".join(lines)


def cell(text):
    text = text.strip()
    return (text[:1].upper() + text[1:]).replace("|", "\\|")


TABLES = {
    "people": of_people,
    "runs": of_runs,
    "submits": of_submits,
    "projects": of_projects,
    "stores": of_stores,
    "channels": of_channels,
}


def settings(text):
    """docs/settings.md with its tables."""
    return MARKED.sub(
        lambda found: f"<!-- made: {found[1]} -->\n\n{TABLES[found[1]]()}\n\n<!-- end -->", text
    )


REFERENCE_HEAD = """# Python reference

Made from the docstrings: every public class, method and function of `homerun`. `azureml.core` has
those of the original under the same names.
The examples run one after the other, in a folder with this script and a folder `data`:

```python title="train.py"
import sys

from homerun import Run

run = Run.get_context()
run.log("loss", 0.25)
print("trained with", sys.argv[1:])
```

```text title="data/numbers.csv"
1,2
```
"""


def python_reference():
    parts = [REFERENCE_HEAD]
    errors = []
    for name in homerun.__all__:
        made = getattr(homerun, name)
        if inspect.isclass(made) and issubclass(made, Exception):
            errors.append(f"| `{name}` | {cell(first_sentence(made))} |")
        else:
            parts.append(section(name, made))
    parts.append("\n".join(["## Errors", "", "| error | |", "|---|---|", *errors, ""]))
    return "\n".join(parts)


def section(name, made):
    lines = [f"## {name}", "", f"```text\n{name}{signature(made)}\n```", "", prose(made.__doc__)]
    if name in EXAMPLES:
        lines += ["", f"```python\n{EXAMPLES[name].strip()}\n```"]
    if inspect.isclass(made):
        for member, found in sorted(vars_of(made)):
            lines += ["", f"### {name}.{member}", "", *described(member, found)]
    return "\n".join([*lines, ""])


def vars_of(made):
    """The public members of a class that it, or a base that is not public itself, defines."""
    seen = {}
    shown = {getattr(homerun, name) for name in homerun.__all__}
    for base in made.__mro__:
        if base is object or (base is not made and base in shown):
            break
        for name, found in vars(base).items():
            is_told = getattr(found, "__doc__", None) and (
                callable(found) or isinstance(found, (property, staticmethod, classmethod))
            )
            if not name.startswith("_") and is_told:
                seen.setdefault(name, found)
    return seen.items()


def described(name, found):
    if isinstance(found, property):
        return [prose(found.__doc__)]
    inner = getattr(found, "__func__", found)
    return [f"```text\n{name}{signature(inner)}\n```", "", prose(inner.__doc__)]


def signature(made):
    try:
        found = inspect.signature(made)
    except (TypeError, ValueError):
        return "(...)"
    kept = [one for one in found.parameters.values() if one.name not in ("self", "cls")]
    kept = [one for one in kept if not one.name.startswith("_")]
    shown = [
        re.sub(r"^([*\w]+: )'([^']*)'", r"\1\2", str(one.replace(default=default_of(one))))
        for one in kept
    ]
    starred = [one.kind for one in kept]
    if (
        inspect.Parameter.KEYWORD_ONLY in starred
        and inspect.Parameter.VAR_POSITIONAL not in starred
    ):
        shown.insert(starred.index(inspect.Parameter.KEYWORD_ONLY), "*")
    back = found.return_annotation
    told = "" if back is inspect.Signature.empty else f" -> {back}"
    line = f"({', '.join(shown)}){told}"
    if len(line) > 90:
        line = "(\n    " + ",\n    ".join(shown) + f",\n){told}"
    return line


def default_of(param):
    """A default as it is shown; an object without a name of its own is left out."""
    if param.default is inspect.Parameter.empty or " object at 0x" not in repr(param.default):
        return param.default
    return inspect.Parameter.empty


def prose(doc):
    """A docstring as Markdown: the parts `Args:`, `Raises:`, `Returns:` become lists."""
    lines = []
    inside = False
    for line in inspect.cleandoc(doc or "").splitlines():
        if re.fullmatch(r"[A-Z][a-z]+:", line):
            inside = line != "Example:"
            lines += [f"**{line[:-1]}**", ""]
        elif inside and re.match(r"    [\w*, `]+: ", line):
            names, _, text = line.strip().partition(": ")
            lines.append(f"- `{names.strip('`')}`: {text}")
        elif inside and line.startswith("    "):
            lines.append(f"  {line.strip()}" if lines[-1] else f"- {line.strip()}")
        else:
            inside = inside and not line
            lines.append(line)
    return "\n".join(lines).replace("<", "&lt;").replace("\\b\n", "")


def first_sentence(made):
    return " ".join((made.__doc__ or "").strip().split("\n\n")[0].split())


def llms():
    """The list of all pages for language models, by the convention of llmstxt.org."""
    index = (DOCS / "index.md").read_text()
    head, *sections = index.split("\n## ")
    about = [line for line in head.splitlines() if line and not line.startswith("#")]
    parts = ["# homerun", "", f"> {about[0].split(' Begin with')[0]}", ""]
    parts += [
        "Every command answers in JSON with `-o json`; `homerun schema COMMAND` has the schema.",
        "",
    ]
    for one in sections:
        title, _, body = one.partition("\n")
        parts += [f"## {title}", "", body.strip(), ""]
    return "\n".join(parts)


def manual():
    """The manual page."""
    lines = [
        f'.TH HOMERUN 1 "" "homerun {homerun.__version__}"',
        ".SH NAME",
        "homerun \\- training runs on your own machine, each with a record that you can read",
        ".SH SYNOPSIS",
        ".B homerun run",
        '.RI [ options ] " script " [ arguments ]',
        ".br",
        ".B homerun",
        ".I command",
        ".RI [ options ]",
        ".SH COMMANDS",
    ]
    for title, example, names in command_table.SECTIONS:
        lines += [f".SS {title}", f"Example: {roff(example)}"]
        for name in names.split():
            lines += [".TP", f".B {name}", roff(summary(name))]
    lines += [".SH OPTIONS OF EVERY COMMAND"]
    for option in shared.shared():
        value = f" {option.metavar}" if option.metavar else ""
        lines += [".TP", f".B {roff(', '.join(option.names))}{value}", roff(option.help or "")]
    lines += [".SH ENVIRONMENT"]
    for name, text in variables(OF_A_PERSON):
        lines += [".TP", f".B {name}", roff(cell(text))]
    lines += [
        ".SH EXIT STATUS",
        "0 done; 1 an error, or a run that did not complete; 2 wrong usage;",
    ]
    lines += ["130 Ctrl-C; 143 SIGTERM.", ".SH SEE ALSO", "homerun help shows these pages:"]
    lines += [roff(", ".join(pages.topics())) + "."]
    return "\n".join(lines) + "\n"


def summary(name):
    told = command_table.SUMMARIES.get(name) or command_table.GROUPS.get(name, ("",))[0]
    return told or "Run a script; list, show, follow and cancel runs."


def roff(text):
    return re.sub(r"^([.'])", r"\\&\1", text.replace("\\", "\\e").replace("-", "\\-"))


def main():
    place = DOCS / "settings.md"
    made = {
        place: settings(place.read_text()),
        DOCS / "python-reference.md": python_reference(),
        DOCS / "llms.txt": llms(),
        DOCS / "homerun.1": manual(),
    }
    behind = [
        path.name for path, text in made.items() if not path.exists() or path.read_text() != text
    ]
    if "--check" in sys.argv:
        raise SystemExit(f"behind the code: {', '.join(behind)}; make reference" if behind else 0)
    for path, text in made.items():
        path.write_text(text)


if __name__ == "__main__":
    main()
