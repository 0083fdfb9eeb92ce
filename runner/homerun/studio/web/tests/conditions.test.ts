import { describe, expect, it } from "vitest";
import { condition, fieldWritten, flipped, hasValue, valueWritten, withValue } from "../src/table/filter/conditions";

describe("a value in the filter", () => {
  it("is added, joins others of its field, and goes again", () => {
    const one = withValue([], "status", "Failed");
    expect(one).toEqual(["status = Failed"]);
    const two = withValue(["tags.a", ...one], "status", "Running");
    expect(two).toEqual(["tags.a", "status in (Failed, Running)"]);
    expect(hasValue(two, "status", "Failed")).toBe(true);
    expect(withValue(two, "status", "Failed")).toEqual(["tags.a", "status = Running"]);
    expect(withValue(one, "status", "Failed")).toEqual([]);
  });

  it("leaves alone what compares otherwise", () => {
    expect(withValue(["params.lr > 0.1"], "params.lr", "0.5")).toEqual(["params.lr > 0.1", "params.lr = 0.5"]);
  });

  it("is written so that it is read as it is", () => {
    expect(valueWritten("a b")).toBe('"a b"');
    expect(valueWritten('say "x", y')).toBe("'say \"x\", y'");
    expect(valueWritten("in")).toBe('"in"');
    expect(valueWritten("0.1")).toBe("0.1");
    expect(fieldWritten("tags.a b")).toBe('tags."a b"');
    expect(fieldWritten("params.lr")).toBe("params.lr");
    expect(withValue(withValue([], "tags.a", '"x, y"'), "tags.a", "z")).toEqual(['tags.a in ("x, y", z)']);
  });

  it("is there or not", () => {
    expect(flipped(flipped(["a"], "b"), "b")).toEqual(["a"]);
  });
});

describe("what is typed into the filter", () => {
  it.each([
    "status in (Failed, Running)",
    "status not in (Failed)",
    "status IN(Failed)",
    'tags."a b" in ("x, y", z)',
    "(status = Failed or tags.best)",
    "(tags.best)",
    "metrics.loss<0.1",
  ])("is a condition as it stands: %s", (text) => {
    expect(condition(text, [])).toBe(text);
  });

  it.each(["adam", "trained in a hurry", "made here in (Paris)"])("is looked for anywhere where it is words: %s", (text) => {
    expect(condition(text, [])).toBe(`text ~ ${text}`);
  });

  it("goes through unchanged where a click on values has written it", () => {
    const odd = ["Failed", "a b", "x, y", "in", 'say "x"', "it's (so)", "0.1", "ü"];
    for (const field of ["status", "tags.a", "tags.a b", "params.x/y", "properties.it's"]) {
      let where: string[] = [];
      for (const value of odd) {
        where = withValue(where, fieldWritten(field), valueWritten(value));
        expect(where.map((one) => condition(one, []))).toEqual(where);
      }
      expect(where).toHaveLength(1);
      for (const value of odd) {
        expect(hasValue(where, fieldWritten(field), valueWritten(value))).toBe(true);
        where = withValue(where, fieldWritten(field), valueWritten(value));
        expect(where.map((one) => condition(one, []))).toEqual(where);
      }
      expect(where).toEqual([]);
    }
  });
});
