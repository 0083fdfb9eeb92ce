/** Which part of an image is shown: the same of all images of a grid, whatever their sizes. */

export interface Part {
  /** How many times as large as the whole it is drawn. */
  scale: number;
  /** Its middle, in shares of the image. */
  x: number;
  y: number;
}

/** A place in the frame of an image, or a way through it, in shares of its width and height. */
export interface Spot {
  x: number;
  y: number;
}

export const WHOLE: Part = { scale: 1, x: 0.5, y: 0.5 };
const MIDDLE: Spot = { x: 0.5, y: 0.5 };
const MOST = 32;

const between = (least: number, value: number, most: number): number => Math.min(most, Math.max(least, value));

/** Nothing beside the image is shown. */
function within({ scale, x, y }: Part): Part {
  const room = 0.5 / scale;
  return { scale, x: between(room, x, 1 - room), y: between(room, y, 1 - room) };
}

/** It larger, or smaller; what lies at the spot stays there. */
export function scaled({ scale, x, y }: Part, factor: number, at: Spot = MIDDLE): Part {
  const next = between(1, scale * factor, MOST);
  const stays = (middle: number, spot: number): number => middle + (spot - 0.5) * (1 / scale - 1 / next);
  return within({ scale: next, x: stays(x, at.x), y: stays(y, at.y) });
}

/** It after the image was pushed so far through its frame. */
export const pushed = ({ scale, x, y }: Part, by: Spot): Part => within({ scale, x: x - by.x / scale, y: y - by.y / scale });
