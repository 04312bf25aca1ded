import { expect, test } from "bun:test";
import { isRepeat } from "../../../jobs/market/answers.ts";
import { sessionsBetween } from "../../../jobs/market/calendar.ts";
import { createDemoExchange } from "../../../jobs/market/demo/exchange.ts";
import { printOf } from "../../../jobs/market/print.ts";

/** Which answers are another session's over again. */

type Row = { T: string; o: number; h: number; l: number; c: number; v: number };

const demo = createDemoExchange({ seed: "print", tickers: 400, untilYear: 2025 });
const rowsOf = (session: string): Row[] =>
  demo
    .bars(session, false)
    .map(({ ticker: T, open: o, high: h, low: l, close: c, volume: v }) => ({ ...{ T, o, h, l, c, v } }));

/** Whether two answers count as the same, as the database counts what their prints share. */
function areAlike(one: unknown[], other: unknown[]): boolean {
  const [mine, theirs] = [printOf(one), new Set(printOf(other))];
  return isRepeat({ equal: mine.filter((hash) => theirs.has(hash)).length, of: Math.min(mine.length, theirs.size) });
}

const sessions = sessionsBetween("2024-01-02", "2024-03-28");
const [first = "", second = ""] = sessions;

test("an answer is its own repeat, in whatever order its rows come", () => {
  expect(areAlike(rowsOf(first), rowsOf(first).toReversed())).toBe(true);
});

test("it still is where a part of the rows is new", () => {
  const mixed = (share: number) => {
    const fresh = new Map(rowsOf(second).map((row) => [row.T, row]));
    return rowsOf(first).map((row, index) => ((index % 10) / 10 < share ? (fresh.get(row.T) ?? row) : row));
  };
  expect(areAlike(mixed(0.2), rowsOf(first))).toBe(true);
  expect(areAlike(mixed(0.8), rowsOf(first))).toBe(false);
});

test("no session of a sound market is another's, whatever does not trade or does not move", () => {
  const still = Array.from({ length: 5000 }, (_, index) => ({ T: `S${index}`, o: 20, h: 20, l: 20, c: 20, v: 1e12 }));
  const idle = Array.from({ length: 5000 }, (_, index) => ({ T: `I${index}`, o: 20, h: 21, l: 19, c: 20, v: 0 }));
  const markets = sessions.map((session) => printOf([...rowsOf(session), ...still, ...idle]));
  for (const [index, print] of markets.entries()) {
    expect(print.length).toBe(64);
    for (const other of markets.slice(index + 1)) expect(print.filter((hash) => other.includes(hash))).toEqual([]);
  }
});

test("a few bars say nothing, and rows that are none are in no print", () => {
  expect(areAlike(rowsOf(first).slice(0, 9), rowsOf(first).slice(0, 9))).toBe(false);
  expect(printOf([null, 7, [], {}, { T: "A", o: "1", h: 2, l: 1, c: 1, v: 1 }])).toEqual([]);
});
