"""A notebook that logs whatever can be logged, and a second one that reads it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from helpers.notebook import UNDER_HOMERUN, Notebook

START = """
    import azureml.core
    from azureml.core import Experiment, Run, Workspace
    ws = Workspace.from_config()
    experiment = Experiment(workspace=ws, name="logging-api-test")
"""


def test_the_notebook_about_the_logging_api_goes_through(
    notebook: Callable[..., Notebook], workspace_dir: Path
) -> None:
    book = notebook(*UNDER_HOMERUN)
    book.cell(START)
    book.cell(
        """
        import os
        from random import random
        import numpy as np

        run = experiment.start_logging(
            outputs=None, snapshot_directory=".", display_name="Logging", tags={"kind": "demo"}
        )
        """
    )
    assert book.value("os.path.isdir('outputs')")

    # Numbers, texts, lists
    book.cell(
        """
        run.log(name="a string value", value="a string, ☃")
        for i in range(10):
            run.log(name="random numbers", value=random())
        for i in np.arange(4, dtype=np.int64):
            run.log("numbers of numpy", i)
        run.log(name="True or not", value=True)
        run.log_list(name="Fibonacci", value=[0, 1, 1, 2, 3, 5, 8])
        run.log_list(name="squares", value=(n * n for n in range(5)), description="a generator")
        """
    )
    refused = book.cell(
        """
        from azureml.exceptions import UserErrorException
        try:
            run.log("a list", [1, 2, 3])
        except UserErrorException as error:
            print(error.message)
        """
    )
    assert "log_list" in refused.text

    # Rows and tables
    book.cell(
        """
        import math
        run.log_row("the greatest number", description="", citrus="lemon", size=0.7)
        for degrees in range(0, 361, 10):
            angle = math.radians(degrees)
            run.log_row(name="Cosine", angle=angle, cos=math.cos(angle))
        angles = [n / 100 for n in range(628)]
        run.log_table("Sine", {"angle": angles, "sine": [math.sin(angle) for angle in angles]})
        large = {f"column {n}": [n * row for row in range(5_000)] for n in range(40)}
        run.log_table(name="a large table", value=large)
        """
    )

    # Plots
    drawn = book.cell(
        """
        %matplotlib inline
        import matplotlib.pyplot as plt
        plt.plot([n / 10 for n in range(63)], [math.sin(n / 10) for n in range(63)])
        run.log_image(name="a plot", plot=plt)
        plt.show()
        """
    )
    assert "Figure" in drawn.text
    book.cell(
        """
        fig, ax = plt.subplots()
        ax.hist(np.arange(10))
        fig.savefig("histogram.png")
        run.log_image("a figure", plot=fig)
        run.log_image("an image/of a file", path="histogram.png")
        plt.close(fig)
        """
    )

    # What classifiers and regressors give
    book.cell(
        """
        run.log_confusion_matrix("errors", {
            "schema_type": "confusion_matrix", "schema_version": "1.0.0",
            "data": {"class_labels": ["0", "1", "2"], "matrix": [[3, 0, 1], [0, 2, 0], [0, 1, 4]]},
        })
        run.log_residuals("residuals", {
            "schema_type": "residuals", "schema_version": "1.0.0",
            "data": {"bin_edges": [0, 50, 100], "bin_counts": [3, 5]},
        })
        run.log_predictions("predictions", {
            "schema_type": "predictions", "schema_version": "1.0.0",
            "data": {"bin_averages": [1, 2], "bin_errors": [0, 0], "bin_counts": [3, 5],
                     "bin_edges": [0, 50, 100]},
        })
        run.log_accuracy_table("accuracy", '{"schema_type": "accuracy_table"}')
        """
    )

    # Files
    book.cell(
        """
        os.makedirs("models/deep", exist_ok=True)
        for name in ("a.txt", "deep/b.txt", ".hidden"):
            with open(f"models/{name}", "w") as f:
                f.write(name)
        with open("outputs/collected.txt", "w") as f:
            f.write("found at the end")
        run.upload_file(name="best/model.txt", path_or_stream="models/a.txt")
        run.upload_files(["x.txt", "y.txt"], ["models/a.txt", "models/deep/b.txt"])
        run.upload_folder(name="all", path="./models/")
        run.complete()
        """
    )
    run_id = book.value("run.id")

    # The next day
    book.restart()
    book.cell(START)
    book.cell(f"fetched = Run(experiment, {run_id!r})")
    assert book.value("fetched.get_status()") == "Completed"
    assert book.value("fetched.display_name") == "Logging"
    assert book.value("[r.id for r in experiment.get_runs(tags={'kind': 'demo'})]") == [run_id]
    book.cell("metrics = fetched.get_metrics()")
    assert book.value("metrics['a string value']") == "a string, ☃"
    assert book.value("len(metrics['random numbers'])") == 10
    assert book.value("metrics['numbers of numpy']") == [0, 1, 2, 3]
    assert book.value("metrics['True or not']") is True
    assert book.value("metrics['Fibonacci']") == [0, 1, 1, 2, 3, 5, 8]
    assert book.value("metrics['squares']") == [0, 1, 4, 9, 16]
    assert book.value("metrics['the greatest number']") == {"citrus": "lemon", "size": 0.7}
    assert book.value("[len(c) for c in metrics['Cosine'].values()]") == [37, 37]
    assert book.value("len(metrics['Sine']['sine'])") == 628
    assert book.value("len(metrics['a large table'])") == 40
    assert book.value("metrics['a large table']['column 39'][-1]") == 39 * 4_999
    assert book.value("fetched.get_metrics(name='Fibonacci')") == {
        "Fibonacci": [0, 1, 1, 2, 3, 5, 8]
    }
    assert "a list" not in book.value("list(metrics)")

    files = set(book.value("fetched.get_file_names()"))
    assert files >= {
        *("best/model.txt", "x.txt", "y.txt", "outputs/collected.txt", "histogram.png"),
        *("all/a.txt", "all/deep/b.txt", "all/.hidden", "errors", "accuracy"),
    }
    assert book.value("metrics['an image/of a file']").endswith("/histogram.png")
    plots = [name for name in files if name.startswith(("a plot_", "a figure_"))]
    assert len(plots) == 2
    assert book.value("fetched.get_metrics('errors', populate=True)['errors'].convert_to_object()")[
        "data"
    ]["matrix"] == [[3, 0, 1], [0, 2, 0], [0, 1, 4]]

    book.cell(
        f"""
        fetched.download_file(name="best/model.txt", output_file_path="here/again.txt")
        fetched.download_file({plots[0]!r})
        fetched.download_files(prefix="all", output_directory="copy")
        fetched.download_files(prefix="all/deep", output_directory="flat", append_prefix=False)
        """
    )
    assert (workspace_dir / "here/again.txt").read_text() == "a.txt"
    assert (workspace_dir / plots[0]).read_bytes().startswith(b"\x89PNG")
    assert (workspace_dir / "copy/all/.hidden").read_text() == ".hidden"
    assert (workspace_dir / "flat/b.txt").read_text() == "deep/b.txt"
