/** Averages, until the server has told those of all points: each place counts as so many points of its mean. */

interface Part {
  count: number;
  mean: number | null;
}

type Numbers = (number | null)[];

const REACH = 3;

/** The average of each place by a word as `ema:0.9`, `mean:100` or `gauss:50`. */
export function averaged(parts: readonly Part[], word: string): Numbers {
  const [kind, text] = word.split(":");
  const amount = Number(text);
  if (kind === "ema") return fading(parts, amount);
  const weight = kind === "mean" ? (away: number) => (Math.abs(away) <= amount / 2 ? 1 : 0) : (away: number) => Math.exp(-0.5 * (away / amount) ** 2);
  return around(parts, kind === "mean" ? amount / 2 : REACH * amount, weight);
}

function fading(parts: readonly Part[], weight: number): Numbers {
  let [sum, share] = [0, 0];
  return parts.map(({ mean, count }) => {
    if (mean === null) return null;
    const kept = weight ** count;
    sum = kept * sum + (1 - kept) * mean;
    share = kept * share + (1 - kept);
    return sum / share;
  });
}

function around(parts: readonly Part[], reach: number, weight: (away: number) => number): Numbers {
  let behind = 0;
  const ends = parts.map(({ count }) => (behind += Math.max(1, count)));
  let first = 0;
  return parts.map((_, at) => {
    const end = ends[at] ?? 0;
    while ((ends[first] ?? end) < end - reach) first += 1;
    let [sum, share] = [0, 0];
    for (let other = Math.min(first, at); other < parts.length && ((ends[other] ?? 0) <= end + reach || other === at); other += 1) {
      const { mean, count } = parts[other] ?? { mean: null, count: 0 };
      if (mean === null) continue;
      const own = other === at ? 1 : weight((ends[other] ?? 0) - end);
      sum += own * count * mean;
      share += own * count;
    }
    return share ? sum / share : null;
  });
}
