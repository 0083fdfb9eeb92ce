import { beforeEach, expect, test, vi } from "vitest";
import { isElsewhere, isSelected, left, NONE, type Selection, sizeOf, toggled } from "../src/table/selection";
import type { RunRow } from "../src/types";

vi.mock("../src/server/api", () => ({ get: vi.fn() }));

import { get } from "../src/server/api";

const ask = vi.mocked(get) as unknown as ReturnType<typeof vi.fn>;
const UNTIL = "2026-07-01T10:00:00.000000+00:00 b";
const all = { experiment: "e", where: ["status = Failed"], children: false, total: 300, until: UNTIL };
const run = (id: string, created: string): RunRow => ({ id, created: `2026-07-01T${created}.000000Z` }) as unknown as RunRow;

beforeEach(() => void ask.mockReset());

test("what is left of all is asked from the same place on, and what was left out and is none of it does not count", async () => {
  ask.mockImplementation(async (_, query: { where: string[]; ids?: string[] }) => ({
    total: query.ids ? 1 : query.where.length > 1 ? 7 : 290,
    until: "other",
  }));

  const found = await left(all, ["x", "y"], ["status in (Running)"]);

  expect(found).toEqual({ meant: { ...all, where: ["status = Failed", "status in (Running)"], total: 7 }, size: 6 });
  expect(ask.mock.calls.map(([, query]) => query.until)).toEqual([UNTIL, UNTIL, UNTIL]);
  expect(ask.mock.calls.at(-1)?.[1]).toMatchObject({ ids: ["x", "y"], where: ["status = Failed", "status in (Running)"] });
});

test("more than was selected is never what is left", async () => {
  ask.mockResolvedValue({ total: 301, until: UNTIL });

  await expect(left(all, [])).rejects.toThrow("301 runs match by now, and 300 were selected");
});

test("a run that is newer than all is not selected, and no choice makes it one of them", () => {
  const chosen: Selection = { runs: new Map(), all };
  const [older, same, newer] = [run("z", "09:59:59"), run("b", "10:00:00"), run("c", "10:00:00")];

  expect([older, same, newer].map((one) => isSelected(chosen, one))).toEqual([true, true, false]);
  const next = toggled(chosen, newer);
  expect([isSelected(next, newer), sizeOf(next)]).toEqual([false, 300]);
  expect([isSelected(toggled(chosen, older), older), sizeOf(toggled(chosen, older))]).toEqual([false, 299]);
});

test("all is of one filter, whatever its order", () => {
  const chosen: Selection = { runs: new Map(), all };

  expect(isElsewhere(chosen, { experiment: "e", where: ["status = Failed"], children: false })).toBe(false);
  expect(isElsewhere(chosen, { experiment: "e", where: [], children: false })).toBe(true);
  expect(isElsewhere(chosen, { experiment: null, where: ["status = Failed"] })).toBe(true);
  expect(isElsewhere(NONE, { experiment: "e", where: [] })).toBe(false);
});
