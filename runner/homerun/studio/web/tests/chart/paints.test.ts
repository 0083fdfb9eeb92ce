import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { HUES, SHADES } from "../../src/chart/curve/paints";

type Three = [number, number, number];

/** What people with all cones see, and those without the long or the middle ones (Machado and others, 2009), in linear light. */
const EYES: Record<string, Three[]> = {
  all: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protan: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deutan: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
};

const tokens = readFileSync("src/style/tokens.css", "utf8");

function pair(name: string): [string, string] {
  const found = new RegExp(`--${name}: light-dark\\((#[0-9a-f]{6}), (#[0-9a-f]{6})\\);`).exec(tokens);
  if (!found?.[1] || !found[2]) throw new Error(`no token ${name}`);
  return [found[1], found[2]];
}

function linear(hex: string): Three {
  return [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as Three;
}

const sum = (weights: Three, of: Three): number => weights.reduce((all, weight, at) => all + weight * (of[at] ?? 0), 0);
const times = (rows: Three[], of: Three): Three => rows.map((row) => sum(row, of)) as Three;

/** Where a colour lies in OKLab, in which distances are what is seen. */
function place(of: Three): Three {
  const cones = times(
    [
      [0.4122214708, 0.5363325363, 0.0514459929],
      [0.2119034982, 0.6806995451, 0.1073969566],
      [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    of.map((part) => Math.min(1, Math.max(0, part))) as Three,
  ).map(Math.cbrt) as Three;
  return times(
    [
      [0.2104542553, 0.793617785, -0.0040720468],
      [1.9779984951, -2.428592205, 0.4505937099],
      [0.0259040371, 0.7827717662, -0.808675766],
    ],
    cones,
  );
}

const luminance = (hex: string): number => sum([0.2126, 0.7152, 0.0722], linear(hex));
const contrast = (one: string, other: string): number => {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (high + 0.05) / (low + 0.05);
};

describe.each([
  ["light", 0],
  ["dark", 1],
] as const)("the colours of lines, %s", (_, theme) => {
  const colours = Array.from({ length: HUES }, (_, at) => pair(`line-${at + 1}`)[theme]);

  it.each(Object.keys(EYES))("are told apart by eyes with these cones: %s", (eyes) => {
    const places = colours.map((hex) => place(times(EYES[eyes] ?? [], linear(hex))));
    const apart = places.flatMap((one, at) => places.slice(0, at).map((other) => Math.hypot(...one.map((part, axis) => part - (other[axis] ?? 0)))));
    expect(Math.min(...apart)).toBeGreaterThan(0.09);
  });

  it("stand out from the page", () => {
    expect(Math.min(...colours.map((hex) => contrast(hex, pair("page")[theme])))).toBeGreaterThan(3);
  });
});

describe.each([
  ["light", 0],
  ["dark", 1],
] as const)("the scale of colours, %s", (_, theme) => {
  const shades = Array.from({ length: SHADES }, (_, at) => pair(`shade-${at + 1}`)[theme]);

  it.each(Object.keys(EYES))("goes from dark to light step by step for eyes with these cones: %s", (eyes) => {
    const lights = shades.map((hex) => place(times(EYES[eyes] ?? [], linear(hex)))[0]);
    const steps = lights.slice(1).map((one, at) => one - (lights[at] ?? 0));
    expect(Math.min(...steps)).toBeGreaterThan(0.015);
  });

  it("stands out from the page", () => {
    expect(Math.min(...shades.map((hex) => contrast(hex, pair("page")[theme])))).toBeGreaterThan(3);
  });
});
