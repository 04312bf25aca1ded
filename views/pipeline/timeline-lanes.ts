/** Something that was under way from one instant to another, in milliseconds since 1970. */
export type TimelineBar = { from: number; to: number; state: string; label: string; href: string };

/** Bars in rows, so that none lies over another: each goes into the first row that is free when it begins. */
export function toLanes(bars: readonly TimelineBar[]): TimelineBar[][] {
  const lanes: { bars: TimelineBar[]; end: number }[] = [];
  for (const bar of bars.toSorted((a, b) => a.from - b.from)) {
    const free = lanes.find(({ end }) => end <= bar.from);
    if (free) {
      free.bars.push(bar);
      free.end = Math.max(free.end, bar.to);
    } else lanes.push({ bars: [bar], end: Math.max(bar.from, bar.to) });
  }
  return lanes.map((lane) => lane.bars);
}

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

/** Steps that people count time in, in milliseconds. */
const steps = [
  ...[0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30].map((count) => count * second),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * minute),
  ...[1, 2, 3, 6, 12, 24].map((count) => count * hour),
];

/** Instants to mark between two, at most `most` of them and of an even step, in milliseconds since 1970. */
export function ticksBetween(from: number, to: number, most: number): number[] {
  const step =
    steps.find((candidate) => (to - from) / candidate <= most) ?? Math.ceil((to - from) / most / hour) * hour;
  const first = Math.ceil(from / step) * step;
  const count = Math.max(0, Math.floor((to - first) / step) + 1);
  return Array.from({ length: count }, (_, index) => first + index * step);
}
