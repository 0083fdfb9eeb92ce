"""`import homerun.azureml`, and from here on `import azureml` is ours in this process."""

from homerun.azureml.finder import take_over

take_over()
