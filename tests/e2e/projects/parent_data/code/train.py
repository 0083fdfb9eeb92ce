from pathlib import Path

total = sum(map(int, Path("../data/numbers.txt").read_text().split()))
print("sum", total)
Path("sum.txt").write_text(str(total))
