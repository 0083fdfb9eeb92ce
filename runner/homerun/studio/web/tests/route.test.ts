// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from "vitest";
import { adjust, go, here, href, later, parameters, place, recallStep, rememberStep, runHref, turn } from "../src/route";

beforeEach(() => go("#/experiments"));

describe("a place", () => {
  it("is written and read back, whatever is in it", () => {
    const odd = ["run", "a/b ü%?#&", "code"];
    go(href(odd, { file: "x y&z=1/ü", where: ["a = 1", "b ~ ü"] }));
    expect(place.value.path).toEqual(odd);
    expect(place.value.query.get("file")).toBe("x y&z=1/ü");
    expect(place.value.query.getAll("where")).toEqual(["a = 1", "b ~ ü"]);
  });

  it("leaves out what is not said", () => {
    expect(parameters({ a: null, b: undefined, c: "", d: 0, e: false, f: [] })).toBe("d=0&e=false");
    expect([runHref("r"), runHref("r", "logs", { line: 3 })]).toEqual(["#/run/r", "#/run/r/logs?line=3"]);
  });

  it("that cannot be decoded is taken as it is", () => {
    go("#/run/100%");
    expect(place.value.path).toEqual(["run", "100%"]);
  });

  it("is changed with or without a step in the history, and the rest of it stays", () => {
    go("#/runs?experiment=e&where=a&where=b");
    const before = history.length;
    adjust({ sort: "loss" });
    expect([history.length, place.value.query.getAll("where"), place.value.query.get("sort")]).toEqual([before, ["a", "b"], "loss"]);
    turn({ where: null });
    expect([history.length, location.hash]).toEqual([before + 1, "#/runs?experiment=e&sort=loss"]);
  });

  it("that is shown in another way keeps what is selected, and begins at its top", () => {
    go("#/runs?sel=some");
    rememberStep("selection", { ids: ["a", "b"] });
    rememberStep("scroll", [100, 0]);
    turn({ sort: "loss" });
    expect([recallStep("selection"), recallStep("scroll")]).toEqual([{ ids: ["a", "b"] }, undefined]);
    go("#/runs");
    turn({ sort: "loss" });
    expect(recallStep("selection")).toBeUndefined();
  });

  it("is linked to with something else said, and the rest of it stays, also what is said several times", () => {
    go("#/compare?ids=a%2Cb&pin=loss&pin=cost&tab=bars");
    expect(here({ tab: "code" })).toBe("#/compare?ids=a%2Cb&pin=loss&pin=cost&tab=code");
    expect(here({ tab: null })).toBe("#/compare?ids=a%2Cb&pin=loss&pin=cost");
  });

  it("that is known later is not gone to when the user is elsewhere by then", () => {
    const first = later();
    first("#/run/one");
    expect(place.value.path).toEqual(["run", "one"]);
    const second = later();
    go("#/targets");
    second("#/run/two");
    expect(place.value.path).toEqual(["targets"]);
  });
});
