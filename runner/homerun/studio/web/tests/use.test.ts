// @vitest-environment happy-dom
import { h, render } from "preact";
import { act } from "preact/test-utils";
import { beforeEach, expect, it } from "vitest";
import { useLoaded } from "../src/use";

interface Question {
  answer: (text: string) => Promise<void>;
  refuse: () => Promise<void>;
}

const asked: Question[] = [];
const shown: string[] = [];

/** What is asked about stands above what is answered. */
function Part({ about, round = 0 }: { about: string; round?: number }) {
  const loaded = useLoaded(
    () =>
      new Promise<string>((resolve, reject) => {
        asked.push({ answer: (text) => act(async () => resolve(text)), refuse: () => act(async () => reject(new Error("refused"))) });
      }),
    [about],
    [round],
  );
  shown.push(`${about}: ${loaded.data ?? loaded.error?.message ?? "…"}`);
  return null;
}

const show = (about: string, round = 0): Promise<void> => act(() => render(h(Part, { about, round }), document.body));

beforeEach(() => {
  render(null, document.body);
  asked.length = 0;
  shown.length = 0;
});

it("An answer is never shown under another question, not even for one drawing", async () => {
  await show("a");
  await asked[0]?.answer("of a");
  await show("b");
  await asked[1]?.refuse();
  await show("c");
  await asked[2]?.answer("of c");
  expect([...new Set(shown)]).toEqual(["a: …", "a: of a", "b: …", "b: refused", "c: …", "c: of c"]);
});

it("The former answer stays while the same is asked again", async () => {
  await show("a");
  await asked[0]?.answer("of a");
  await show("a", 1);
  await asked[1]?.refuse();
  await asked[0]?.answer("late");
  expect([...new Set(shown)]).toEqual(["a: …", "a: of a"]);
});
