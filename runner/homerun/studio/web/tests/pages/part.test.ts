import { describe, expect, it } from "vitest";
import { pushed, scaled, WHOLE } from "../../src/pages/compare/part";

/** What of the image lies at a spot of its frame. */
const seenAt = ({ scale, x, y }: typeof WHOLE, spot: { x: number; y: number }) => [x + (spot.x - 0.5) / scale, y + (spot.y - 0.5) / scale];

describe("the part of an image that is shown", () => {
  it("keeps what is under the pointer where it is", () => {
    const spot = { x: 0.25, y: 0.8 };
    const near = scaled(WHOLE, 4, spot);
    expect(near.scale).toBe(4);
    expect(seenAt(near, spot)[0]).toBeCloseTo(0.25);
    expect(seenAt(near, spot)[1]).toBeCloseTo(0.8);
    const other = { x: 0.6, y: 0.4 };
    const before = seenAt(near, other);
    expect(seenAt(scaled(near, 1.5, other), other)[0]).toBeCloseTo(before[0] ?? 0);
    expect(scaled(near, 0.25, spot)).toEqual(WHOLE);
  });

  it("follows what it is pushed by, and shows nothing beside the image", () => {
    const near = scaled(WHOLE, 2);
    expect(pushed(near, { x: 0.5, y: -0.1 })).toEqual({ scale: 2, x: 0.25, y: 0.55 });
    expect(pushed(near, { x: 9, y: -9 })).toEqual({ scale: 2, x: 0.25, y: 0.75 });
    expect(pushed(WHOLE, { x: 0.3, y: 0.3 })).toEqual(WHOLE);
  });

  it("is neither smaller than the whole nor larger than that pixels are seen", () => {
    expect(scaled(WHOLE, 0.1)).toEqual(WHOLE);
    expect(scaled(WHOLE, 1e6).scale).toBe(32);
  });
});
