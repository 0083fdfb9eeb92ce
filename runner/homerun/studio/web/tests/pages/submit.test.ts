import { describe, expect, it } from "vitest";
import { bodyOf, codesOf, formOf, keptOf, saysMore } from "../../src/pages/submit/form";
import type { DefaultsAnswer } from "../../src/types";

const USUAL: DefaultsAnswer = {
  ...{ script: null, arguments: [], experiment: null, target: "local", source: "/lab", tags: {}, hidden: [] },
  ...{ slots: null, gpus: null, priority: null, max_retries: null, max_run_duration_seconds: null },
  ...{ interpreter: null, packages: null, variables: [], unset: [], kept: {}, code: null, targets: ["local"], experiments: [] },
};
const PAST: DefaultsAnswer = {
  ...USUAL,
  ...{ script: "train.py", experiment: "e", arguments: ["--name", "two words"], slots: 2, max_run_duration_seconds: 90, interpreter: "/usr/bin/python3" },
  code: { snapshot: "51abd4c0ffee", is_source_there: true, changed: 3 },
  kept: { retry_on: '["exit:75", "signal"]', stop_signals: '[["INT", 5]]', grace_s: "3.0" },
};

describe("the form for a new run", () => {
  it("says nothing that was not said", () => {
    const form = { ...formOf(USUAL), experiment: " e ", script: "train.py" };
    expect(saysMore(form, USUAL)).toBe(false);
    expect(bodyOf(form, USUAL, null)).toEqual({ experiment: "e", source: "/lab", script: "train.py", arguments: [], target: "local", tags: {} });
    expect(bodyOf({ ...form, slots: "2", minutes: "1.5", python: "py" }, USUAL, null)).toMatchObject({
      ...{ slots: 2, max_run_duration_seconds: 90, interpreter: "py" },
    });
  });

  it("of a past run begins with what it had, and says what becomes as usual", () => {
    const form = formOf(PAST);
    expect(form).toMatchObject({ arguments: "--name 'two words'", slots: "2", minutes: "1.5", python: "/usr/bin/python3", code: "snapshot" });
    expect(saysMore(form, PAST)).toBe(true);
    const sent = bodyOf({ ...form, slots: "" }, PAST, "e_1");
    expect(sent).toMatchObject({ former: "e_1", code: "snapshot", slots: null, gpus: null, max_run_duration_seconds: 90 });
    expect(sent).not.toHaveProperty("interpreter");
    expect(bodyOf({ ...form, python: "", variables: "A=1 B='x y'" }, PAST, "e_1")).toMatchObject({
      ...{ interpreter: null, environment_variables: { A: "1", B: "x y" } },
    });
  });

  it("keeps the packages of a past run unless others are wanted", () => {
    const packed = { ...PAST, interpreter: null, packages: "deps" };
    const form = formOf(packed);
    expect(form.environment).toBe("kept");
    expect(bodyOf(form, packed, "e_1")).not.toHaveProperty("interpreter");
    expect(bodyOf({ ...form, environment: "other", python: "py" }, packed, "e_1")).toMatchObject({ interpreter: "py" });
  });

  it("says which code there is, and what else stays", () => {
    expect(codesOf(PAST)).toEqual({ snapshot: "as it was (snapshot 51abd4)", now: "as it is now (3 files differ)" });
    const gone = { ...PAST, code: { snapshot: null, is_source_there: false, changed: null } };
    expect(codesOf(gone)).toEqual({ snapshot: "as it was (its snapshot is gone)", now: "as it is now (its folder is gone)" });
    expect(formOf(gone).code).toBe("now");
    expect(keptOf(PAST)).toEqual(["retry_on exit:75, signal", "stop_signals INT, 5", "grace_s 3"]);
  });
});
