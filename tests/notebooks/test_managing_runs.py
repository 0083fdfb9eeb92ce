"""A notebook that starts runs and looks after them, from its first cell to its last."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from helpers.notebook import UNDER_HOMERUN, Notebook

HELLO = """
    from azureml.core import Run
    run = Run.get_context()
    print("Hello from", run.experiment.name)
    run.log("loss", 0.25)
"""
WAITS = """
    import time
    print("waiting", flush=True)
    time.sleep(600)
"""
CHILDREN = """
    from azureml.core import Run
    run = Run.get_context()
    for name in ("apple", "banana"):
        with run.child_run(name=name) as child:
            child.log("length", len(name))
"""
PARENT = """
    from azureml.core import Run, ScriptRunConfig
    run = Run.get_context()
    for _ in range(2):
        run.submit_child(ScriptRunConfig(source_directory=".", script="hello.py"))
"""


def the_workspace(book: Notebook) -> None:
    shown = book.cell(
        """
        import azureml.core
        from azureml.core import Experiment, Run, ScriptRunConfig, Workspace
        from azureml.exceptions import ActivityFailedException
        from azureml.widgets import RunDetails

        ws = Workspace.from_config()
        print(azureml.core.VERSION, ws.name, ws.resource_group, ws.location, sep="\\n")
        exp = Experiment(workspace=ws, name="explore-runs")
        """
    )
    assert shown.text.split()[:2] == ["1.61.0", "workspace"]
    assert "Workspace: workspace" in book.cell("exp").text


def a_run_of_the_notebook(book: Notebook) -> None:
    book.cell(
        """
        notebook_run = exp.start_logging()
        notebook_run.log(name="message", value="Hello from run!")
        print(notebook_run.get_status())
        """
    )
    assert book.value("notebook_run.get_status()") == "Running"
    assert "Running" in book.cell("notebook_run").html[0]
    book.cell("notebook_run.complete()")
    assert book.value("notebook_run.get_status()") == "Completed"
    assert book.value("notebook_run.get_metrics()") == {"message": "Hello from run!"}


def runs_as_blocks(book: Notebook) -> None:
    book.cell(
        """
        with exp.start_logging() as block_run:
            block_run.log(name="message", value="Hello from the block!")
            with open("outputs/model.txt", "w") as f:
                f.write("a model")
        """
    )
    assert book.value("block_run.get_status()") == "Completed"
    assert "outputs/model.txt" in book.value("block_run.get_file_names()")
    failed = book.try_cell(
        """
        with exp.start_logging(snapshot_directory=None) as failing_run:
            raise ValueError("no such luck")
        """
    )
    assert failed.error == "ValueError: no such luck"
    assert book.value("failing_run.get_status()") == "Failed"


def a_script(book: Notebook) -> None:
    waited = book.cell(
        """
        config = ScriptRunConfig(source_directory=".", script="hello.py")
        local_run = exp.submit(config, tags={"kind": "script"})
        local_run.wait_for_completion(show_output=True)
        """
    )
    assert "Hello from explore-runs" in waited.text
    assert book.value("local_run.get_status()") == "Completed"
    details = book.value("local_run.get_details()")
    assert details["runId"] == book.value("local_run.id")
    assert details["status"] == "Completed"
    assert details["runDefinition"]["script"] == "hello.py"
    logs = book.value("local_run.get_details_with_logs()['logFiles']")
    assert logs["user_logs/std_log.txt"] == "Hello from explore-runs\n"
    assert "Completed" in book.cell("RunDetails(local_run).show()").html[0]


def ends_by_hand(book: Notebook) -> None:
    book.cell(
        """
        waiting_run = exp.submit(ScriptRunConfig(".", "waits.py"))
        print(waiting_run.get_status())
        waiting_run.cancel()
        """
    )
    assert book.value("waiting_run.get_status()") == "Canceled"
    book.cell("local_run.fail(error_details='The results are wrong')")
    assert book.value("local_run.get_status()") == "Failed"
    raised = book.cell(
        """
        try:
            local_run.wait_for_completion()
        except ActivityFailedException as error:
            print(error)
        """
    )
    assert "ActivityFailedException:\n\tMessage: " in raised.text
    assert "The results are wrong" in raised.text


def children(book: Notebook) -> None:
    book.cell(
        """
        with exp.start_logging() as parent_run:
            children = parent_run.create_children(count=5)
            for index, child in enumerate(children):
                child.log(name="Hello from child run", value=index)
                with child.child_run() as grandchild:
                    grandchild.log(name="Hello from grandchild run", value=index)
                child.complete()
        """
    )
    assert book.value("len(list(parent_run.get_children()))") == 5
    assert book.value("len(list(parent_run.get_children(recursive=True)))") == 10
    assert book.value(
        "{r.get_status() for r in parent_run.get_children(recursive=True)} == {'Completed'}"
    )
    assert book.value("children[2].parent.id == parent_run.id")
    assert book.value("parent_run.get_metrics(recursive=True)[children[3].id]") == {
        "Hello from child run": 3
    }
    book.cell(
        """
        sweep = exp.start_logging()
        for child in sweep.create_children(tag_key="fruit", tag_values=["apple", "banana"]):
            child.log("length", len(child.tags["fruit"]))
            child.complete()
        sweep.complete()
        """
    )
    assert book.value(
        "[r.get_metrics() for r in sweep.get_children(tags={'fruit': 'banana'})]"
    ) == [{"length": 6}]
    book.cell(
        """
        script_parent = exp.submit(ScriptRunConfig(".", "children.py"))
        script_parent.wait_for_completion()
        submitting = exp.submit(ScriptRunConfig(source_directory=".", script="parent.py"))
        submitting.wait_for_completion(show_output=True)
        for child in submitting.get_children():
            child.wait_for_completion()
        """
    )
    assert book.value("[r.name for r in script_parent.get_children()]") == ["banana", "apple"]
    assert book.value("[r.get_metrics() for r in submitting.get_children()]") == 2 * [
        {"loss": 0.25}
    ]


def labels(book: Notebook) -> None:
    book.cell(
        """
        local_run.add_properties({"author": "azureml-user"})
        print(local_run.get_properties())
        try:
            local_run.add_properties({"author": "different-user"})
        except Exception as error:
            print(error)
        local_run.tag("quality", "great run")
        print(local_run.get_tags())
        local_run.tag("quality", "fantastic run")
        local_run.tag("worth another look")
        """
    )
    assert book.value("local_run.get_properties()['author']") == "azureml-user"
    assert book.value("local_run.get_tags()") == {
        "kind": "script",
        "quality": "fantastic run",
        "worth another look": None,
    }


def queries(book: Notebook) -> None:
    book.cell(
        """
        found = [
            list(exp.get_runs(properties={"author": "azureml-user"})),
            list(exp.get_runs(tags={"quality": "fantastic run"})),
            list(exp.get_runs(tags="worth another look")),
            list(exp.get_runs(properties={"author": "azureml-user"}, tags="quality")),
        ]
        """
    )
    assert book.value("found == 4 * [[local_run]]")
    assert book.value("list(exp.get_runs(tags={'quality': 'great run'}))") == []
    assert book.value("next(exp.get_runs()).id == submitting.id")
    assert book.value("Run.get(ws, local_run.id) == ws.get_run(local_run.id) == local_run")
    assert "explore-runs" in book.value("sorted(ws.experiments)")


def test_the_notebook_about_managing_runs_goes_through(
    notebook: Callable[..., Notebook], script: Callable[..., Path]
) -> None:
    script("hello.py", HELLO, ".")
    script("waits.py", WAITS, ".")
    script("children.py", CHILDREN, ".")
    script("parent.py", PARENT, ".")
    book = notebook(*UNDER_HOMERUN)

    the_workspace(book)
    a_run_of_the_notebook(book)
    runs_as_blocks(book)
    a_script(book)
    ends_by_hand(book)
    children(book)
    labels(book)
    queries(book)


def test_after_a_restart_the_runs_are_found_and_go_on(
    notebook: Callable[..., Notebook], script: Callable[..., Path]
) -> None:
    script("waits.py", WAITS, ".")
    book = notebook()
    start = """
        import homerun.azureml
        from azureml.core import Experiment, ScriptRunConfig, Workspace
        exp = Experiment(Workspace.from_config(), "explore-runs")
    """
    book.cell(start)
    book.cell("open_run = exp.start_logging()")
    first = book.value("open_run.id")
    book.cell("run = exp.submit(ScriptRunConfig('.', 'waits.py'))")
    submitted = book.value("run.id")

    book.restart()
    book.cell(start)
    assert book.value(f"exp.workspace.get_run({first!r}).get_status()") == "Completed"
    book.cell("another = exp.start_logging()")
    second = book.value("another.id")

    book.crash()
    book.cell(start)
    book.cell(f"run = exp.workspace.get_run({submitted!r})")
    assert book.value(f"exp.workspace.get_run({second!r}).get_status()") == "Failed"
    assert book.value("run.get_status()") == "Running"
    book.cell("run.cancel()")
    assert book.value("run.get_status()") == "Canceled"
