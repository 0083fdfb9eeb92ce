// @vitest-environment happy-dom
import { expect, it } from "vitest";
import { imagesOf } from "../../src/pages/run/media/images";

it("The file and the step of an image are of one point, also where there are more points than files", () => {
  const points = ["a.png", "b.png", "only text", "c.png"].map((value, at) => ({ value, step: at === 1 ? null : at * 10, time: at }));
  expect(imagesOf(points, ["b.png", "c.png"], 500)).toEqual([
    { file: "b.png", step: null, number: 501 },
    { file: "c.png", step: 30, number: 503 },
  ]);
});
