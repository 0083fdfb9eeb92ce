import { describe, expect, it } from "vitest";
import type { LogLine } from "../../src/log/text";
import { lastTraceback } from "../../src/pages/run/overview/traceback";

const ID = "deep_1_ab";
const log = (text: string): LogLine[] => {
  let at = 0;
  return text.split("\n").map((line, number) => {
    const one = { text: line, at, number: number + 1 };
    at += line.length + 1;
    return one;
  });
};

const PLAIN = `reading
Traceback (most recent call last):
  File "/store/deep/${ID}/work/source/deep.py", line 8, in <module>
    load("part 3")
  File "/usr/lib/python3.11/json/__init__.py", line 359, in loads
    return cls(**kw).decode(s)
           ^^^^^^^^^^^^^^^^^^^
  File "/env/lib/python3.11/site-packages/torch/nn.py", line 1, in forward
  File "/home/ann/lib/mine.py", line 2, in helper
    pass
ValueError: part 3
goes on
`;

describe("a traceback", () => {
  it("has its frames, of which the own ones are known", () => {
    const [only, ...rest] = lastTraceback(log(PLAIN), ID);
    expect(rest).toEqual([]);
    expect(only?.frames.map((one) => [one.path, one.line, one.name, one.isOwn])).toEqual([
      ["deep.py", 8, "<module>", true],
      [null, 359, "loads", false],
      [null, 1, "forward", false],
      [null, 2, "helper", true],
    ]);
    expect(only?.frames[1]?.code).toEqual(["    return cls(**kw).decode(s)", "           ^^^^^^^^^^^^^^^^^^^"]);
    expect(only?.said).toEqual(["ValueError: part 3", "goes on"]);
  });

  it("leads to its lines of the log", () => {
    const [only] = lastTraceback(log(PLAIN), ID);
    expect(PLAIN.slice(only?.at).split("\n")[0]).toBe("ValueError: part 3");
    expect(PLAIN.slice(only?.frames[0]?.at).split("\n")[0]).toContain("deep.py");
  });

  it("comes with what caused it", () => {
    const text = `${PLAIN.replace("\ngoes on", "")}
The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "a.py", line 1
    x = = 1
        ^
SyntaxError: invalid syntax`;
    const chain = lastTraceback(log(text), ID);
    expect(chain.map((one) => one.said[0])).toEqual(["ValueError: part 3", "SyntaxError: invalid syntax"]);
    expect(chain.map((one) => one.link.slice(0, 9))).toEqual(["", "The above"]);
    expect(chain[1]?.frames).toMatchObject([{ file: "a.py", line: 1, name: "", path: null, isOwn: true }]);
  });

  it("is the last of several that have nothing to do with each other", () => {
    const chain = lastTraceback(log(`${PLAIN}\n${PLAIN.replace("part 3\ngoes", "part 4\ngoes")}`), ID);
    expect(chain.map((one) => one.said[0])).toEqual(["ValueError: part 4"]);
  });

  it("is read through colours and the ranks before its lines", () => {
    const text = `[rank0]: Traceback (most recent call last):\n[rank0]:   File "a.py", line 3, in f\n[rank0]: \x1b[31mOSError\x1b[0m: no`;
    expect(lastTraceback(log(text), ID)).toMatchObject([{ frames: [{ file: "a.py", line: 3 }], said: ["OSError: no"] }]);
  });

  it.each(["", "no traceback here", "Traceback (most recent call last):"])("is not made up: %j", (text) => {
    expect(lastTraceback(log(text), ID).flatMap((one) => one.frames)).toEqual([]);
  });
});
