"""Libraries that log to Azure ML by themselves, as they are: inside a run, their metrics arrive.

`make test-libraries` runs these in an environment of their own; `make test` does not.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from homerun import Experiment, Run, ScriptRunConfig, Workspace

SHOWING = """
import homerun.azureml
from azureml.core import Experiment, ScriptRunConfig, Workspace
from azureml.widgets import RunDetails
experiment = Experiment(Workspace.from_config(), "notebook")
run = experiment.submit(ScriptRunConfig("source", "train.py"))
RunDetails(run).show()
"""

WAITING = """
import threading
run.wait_for_completion()
for thread in threading.enumerate():
    if thread.name == "RunDetails":
        thread.join()
"""

EXECUTING = """
import json, sys
import nbformat
from nbclient import NotebookClient
book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in sys.argv[1:]])
NotebookClient(book, kernel_name="python3", timeout=120).execute()
print(json.dumps(book.cells[0].outputs))
"""


@pytest.fixture
def metrics_of(workspace_dir: Path, script: Callable[..., Path]) -> Callable[[str], dict[str, Any]]:
    """Run a source as a script to its good end; its metrics."""

    def run(source: str) -> dict[str, Any]:
        script("train.py", source)
        submitted: Run = Experiment(Workspace.from_config(), "libraries").submit(
            ScriptRunConfig("source", "train.py", environment_variables={"HF_HUB_OFFLINE": "1"})
        )
        submitted.wait_for_completion()
        return submitted.get_metrics()

    return run


def test_the_trainer_of_transformers_logs_to_the_run(
    metrics_of: Callable[[str], dict[str, Any]],
) -> None:
    found = metrics_of(
        """
        import sys
        sys.modules["torchvision"] = None  # not needed; one that does not fit torch cannot load
        import torch
        from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainingArguments
        sizes = dict(vocab_size=16, n_positions=8, n_embd=8, n_layer=1, n_head=1)
        rows = [{"input_ids": torch.arange(8), "labels": torch.arange(8)} for _ in range(8)]
        wanted = TrainingArguments(
            "outputs", max_steps=4, logging_steps=1, save_strategy="no", use_cpu=True,
            report_to="azure_ml",
        )
        model = GPT2LMHeadModel(GPT2Config(**sizes))
        Trainer(model=model, args=wanted, train_dataset=rows).train()
        """
    )

    assert len(found["loss"]) == len(found["learning_rate"]) == 4
    assert found["train_runtime"] > 0


def test_the_callback_of_fastai_logs_to_the_run(
    metrics_of: Callable[[str], dict[str, Any]],
) -> None:
    found = metrics_of(
        """
        import torch
        from fastai.basics import *
        from fastai.callback.azureml import AzureMLCallback
        x = torch.randn(32, 1)
        loader = DataLoader(list(zip(x, 2 * x)), bs=8)
        data = DataLoaders(loader, loader, device=torch.device("cpu"))
        learner = Learner(data, torch.nn.Linear(1, 1), loss_func=torch.nn.MSELoss(), lr=0.01)
        learner.fit(2, cbs=[AzureMLCallback()])
        """
    )

    assert found["n_epoch"] == 2
    assert len(found["batch__loss"]) == 8
    assert len(found["epoch__train_loss"]) == 2


def test_a_notebook_shows_a_run_until_it_is_over(
    workspace_dir: Path, script: Callable[..., Path]
) -> None:
    script("train.py", 'from azureml.core import Run\nRun.get_context().log("loss", 0.25)\n')
    done = subprocess.run(
        [sys.executable, "-c", EXECUTING, SHOWING, WAITING],
        stdout=subprocess.PIPE,
        text=True,
        timeout=120,
    )

    assert done.returncode == 0
    outputs = json.loads(done.stdout)
    (shown,) = (o["data"]["text/html"] for o in outputs if o["output_type"] == "display_data")
    assert "Completed" in shown
    assert "0.25" in shown
