/** How lines are told apart: by ten colours that colour-blind people tell apart too, and then by their dashes. */

export interface Paint {
  /** The token of its colour. */
  token: string;
  /** Lengths of its dashes and gaps, in CSS pixels; []: it is whole. */
  dash: readonly number[];
}

export const HUES = 10;
const DASHES: readonly (readonly number[])[] = [[], [7, 3], [2, 3], [9, 3, 2, 3], [4, 2], [12, 4], [1, 4], [9, 2, 2, 2, 2, 2]];

/** How many steps a scale of colours has. */
export const SHADES = 12;
/** The look of a line of which is not known what the others are coloured by. */
export const UNKNOWN: Paint = { token: "--dim", dash: [1, 4] };

/** The look of a run that has a line of its own beside those of groups: none of theirs. */
export const BESIDE: Paint = { token: "--ink", dash: [] };

/** The look of a line by where a number lies on a scale, from 0 to 1: the further, the more it stands out from dark to light. */
export const shadeOf = (share: number): Paint => ({ token: `--shade-${1 + Math.round(share * (SHADES - 1))}`, dash: [] });

/** The look of the line with a number, counted from 0. */
export function paintOf(number: number): Paint {
  return { token: `--line-${(number % HUES) + 1}`, dash: DASHES[Math.floor(number / HUES) % DASHES.length] ?? [] };
}
