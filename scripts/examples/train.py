"""Train a small network on scikit-learn's handwritten digits and log how it goes.

    homerun run submit-script -e digits --source-directory scripts/examples train.py --epochs 10

It also runs by hand, `python scripts/examples/train.py`: then the run is an offline one.
"""

import argparse
import os

import joblib
import matplotlib
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from homerun import Run

matplotlib.use("Agg")  # a run has no screen
from matplotlib import pyplot as plt

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--epochs", type=int, default=15)
parser.add_argument("--learning-rate", type=float, default=0.003)
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()

run = Run.get_context()

digits = load_digits()
x_train, x_test, y_train, y_test = train_test_split(
    digits.data / 16.0, digits.target, test_size=0.25, random_state=args.seed
)
model = MLPClassifier(
    hidden_layer_sizes=(64,), learning_rate_init=args.learning_rate, random_state=args.seed
)

accuracies = []
for epoch in range(1, args.epochs + 1):
    model.partial_fit(x_train, y_train, classes=range(10))
    loss = log_loss(y_test, model.predict_proba(x_test))
    accuracy = model.score(x_test, y_test)
    accuracies.append(accuracy)
    run.log("loss", loss)
    run.log("accuracy", accuracy)
    print(f"epoch {epoch:3d}  loss {loss:.4f}  accuracy {accuracy:.4f}")

os.makedirs("outputs", exist_ok=True)
joblib.dump(model, "outputs/model.pkl")

plt.plot(range(1, args.epochs + 1), accuracies)
plt.xlabel("epoch")
plt.ylabel("accuracy on held-out digits")
plt.savefig("outputs/accuracy.png")
