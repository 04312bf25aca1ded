import { describe, expect, test } from "bun:test";
import { parseSplits } from "../../../jobs/market/splits.ts";

type Row = Record<string, unknown>;

const apple: Row = { ticker: "AAPL", execution_date: "2020-08-31", split_from: 1, split_to: 4 };
const read = (...rows: unknown[]) => parseSplits([{ answer: { results: rows } }]);
const ratios = (...rows: unknown[]) => read(...rows).rows.map(({ splitFrom, splitTo }) => [splitFrom, splitTo]);
const reasons = (...rows: unknown[]) => read(...rows).rejects.map(({ reason }) => reason);

describe("a list of splits", () => {
  test("counts a repeat once, whatever its id, its form and the numbers it is written in", () => {
    const older = { ...apple, id: "E36416cce743c3964c5da63e1ef1626c0aece30fb47302eea5a49c0055c04e8d0" };
    const newer = { ...apple, id: "P-1", adjustment_type: "forward_split", historical_adjustment_factor: 0.25 };
    expect(
      read(older, newer, { ...apple, split_from: 2, split_to: 8 }, { ...apple, split_from: 0.25, split_to: 1 }),
    ).toEqual({
      rows: [
        { ticker: "AAPL", executionDate: "2020-08-31", splitFrom: 1, splitTo: 4, adjustmentType: "forward_split" },
      ],
      rejects: [],
    });
  });

  test("of a ratio and the same turned around takes the one that the vendor's own adjustment factor follows", () => {
    const right = { ...apple, historical_adjustment_factor: 0.25 };
    const reversed = { ...apple, split_from: 4, split_to: 1, historical_adjustment_factor: 0.25 };
    for (const rows of [
      [right, reversed],
      [reversed, right],
    ]) {
      expect(ratios(...rows)).toEqual([[1, 4]]);
      expect(read(...rows).rejects).toEqual([
        {
          kind: "contradiction",
          reason:
            "contradicts another row of its ticker and day: the vendor's historical_adjustment_factor follows that one",
          row: reversed,
          page: 0,
        },
      ]);
    }
  });

  test("takes the factor for the product over the later splits too, of its own ticker only", () => {
    const later = { ...apple, execution_date: "2022-01-03", split_to: 5, historical_adjustment_factor: 0.2 };
    const other = { ...later, ticker: "TSLA", historical_adjustment_factor: 0.001 };
    const right = { ...apple, historical_adjustment_factor: 0.05 };
    const reversed = { ...right, split_from: 4, split_to: 1 };
    expect(ratios(reversed, right, other, later)[0]).toEqual([1, 4]);
  });

  test("knows that a split which is only announced is not in the factors yet", () => {
    const announced = { ...apple, execution_date: "2031-01-02", split_to: 10, historical_adjustment_factor: 0.1 };
    const right = { ...apple, historical_adjustment_factor: 0.25 };
    expect(ratios({ ...right, split_from: 4, split_to: 1 }, right, announced)[0]).toEqual([1, 4]);
  });

  test("without factors takes the row whose ratio fits its type, else the first", () => {
    const reversed = { ...apple, split_from: 4, split_to: 1 };
    expect(
      ratios({ ...reversed, adjustment_type: "forward_split" }, { ...apple, adjustment_type: "forward_split" }),
    ).toEqual([[1, 4]]);
    expect(
      ratios({ ...apple, adjustment_type: "reverse_split" }, { ...reversed, adjustment_type: "reverse_split" }),
    ).toEqual([[4, 1]]);
    expect(ratios({ ...apple, adjustment_type: "stock_dividend" }, reversed)).toEqual([[1, 4]]);
    expect(ratios(reversed, apple)).toEqual([[4, 1]]);
    expect(reasons(reversed, apple)).toEqual([
      "contradicts another row of its ticker and day: nothing tells them apart, and that one comes first",
    ]);
  });

  test("keeps the fractional ratios of spin-offs to the last digit", () => {
    const fractional = (ticker: string, ratio: number) => ({ ...apple, ticker, split_to: ratio });
    expect(ratios(fractional("PFE", 1.054), fractional("DD", 1.4869999), fractional("DWDP", 0.33333333))).toEqual([
      [1, 1.054],
      [1, 1.4869999],
      [1, 0.33333333],
    ]);
  });

  test("leaves out garbage, says why and from which page, and keeps the rest", () => {
    const garbage = [
      { ...apple, split_from: 0 },
      { ...apple, split_to: -4 },
      { ...apple, split_to: "4" },
      { ...apple, split_to: 1e13 },
      { ...apple, ticker: "" },
      { ...apple, ticker: "A\u0000" },
      { ...apple, ticker: "A".repeat(65) },
      { ...apple, execution_date: "2020-02-30" },
      null,
    ];
    const { rows, rejects } = parseSplits([{ answer: { results: [apple] } }, { answer: { results: garbage } }]);
    expect(rows).toHaveLength(1);
    expect(rejects.map(({ reason }) => reason.split(":")[0])).toEqual([
      ...["split_from", "split_to", "split_to", "split_to", "ticker", "ticker", "ticker", "execution_date", "row"],
    ]);
    expect(rejects.every(({ page }) => page === 1)).toBe(true);
  });
});
