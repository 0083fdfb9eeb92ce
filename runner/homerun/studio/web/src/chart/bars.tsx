/** A metric that each run has logged once: a bar for each, the greatest on top. */

import { figure } from "../format";
import type { Line } from "./chart";

interface Props {
  lines: readonly Line[];
  title: string;
  height: number;
  say?: (value: unknown) => string;
}

export interface Bar {
  line: Line;
  value: number;
  /** In percent of the room: where 0 is, or where it begins, and how long it is. */
  left: number;
  width: number;
}

/** Bars from 0 on, also to the left of it; NaN and infinities have none. */
export function barsOf(lines: readonly Line[]): Bar[] {
  const known = lines.flatMap((line) => {
    const value = line.strokes.at(-1)?.mean.findLast((one) => one !== null);
    return typeof value === "number" ? [{ line, value }] : [];
  });
  const [low, high] = [Math.min(0, ...known.map((one) => one.value)), Math.max(0, ...known.map((one) => one.value))];
  const room = high - low || 1;
  return known
    .sort((one, other) => other.value - one.value)
    .map(({ line, value }) => ({ line, value, left: (100 * (Math.min(0, value) - low)) / room, width: (100 * Math.abs(value)) / room }));
}

export const isOnce = (lines: readonly Line[]): boolean => lines.length > 1 && lines.every(({ strokes }) => strokes.every(({ x }) => x.length <= 1));

export function Bars({ lines, title, height, say = figure }: Props) {
  const without = lines.length - barsOf(lines).length;
  return (
    <div class="bars" style={{ maxHeight: `${height}px` }} role="region" aria-label={title} tabIndex={0}>
      <table>
        <tbody>
          {barsOf(lines).map(({ line, value, left, width }) => (
            <tr key={line.key}>
              <th scope="row" title={line.label}>
                {line.label}
              </th>
              <td>
                <span class="bar-fill" style={{ marginLeft: `${left}%`, width: `${width}%`, background: `var(${line.paint.token})` }} />
              </td>
              <td class="number">{say(value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {without > 0 && <p class="dim">{without} without a finite number</p>}
    </div>
  );
}
