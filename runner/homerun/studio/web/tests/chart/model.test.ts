// @vitest-environment happy-dom
import { describe, expect, it } from "vitest";
import { addressOf, axisOver, carried, halves, matcher, overAxis, PLAIN, type Spec, sectionsOf, specOf, toggled, withChart } from "../../src/chart/model";
import { parameters } from "../../src/route";

const through = (spec: Spec): Spec => specOf(new URLSearchParams(parameters(addressOf(spec))));
const NOTHING = specOf(new URLSearchParams());

describe("the settings of charts", () => {
  it("are none where an address says nothing, and make no address then", () => {
    expect(parameters(addressOf(NOTHING))).toBe("");
    expect(NOTHING.charts).toEqual({});
  });

  it("come back from the address whole", () => {
    const spec: Spec = {
      axis: "metrics.tokens/seen & more",
      smoothing: "gauss:12.5",
      size: "l",
      find: "^(train|eval)/.*loss$",
      pinned: ["eval/loss", "a,b"],
      folded: ["train"],
      hidden: ["run_1"],
      colour: "params.learning rate",
      full: "eval/loss",
      charts: {
        "a~b%7E=c,d": { scale: "symlog", isLogX: true, limits: "inner", zoom: { x: [0, 1.5], y: null } },
        time: { scale: "log", isLogX: false, limits: [1e-9, 3e8], zoom: { x: [1_795_911_503.25, 1_795_911_504], y: [-2, 0] } },
      },
    };
    expect(through(spec)).toEqual(spec);
  });

  it("leave out a chart that is as all are", () => {
    expect(addressOf(withChart(NOTHING, "loss", { scale: "linear" })).chart).toEqual([]);
    expect(withChart(NOTHING, "loss", { scale: "log" }).charts.loss).toEqual({ ...PLAIN, scale: "log" });
  });

  it("go along to other charts, but no part that is looked at, no run, and nothing that was looked for", () => {
    const here = new URLSearchParams(
      "x=relative&smooth=ema:0.9&size=l&pin=loss&fold=train&metrics=los&hide=run_1&colour=tags.lr&full=loss&chart=loss~y=log~r=inner~zx=10,20&chart=cost~zy=1,2&log=a.txt",
    );
    expect(specOf(new URLSearchParams(parameters(carried(here))))).toEqual({
      ...NOTHING,
      ...{ axis: "relative", smoothing: "ema:0.9", size: "l", pinned: ["loss"], folded: ["train"] },
      charts: { loss: { ...PLAIN, scale: "log", limits: "inner" } },
    });
    expect(parameters(carried(here))).not.toContain("log=");
  });

  it("have the axis that was chosen elsewhere where they can have it", () => {
    expect(axisOver("time", "step", [], false)).toBe("time");
    expect(axisOver("metrics.tokens", "step", ["loss", "tokens"], false)).toBe("metrics.tokens");
    expect(axisOver("metrics.tokens", "relative", ["cpu_percent"], true)).toBe("relative");
    expect(axisOver("step", "relative", ["cpu_percent"], true)).toBe("relative");
    expect(axisOver("", "relative", [], true)).toBe("relative");
  });

  it("show all across once the axis is another one, since a part is in what the former axis said", () => {
    const spec = specOf(new URLSearchParams("chart=loss~y=log~zx=10,20~zy=0,1&chart=cost~zx=10,20&pin=loss"));
    const over = overAxis(spec, "relative");
    expect(over.charts).toEqual({ loss: { ...PLAIN, scale: "log", zoom: { x: null, y: [0, 1] } }, cost: PLAIN });
    expect([over.axis, over.pinned]).toEqual(["relative", ["loss"]]);
  });

  it.each(["x=steps", "smooth=ema:x", "smooth=median:3", "size=xl", "chart=loss~y=cubic~r=5,1~zx=1,inf~zy=,"])("leave out what %s says wrongly", (text) => {
    const spec = specOf(new URLSearchParams(text));
    expect([spec.axis, spec.smoothing, spec.size]).toEqual(["", "", "m"]);
    expect(spec.charts.loss ?? PLAIN).toEqual(PLAIN);
  });
});

describe("metrics", () => {
  it("stand in sections by what they begin with, pinned ones on top", () => {
    const sections = sectionsOf(["train/loss", "eval/loss", "score", "train/lr", "/odd"], ["eval/loss", "gone"]);
    expect(sections).toEqual([
      { title: "Pinned", names: ["eval/loss"] },
      { title: "train", names: ["train/loss", "train/lr"] },
      { title: "Other metrics", names: ["score", "/odd"] },
    ]);
    expect(sectionsOf(["loss", "acc"], [])).toEqual([{ title: "", names: ["loss", "acc"] }]);
  });

  it("are found by a regular expression, and by a text that is none", () => {
    const names = ["train/loss", "eval/loss", "acc(1)"];
    expect(names.filter(matcher("^train|ACC"))).toEqual(["train/loss", "acc(1)"]);
    expect(names.filter(matcher("acc(1"))).toEqual(["acc(1)"]);
    expect(names.filter(matcher(" "))).toEqual(names);
  });

  it("have a name that can be cut in the middle", () => {
    expect(halves("eval/loss")).toEqual(["eval/loss", ""]);
    const [start, end] = halves("eval/a_very_long_name/accuracy_top_5");
    expect(start + end).toBe("eval/a_very_long_name/accuracy_top_5");
    expect(end).toBe("e/accuracy_top_5");
  });
});

it("a list has a word, or has it no more", () => {
  expect(toggled(["a"], "b")).toEqual(["a", "b"]);
  expect(toggled(["a", "b"], "a")).toEqual(["b"]);
});
