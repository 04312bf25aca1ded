import { RetryableError } from "../orchestrator/errors.ts";
import { isSession } from "./calendar.ts";
import { dateOfInstant } from "./new-york.ts";
import type { Redact } from "./redact.ts";

type BarsAnswer = { path: string; answer: { ticker?: string | undefined; results?: unknown[] | null | undefined } };

/**
 * Refuses an answer without bars on an open session: an outage looks exactly like a holiday, and only the calendar tells
 * them apart. Passes the answer on otherwise.
 */
export function requireBars<A extends { resultsCount: number }>(answer: A, session: string): A {
  if (answer.resultsCount > 0 || !isSession(session)) return answer;
  throw new RetryableError(`The market API answered without a single bar for ${session}, which was an open session.`, {
    advice:
      "The API had an outage, or has not published the day yet. If the exchanges were closed, the calendar misses it.",
  });
}

/**
 * Refuses an answer that says it is of another ticker than was asked for; `null` asks for the whole market. What it says goes into
 * the error through `redact`.
 */
export function requireTicker<A extends BarsAnswer>(answer: A, ticker: string | null, redact: Redact): A {
  const answered = answer.answer.ticker;
  if (answered === undefined || answered === ticker) return answer;
  const asked = ticker ?? "the whole market";
  throw new RetryableError(
    `The market API's answer is of ${JSON.stringify(redact(answered))}, where ${asked} was asked for (${answer.path}).`,
    { advice: "Nothing of it was believed. Retry the run; if it goes on, tell the vendor." },
  );
}

/** Fewer rows than these may all be strays. */
const manyRows = 10;

/** Refuses a whole-market answer most of whose rows say that they are of another session. A few strays are left to the load. */
export function requireSession<A extends BarsAnswer>(answer: A, session: string): A {
  const rows = answer.answer.results ?? [];
  if (rows.length < manyRows) return answer;
  const strays = new Map<string, number>();
  for (const row of rows) {
    const t = typeof row === "object" && row !== null && "t" in row ? row.t : undefined;
    const date = dateOfInstant(t);
    if (date !== undefined && date !== session) strays.set(date, (strays.get(date) ?? 0) + 1);
  }
  const count = [...strays.values()].reduce((sum, number) => sum + number, 0);
  if (count * 2 <= rows.length) return answer;
  const [most] = [...strays].toSorted((a, b) => b[1] - a[1]);
  throw new RetryableError(
    `The market API's answer for ${session} is of another session: ${most?.[1]} of its ${rows.length} rows are of ${most?.[0]}.`,
    { advice: "The API has not published the day yet, or answers from an old copy. Retry the run when it has." },
  );
}

/** How many of the bars that two sessions were compared by are the same to the digit. */
export type Likeness = { equal: number; of: number };

/** Fewer bars than these may be the same by chance. */
const fewestCompared = 10;

/** Whether one of two answers is the other over again: most of the bars compared are the same. */
export function isRepeat({ equal, of }: Likeness): boolean {
  return of >= fewestCompared && equal * 2 > of;
}
