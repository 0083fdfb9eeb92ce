/** How lines are told apart: by ten colours that colour-blind people tell apart too, and then by their dashes. */

export interface Paint {
  /** The token of its colour. */
  token: string;
  /** Lengths of its dashes and gaps, in CSS pixels; []: it is whole. */
  dash: readonly number[];
}

export const HUES = 10;
const DASHES: readonly (readonly number[])[] = [[], [7, 3], [2, 3], [9, 3, 2, 3], [4, 2], [12, 4], [1, 4], [9, 2, 2, 2, 2, 2]];

/** The look of the line with a number, counted from 0. */
export function paintOf(number: number): Paint {
  return { token: `--line-${(number % HUES) + 1}`, dash: DASHES[Math.floor(number / HUES) % DASHES.length] ?? [] };
}
