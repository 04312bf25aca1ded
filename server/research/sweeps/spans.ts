/** Points that follow each other. */
export type Span = { first: number; count: number };

/** Points of a sweep that nobody runs yet. */
export type Spans = {
  /** The first of them, up to `count` that follow each other; null where none is left. */
  take(count: number): Span | null;
  /** Puts points back. */
  add(span: Span): void;
  left(): number;
};

/** All of a sweep's points but those that are `taken`, which overlap nowhere. */
export function createSpans(points: number, taken: readonly Span[] = []): Spans {
  const free: Span[] = [];
  let next = 0;
  for (const { first, count } of taken.toSorted((a, b) => a.first - b.first)) {
    if (first > next) free.push({ first: next, count: first - next });
    next = first + count;
  }
  if (next < points) free.push({ first: next, count: points - next });
  return {
    take: (count) => {
      const [span] = free;
      if (span === undefined) return null;
      const given = { first: span.first, count: Math.min(count, span.count) };
      if (given.count === span.count) free.shift();
      else free[0] = { first: span.first + given.count, count: span.count - given.count };
      return given;
    },
    // Before the others, as what was found is put together in the points' own order.
    add: (span) => {
      const place = free.findIndex(({ first }) => first > span.first);
      free.splice(place === -1 ? free.length : place, 0, span);
    },
    left: () => free.reduce((sum, { count }) => sum + count, 0),
  };
}
