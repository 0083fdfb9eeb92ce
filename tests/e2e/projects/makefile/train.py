import sys

text = open(sys.argv[1]).read()
print(text, end="", flush=True)
open("model.txt", "w").write(text[::-1])
sys.exit(len(text) % 7)
