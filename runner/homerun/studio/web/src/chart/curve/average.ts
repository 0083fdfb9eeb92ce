/** Averages, until the server has told those of all points: each place counts as so many points of its mean. */

export type Numbers = (number | null)[];

/** What there is at each place, and of how many points it is. */
export interface Places {
  mean: Numbers;
  count: readonly number[];
}

const REACH = 3;

/** The average at each place by a word as `ema:0.9`, `mean:100` or `gauss:50`. */
export function averaged(places: Places, word: string): Numbers {
  const [kind, text] = word.split(":");
  const amount = Number(text);
  if (kind === "ema") return fading(places, amount);
  return kind === "mean" ? around(places, amount / 2, flat(amount / 2)) : around(places, REACH * amount, bell(amount));
}

/** The same average where each place counts as one point, though it is of so many. */
export function overPlaces(word: string, points: number): string {
  const [kind, text] = word.split(":");
  return `${kind}:${kind === "ema" ? Number(text) ** points : Number(text) / points}`;
}

function fading({ mean, count }: Places, weight: number): Numbers {
  let [sum, share] = [0, 0];
  return mean.map((one, at) => {
    if (one === null) return null;
    const kept = weight ** (count[at] ?? 1);
    sum = kept * sum + (1 - kept) * one;
    share = kept * share + (1 - kept);
    return sum / share;
  });
}

const flat = (reach: number): Float64Array => new Float64Array(Math.floor(reach) + 1).fill(1);

const bells = new Map<number, Float64Array>();

/** The weights of a bell by how many points away: all charts of a page have the same. */
function bell(amount: number): Float64Array {
  const known = bells.get(amount);
  if (known) return known;
  const made = Float64Array.from({ length: Math.floor(REACH * amount) + 1 }, (_, away) => Math.exp(-0.5 * (away / amount) ** 2));
  bells.clear();
  bells.set(amount, made);
  return made;
}

function around({ mean, count }: Places, reach: number, weights: Float64Array): Numbers {
  const size = mean.length;
  const [ends, times, values] = [new Float64Array(size), new Float64Array(size), new Float64Array(size)];
  let behind = 0;
  for (let at = 0; at < size; at += 1) {
    behind += Math.max(1, count[at] ?? 0);
    ends[at] = behind;
    const value = mean[at] ?? null;
    times[at] = value === null ? 0 : (count[at] ?? 0);
    values[at] = value ?? 0;
  }
  const found: Numbers = new Array(size);
  let first = 0;
  for (let at = 0; at < size; at += 1) {
    const end = ends[at] as number;
    while (first < at && (ends[first] as number) < end - reach) first += 1;
    let [sum, share] = [0, 0];
    for (let other = first; other < size; other += 1) {
      const apart = (ends[other] as number) - end;
      if (apart > reach) break;
      const away = apart < 0 ? -apart : apart;
      const part = (weights[away] as number) * (times[other] as number);
      sum += part * (values[other] as number);
      share += part;
    }
    found[at] = share ? sum / share : null;
  }
  return found;
}
