import type { z } from "zod";
import { type Page, type ParsedRows, readRow } from "./rows.ts";
import { splitRow } from "./wire.ts";

/** On `executionDate`, every `splitFrom` shares became `splitTo`. `adjustmentType` is what the vendor calls it, where it says. */
export type Split = {
  ticker: string;
  executionDate: string;
  splitFrom: number;
  splitTo: number;
  adjustmentType: string | null;
};

type Listed = { row: z.output<typeof splitRow>; page: number };

/** What is beyond this is no number of shares, and is not kept. What is only beyond belief is kept, and set aside. */
const largestRatio = 1e12;
/** The vendor's factors are rounded; ratios of one day that contradict each other differ by far more. */
const factorTolerance = 1e-3;

/**
 * Reads the pages of a list of splits. The vendor repeats some, also in other words (1 for 4 and 2 for 8), and a repeat counted
 * twice would adjust prices twice: of one ticker and day one counts. Where rows of a day contradict each other, as with a
 * ratio turned around, that one counts which the vendor's own adjusted prices follow: its `historical_adjustment_factor` over
 * that of the ticker's next split is the row's ratio. Where no row has one, the row counts whose ratio fits its
 * `adjustment_type`; else the first.
 */
export function parseSplits(pages: readonly Page[]): ParsedRows<Split> {
  const days = new Map<string, Map<string, Listed[]>>();
  const rejects: ParsedRows<Split>["rejects"] = [];
  for (const [page, { answer }] of pages.entries()) {
    for (const raw of answer.results ?? []) {
      const read = readRow(splitRow, raw);
      const reason = "reason" in read ? read.reason : implausible(read.row);
      if ("reason" in read || reason !== undefined) {
        rejects.push({ kind: "malformed", reason: reason ?? "", row: raw, page });
        continue;
      }
      const { ticker, execution_date: date } = read.row;
      const ofTicker = days.get(ticker) ?? new Map<string, Listed[]>();
      days.set(ticker, ofTicker.set(date, [...(ofTicker.get(date) ?? []), { row: read.row, page }]));
    }
  }
  const rows: Split[] = [];
  for (const ofTicker of days.values()) {
    for (const [date, listed] of ofTicker) {
      const { chosen, why } = choose(listed, nextFactors(ofTicker, date));
      rows.push({
        ticker: chosen.row.ticker,
        executionDate: date,
        splitFrom: chosen.row.split_from,
        splitTo: chosen.row.split_to,
        adjustmentType: chosen.row.adjustment_type ?? null,
      });
      for (const { row, page } of listed) {
        if (!isSameRatio(row, chosen.row)) {
          const reason = `contradicts another row of its ticker and day: ${why}`;
          rejects.push({ kind: "contradiction", reason, row, page });
        }
      }
    }
  }
  return { rows, rejects };
}

function implausible({ split_from, split_to }: Listed["row"]): string | undefined {
  const ratio = split_to / split_from;
  return ratio > largestRatio || ratio < 1 / largestRatio ? `split_to: ${split_to} for ${split_from}` : undefined;
}

type Ratio = Pick<Listed["row"], "split_from" | "split_to">;

const isNear = (a: number, b: number, tolerance: number) => Math.abs(a - b) <= tolerance * Math.abs(b);
const isSameRatio = (a: Ratio, b: Ratio) => isNear(a.split_from * b.split_to, b.split_from * a.split_to, 1e-12);

/** The vendor's factors of prices from `date` on: those of the ticker's next split, or none where there is no later one. */
function nextFactors(ofTicker: Map<string, Listed[]>, date: string): number[] {
  const next = [...ofTicker.keys()].filter((other) => other > date).sort()[0];
  const factors = (next === undefined ? [] : (ofTicker.get(next) ?? [])).map(
    (one) => one.row.historical_adjustment_factor,
  );
  return factors.filter((factor) => typeof factor === "number");
}

function choose(listed: Listed[], later: number[]): { chosen: Listed; why: string } {
  const [first] = listed;
  if (!first) throw new Error("A day without rows has no split.");
  const follows = (bases: number[]) =>
    listed.find(({ row: { split_from: from, split_to: to, historical_adjustment_factor: factor } }) =>
      bases.some((base) => typeof factor === "number" && isNear(factor, (base * from) / to, factorTolerance)),
    );
  // A split that is announced and has not taken effect may stand in the list and not yet in the factors: then they end at 1.
  const followed = follows(later) ?? follows([1]);
  if (followed) return { chosen: followed, why: "the vendor's historical_adjustment_factor follows that one" };
  const fitting = listed.find(({ row }) => fitsType(row));
  if (fitting) return { chosen: fitting, why: "that one's ratio fits its adjustment_type" };
  return { chosen: first, why: "nothing tells them apart, and that one comes first" };
}

function fitsType({ adjustment_type: type, split_from, split_to }: Listed["row"]): boolean {
  if (type === "reverse_split") return split_to < split_from;
  return (type === "forward_split" || type === "stock_dividend") && split_to > split_from;
}
