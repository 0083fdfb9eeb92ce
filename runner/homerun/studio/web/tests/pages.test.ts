import { beforeEach, expect, test, vi } from "vitest";
import { RunPages } from "../src/table/pages";

const waiting: ((total: number) => void)[] = [];
vi.mock("../src/server/api", () => ({
  get: () =>
    new Promise((told) => {
      waiting.push((total) => told({ runs: [], total, groups: null, unread: null }));
    }),
}));

beforeEach(() => void waiting.splice(0));

const settled = (): Promise<void> => new Promise((told) => setTimeout(told));

test("an answer that takes longer than the next news is shown, and the page is read once more", async () => {
  const pages = new RunPages({}, false);
  pages.need(0, 10);
  pages.refresh(0, 10);
  pages.refresh(0, 10);
  expect(waiting).toHaveLength(1);

  waiting[0]?.(7);
  await settled();

  expect(pages.total.value).toBe(7);
  expect(waiting).toHaveLength(2);
  waiting[1]?.(8);
  await settled();
  expect(pages.total.value).toBe(8);
  expect(waiting).toHaveLength(2);
});
