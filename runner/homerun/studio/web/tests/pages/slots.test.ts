import { expect, test } from "vitest";
import { activeWord, isOutside, slotsWord } from "../../src/pages/slots";

test.each([
  [2, 0, "0 of 2 slots busy"],
  [1, 1, "1 of 1 slot busy"],
  [0, 0, "its engine has the slots"],
  [null, 0, "no such target"],
])("%s slots, %s of them busy, are told as %j", (slots, busy, words) => {
  expect(slotsWord({ slots, busy })).toBe(words);
});

test.each([
  [2, 0, 1, "1 run active, outside the slots"],
  [2, 1, 3, "3 runs active"],
  [2, 2, 1, "1 run active"],
  [0, 0, 2, "2 runs active"],
  [null, 0, 2, "2 runs active"],
])("of %s slots %s are busy, and that no run takes one is told: %s are active", (slots, busy, active, words) => {
  expect(activeWord({ slots, busy }, active)).toBe(words);
  expect(isOutside({ slots, busy }, active)).toBe(words.includes("outside"));
});
