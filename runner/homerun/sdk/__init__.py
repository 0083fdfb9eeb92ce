"""The classes of azureml.core: pages whose methods delegate to the rooms below."""
