import { expect, test } from "bun:test";
import fc from "fast-check";
import { type BarSource, parseBars } from "../../../jobs/market/bars.ts";
import { newYorkDate, sessionsBetween } from "../../../jobs/market/calendar.ts";

/**
 * Answers with all that is wrong with real ones, against a plain reading of what is believed. It says of each row by itself whether it
 * may be a bar, and of those of one ticker and session which one is.
 */

type Row = Record<string, unknown>;
type Answer = { ticker?: string; rows: unknown[] };

const session = "2022-08-15";
const grouped: BarSource = { kind: "grouped", session };
const range: BarSource = { kind: "range", ticker: "PA", from: "2022-08-08", to: "2022-08-19" };
const sessions = new Set(sessionsBetween("1999-01-01", "2030-12-31"));

const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
const isGiven = (value: unknown) => value !== undefined && value !== null;
const dateOf = (t: unknown) => (isNumber(t) && Math.abs(t) <= 8.64e15 ? newYorkDate(t) : undefined);
const isTicker = (text: unknown) =>
  typeof text === "string" &&
  text.length >= 1 &&
  text.length <= 24 &&
  [...text].every((character) => character > " " && character <= "~" && character !== "\\");

function isAboutWhatWasAsked({ T, t }: Row, source: BarSource): boolean {
  if (source.kind === "grouped") return isTicker(T) && (!isGiven(t) || dateOf(t) === source.session);
  const date = dateOf(t) ?? "";
  const isWithin = sessions.has(date) && date >= (source.from ?? "") && date <= (source.to ?? "");
  return isWithin && (!isGiven(T) || T === source.ticker);
}

function arePossible({ o, h, l, c, v, vw, n }: Row): boolean {
  const isPrice = (value: unknown) => isNumber(value) && value >= 1e-8 && value < 1e8;
  return (
    [o, h, l, c].every(isPrice) &&
    Number(h) >= Number(l) &&
    isNumber(v) &&
    v >= 0 &&
    v < 1e15 &&
    (!isGiven(vw) || (isNumber(vw) && vw > 0 && vw < 1e8)) &&
    (!isGiven(n) || (isNumber(n) && Number.isInteger(n) && n >= 0 && n < 1e12))
  );
}

const isVwapFar = ({ vw, h, l }: Row) => isNumber(vw) && (vw < Number(l) / 2 || vw > Number(h) * 2);
const isRow = (row: unknown): row is Row => typeof row === "object" && row !== null && !Array.isArray(row);
const saysTheSame = (a: Row, b: Row) =>
  ["o", "h", "l", "c", "v", "vw", "n"].every((name) => (a[name] ?? null) === (b[name] ?? null));

/** What is to be believed of an answer: the rows that are bars, by ticker and session, and how many others are left and why. */
function expected({ ticker, rows }: Answer, source: BarSource) {
  const isOther = ticker !== undefined && (source.kind === "grouped" || ticker !== source.ticker);
  const isGood = (row: unknown): row is Row =>
    isRow(row) && !isOther && isAboutWhatWasAsked(row, source) && arePossible(row);
  const keyOf = (row: Row) => (source.kind === "grouped" ? `${row.T} ${session}` : `${source.ticker} ${dateOf(row.t)}`);
  const bars = new Map<string, Row>();
  const named = rows.filter((row) => isGood(row) && isGiven(row.t)) as Row[];
  const unnamed = rows.filter((row) => isGood(row) && !isGiven(row.t)) as Row[];
  for (const row of [...named, ...unnamed]) if (!bars.has(keyOf(row))) bars.set(keyOf(row), row);
  const repeated = [...named, ...unnamed].filter((row) => {
    const bar = bars.get(keyOf(row));
    return bar !== undefined && bar !== row && saysTheSame(bar, row);
  });
  const taken = new Set<unknown>([...bars.values(), ...repeated]);
  const bad = rows.filter((row) => !taken.has(row));
  const different = new Set(bad.map((row) => JSON.stringify(row)));
  return { bars, rejects: different.size, repeats: repeated.length + bad.length - different.size };
}

