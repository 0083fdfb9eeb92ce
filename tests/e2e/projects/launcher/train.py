import os
import sys

rank = int(os.environ["RANK"])
os.makedirs("ranks", exist_ok=True)
with open(f"ranks/{rank}.txt", "w") as file:
    file.write(os.environ["WORLD_SIZE"])
print("world", os.environ["WORLD_SIZE"], sys.argv[1:])
sys.exit(3 if rank == 1 else 0)
