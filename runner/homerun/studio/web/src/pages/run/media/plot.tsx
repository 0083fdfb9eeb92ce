/** A small plot that stands still: lines, dots and bars over two axes. */

import "./plot.css";
import { figure } from "../../../format";
import { type Bins, type Dots, ticks } from "./numbers";

export interface Line extends Dots {
  name: string;
  isDashed?: boolean;
  /** Only its points, each with as much above and below it. */
  errors?: number[];
}

interface Props {
  title: string;
  x: string;
  y: string;
  lines?: Line[];
  bars?: Bins;
  /** The least and the greatest of both axes; else what there is. */
  isUnit?: boolean;
}

const [WIDTH, HEIGHT] = [480, 280];
const [LEFT, RIGHT, TOP, BOTTOM] = [60, 12, 10, 40];
const COLOURS = 8;

export function Plot({ title, x, y, lines = [], bars, isUnit = false }: Props) {
  const tall = lines.flatMap((one) => one.y.flatMap((value, at) => [value - (one.errors?.[at] ?? 0), value + (one.errors?.[at] ?? 0)]));
  const [left, right] = isUnit ? [0, 1] : extent([...lines.flatMap((one) => one.x), ...(bars?.edges ?? [])]);
  const [low, high] = isUnit ? [0, 1] : extent([...tall, ...(bars ? [0, ...bars.counts] : [])]);
  const px = (value: number): number => LEFT + ((value - left) / (right - left)) * (WIDTH - LEFT - RIGHT);
  const py = (value: number): number => HEIGHT - BOTTOM - ((value - low) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  return (
    <div>
      <svg class="plot" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={title}>
        <title>{title}</title>
        {ticks(low, high, 5).map((one) => (
          <g key={one}>
            <line class="plot-grid" x1={LEFT} x2={WIDTH - RIGHT} y1={py(one)} y2={py(one)} />
            <text x={LEFT - 6} y={py(one) + 4} text-anchor="end">
              {figure(one, 4)}
            </text>
          </g>
        ))}
        {ticks(left, right, 6).map((one) => (
          <text key={one} x={px(one)} y={HEIGHT - BOTTOM + 16} text-anchor="middle">
            {figure(one, 4)}
          </text>
        ))}
        <text x={(LEFT + WIDTH - RIGHT) / 2} y={HEIGHT - 6} text-anchor="middle">
          {x}
        </text>
        <text x={-(TOP + HEIGHT - BOTTOM) / 2} y={12} text-anchor="middle" transform="rotate(-90)">
          {y}
        </text>
        {bars?.counts.map((count, at) => {
          const [from, to] = [px(bars.edges[at] ?? 0), px(bars.edges[at + 1] ?? 0)];
          return (
            <rect key={at} class="plot-bar" x={from} width={Math.max(0.5, to - from - 1)} y={py(count)} height={Math.max(0, py(0) - py(count))}>
              <title>{`${figure(bars.edges[at])} to ${figure(bars.edges[at + 1])}: ${figure(count)}`}</title>
            </rect>
          );
        })}
        {lines.map((one, at) => (
          <g key={one.name} class={`plot-line is-${(at % COLOURS) + 1} ${one.isDashed ? "is-dashed" : ""}`}>
            {!one.errors && <polyline points={one.x.map((value, place) => `${px(value)},${py(one.y[place] ?? 0)}`).join(" ")} />}
            {(one.errors || one.x.length < 60) &&
              !one.isDashed &&
              one.x.map((value, place) => {
                const [middle, error] = [one.y[place] ?? 0, one.errors?.[place] ?? 0];
                return (
                  <g key={place}>
                    {error > 0 && <line x1={px(value)} x2={px(value)} y1={py(middle - error)} y2={py(middle + error)} />}
                    <circle cx={px(value)} cy={py(middle)} r={2.5}>
                      <title>{`${one.name}: ${figure(value)}, ${figure(middle)}${error ? ` ± ${figure(error)}` : ""}`}</title>
                    </circle>
                  </g>
                );
              })}
          </g>
        ))}
      </svg>
      {lines.length > 1 && (
        <p class="plot-legend">
          {lines.map((one, at) => (
            <span key={one.name} class={`is-${(at % COLOURS) + 1} ${one.isDashed ? "is-dashed" : ""}`}>
              {one.name}
            </span>
          ))}
        </p>
      )}
    </div>
  );
}

/** A little more than what there is, so that nothing lies on the edge; of equal values something around them. */
function extent(values: number[]): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const one of values) if (Number.isFinite(one)) [low, high] = [Math.min(low, one), Math.max(high, one)];
  if (low > high) return [0, 1];
  return low === high ? [low - 0.5, high + 0.5] : [low, high];
}
