import { at } from "../strategy.ts";

/**
 * One time below a peak of equity. `start` is the first session below it, `end` the last one, as QuantStats has them; `recovery` is the session
 * that reached it again, null where none did. Sessions are indexes.
 */
export type Drawdown = { start: number; valley: number; end: number; recovery: number | null; depth: number };

/** All of them from the first on, by each session's fraction below the peak. */
export function listDrawdowns(underwater: Float64Array): Drawdown[] {
  const drawdowns: Drawdown[] = [];
  let open: Drawdown | null = null;
  for (let session = 0; session < underwater.length; session++) {
    const depth = at(underwater, session);
    if (!(depth < 0)) {
      if (open !== null) open.recovery = session;
      open = null;
      continue;
    }
    if (open === null) {
      open = { start: session, valley: session, end: session, recovery: null, depth };
      drawdowns.push(open);
    }
    open.end = session;
    if (depth < open.depth) Object.assign(open, { depth, valley: session });
  }
  return drawdowns;
}

const dayMs = 86_400_000;

/** Calendar days of a drawdown, its first and last session both counted. */
export const daysOf = ({ start, end }: Drawdown, dates: readonly string[]): number =>
  (Date.parse(dates[end] ?? "") - Date.parse(dates[start] ?? "")) / dayMs + 1;

/** A drawdown with its dates. `depth` is a fraction below zero. */
export type DatedDrawdown = {
  start: string;
  valley: string;
  end: string;
  recovery: string | null;
  days: number;
  depth: number;
};

/** The deepest ones, the worst first. */
export const worstDrawdowns = (
  drawdowns: readonly Drawdown[],
  dates: readonly string[],
  count: number,
): DatedDrawdown[] => {
  const dateOf = (session: number) => dates[session] ?? "";
  const worst = drawdowns.toSorted((a, b) => a.depth - b.depth || a.start - b.start).slice(0, count);
  return worst.map((drawdown) => ({
    ...{ start: dateOf(drawdown.start), valley: dateOf(drawdown.valley), end: dateOf(drawdown.end) },
    recovery: drawdown.recovery === null ? null : dateOf(drawdown.recovery),
    ...{ days: daysOf(drawdown, dates), depth: drawdown.depth },
  }));
};
