import sys

import digits

print(digits.fit([1, 2]), digits.__file__)
print(sys.path[0])
open("result.txt", "w").write("done")