const price = fc.constantFrom(10, 11.5, 12, 9e-9, 1e-8, 99999999.5, 1e8, 9e12, 0, -1, Number.NaN, "12", null);
const times = [
  "2022-08-15T20:00:00Z",
  "2022-08-15T04:00:00Z",
  "2022-08-12T04:00:00Z",
  "2022-08-13T04:00:00Z",
  "2022-08-22T04:00:00Z",
];
const time = fc.constantFrom<unknown>(...times.map((text) => Date.parse(text)), 1e18, "now", null, undefined);
const name = fc.constantFrom<unknown>(
  "PA",
  "PB",
  "NULL",
  "NaN",
  "TRUE",
  "",
  "A B",
  "\\N",
  "PA\u0000",
  "Ä",
  "L".repeat(24),
  "L".repeat(25),
  7,
  null,
);
const sound = { T: "PA", o: 10, h: 12, l: 9, c: 11, v: 1000, vw: 10.5, n: 7, t: Date.parse(times[0] ?? "") };
const field = fc.oneof(
  fc.record({ T: name }),
  fc.record({ T: fc.constant(undefined) }),
  fc.record({ t: time }),
  ...["o", "h", "l", "c"].map((one) => fc.record({ [one]: price })),
  fc.record({ v: fc.constantFrom(0, 1000, 0.25, 999999999999999, 1e15, -1, Number.POSITIVE_INFINITY, null) }),
  fc.record({ vw: fc.constantFrom(10.5, 4.5, 4.4, 24, 24.5, 1e8, 0, -1, "x", null, undefined) }),
  fc.record({ n: fc.constantFrom(0, 7, 999999999999, 1e12, 1.5, -1, "7", null, undefined) }),
);
/** Mostly sound rows with a fault or two, of few tickers and sessions, so that they also contradict and repeat each other. */
const row = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.array(field, { maxLength: 2 }).map((faults): unknown => Object.assign({ ...sound }, ...faults)),
  },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(null, 7, "PA", [], {}) },
);
const answer = fc.record(
  { ticker: fc.constantFrom("PA", "TJX"), rows: fc.array(row, { maxLength: 12 }) },
  { requiredKeys: ["rows"] },
);

test.each([
  ["grouped", grouped],
  ["range", range],
])("of a %s answer is believed what a plain reading of the rules believes", (_, source) => {
  fc.assert(
    fc.property(answer, ({ ticker, rows }) => {
      // As it comes over the wire: without what is undefined, and with null for what is no number.
      const wire = JSON.parse(JSON.stringify(rows)) as unknown[];
      const envelope = { status: "OK", ...(ticker && { ticker }), resultsCount: wire.length, results: wire };
      const parsed = parseBars(JSON.stringify(envelope), source);
      const wanted = expected({ ...(ticker && { ticker }), rows: wire }, source);
      expect(new Map(parsed.bars.map((bar) => [`${bar.ticker} ${bar.tradeDate}`, bar] as const)).size).toBe(
        parsed.bars.length,
      );
      expect(parsed.bars.length).toBe(wanted.bars.size);
      for (const bar of parsed.bars) {
        const from = wanted.bars.get(`${bar.ticker} ${bar.tradeDate}`) ?? {};
        const { o: open, h: high, l: low, c: close, v: volume, n = null } = from;
        expect(bar).toMatchObject({ open, high, low, close, volume, transactions: n });
        expect(bar.vwap).toBe(isVwapFar(from) ? null : ((from.vw ?? null) as number | null));
      }
      expect(parsed.notes.length).toBe([...wanted.bars.values()].filter(isVwapFar).length);
      expect({ rejects: parsed.rejects.length, repeats: parsed.repeats }).toEqual({
        rejects: wanted.rejects,
        repeats: wanted.repeats,
      });
      expect(parsed.bars.length + parsed.rejects.length + parsed.repeats).toBe(wire.length);
      for (const reject of parsed.rejects) expect(reject.reason).not.toBe("");
    }),
    { numRuns: 2000 },
  );
});
