import argparse
import csv
import json

from model import Mean

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=1)
args = parser.parse_args()

with open("data.csv") as file:
    values = [float(row["value"]) for row in csv.DictReader(file)]
model = Mean()
for epoch in range(args.epochs):
    print(f"epoch {epoch}: {model.fit(values):.3f}")
with open("model.json", "w") as file:
    json.dump({"mean": model.mean}, file)
