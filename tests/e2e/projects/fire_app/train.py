import fire


def train(lr=0.1, layers=(1,), name="x", verbose=False):
    """Train a model."""
    return {"lr": lr, "layers": list(layers), "name": name, "verbose": verbose}


if __name__ == "__main__":
    fire.Fire({"train": train})
