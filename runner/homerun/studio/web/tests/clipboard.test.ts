// @vitest-environment happy-dom
import { afterEach, expect, it, vi } from "vitest";
import { copy } from "../src/ui/clipboard";

const say = vi.hoisted(() => vi.fn());
vi.mock("../src/ui/dialog", () => ({ say }));
const plain = navigator.clipboard;

const have = (clipboard: unknown): void => void Object.defineProperty(navigator, "clipboard", { value: clipboard, configurable: true });

afterEach(() => {
  have(plain);
  say.mockClear();
});

it.each([
  ["has no clipboard", undefined],
  ["refuses", { writeText: () => Promise.reject(new Error("no")) }],
])("A page that %s says where the text is", async (_, clipboard) => {
  have(clipboard);
  await copy("run_1");
  expect(say.mock.calls).toEqual([["The browser does not let this page copy: take it from here: run_1", true]]);
});

it("What was copied is said", async () => {
  const writeText = vi.fn(() => Promise.resolve());
  have({ writeText });
  await copy("run_1");
  expect([writeText.mock.calls, say.mock.calls]).toEqual([[["run_1"]], [["Copied to the clipboard."]]]);
});
