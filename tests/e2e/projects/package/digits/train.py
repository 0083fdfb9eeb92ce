import os
import sys

from . import model


def main():
    print(__name__, __package__, sys.argv[1:], model.RATE)
    os.makedirs("checkpoints", exist_ok=True)
    with open("checkpoints/last.txt", "w") as file:
        file.write(str(model.RATE))
    return 5


if __name__ == "__main__":
    sys.exit(main())
