// @vitest-environment happy-dom
import { h, render } from "preact";
import { afterEach, describe, expect, it } from "vitest";
import { type Key, useKeys } from "../src/ui/keys";

const done: string[] = [];
const key = (keys: string): Key => ({ keys, does: keys, run: () => void done.push(keys) });

function Page({ keys, isReady = true }: { keys: Key[]; isReady?: boolean }) {
  useKeys("Page", keys, isReady);
  return h("input", {});
}

const show = (keys: Key[], isReady = true): void => render(h(Page, { keys, isReady }), document.body);

/** @returns whether the page has taken it */
function press(name: string, more: KeyboardEventInit = {}, target: EventTarget = document.body): boolean {
  return !target.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true, ...more }));
}

afterEach(() => {
  render(null, document.body);
  done.length = 0;
});

describe("keys", () => {
  it("act alone and one after the other", () => {
    show([key("r"), key("g r")]);
    press("g");
    press("r");
    press("r");
    expect(done).toEqual(["g r", "r"]);
  });

  it("are the browser's with Control, in a field, and on a button", () => {
    show([key("r"), key("Enter")]);
    const button = document.body.appendChild(document.createElement("button"));
    expect([press("r", { ctrlKey: true }), press("r", {}, document.querySelector("input") ?? window), press("Enter", {}, button)]).toEqual([
      false,
      false,
      false,
    ]);
    expect(done).toEqual([]);
    expect(press("r")).toBe(true);
    button.remove();
  });

  it("that come before the page is ready act in their order once it is", async () => {
    show([key("a"), key("b")], false);
    press("a");
    press("b");
    expect(done).toEqual([]);
    show([key("a"), key("b")], true);
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(done).toEqual(["a", "b"]);
  });

  it("that were held are dropped when the user does something else first", async () => {
    show([key("a")], false);
    press("a");
    window.dispatchEvent(new Event("pointerdown"));
    show([key("a")], true);
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(done).toEqual([]);
  });

  it("of a page that is gone do nothing", () => {
    show([key("a")]);
    render(null, document.body);
    expect(press("a")).toBe(false);
  });
});
