import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseDividends } from "../../../jobs/market/dividends.ts";

type Row = Record<string, unknown>;

const dupd: Row = { ticker: "DUPD", ex_dividend_date: "2022-03-10", cash_amount: 0.25, currency: "USD", frequency: 4 };
const read = (...rows: unknown[]) => parseDividends([{ answer: { results: rows } }]);
const told = (...rows: unknown[]) =>
  read(...rows).rows.map(({ cashAmount, distributionType }) => [cashAmount, distributionType]);

describe("a list of dividends", () => {
  test("has an equal regular and special one of a day twice, and the same one under another id once", () => {
    const recurring = { ...dupd, distribution_type: "recurring" };
    const june = { ...recurring, ex_dividend_date: "2022-06-10" };
    const { rows, rejects } = read(
      { ...recurring, id: "q1" },
      { ...dupd, id: "q2", distribution_type: "special", frequency: 0 },
      { ...june, id: "q3" },
      { ...june, id: "q4" },
    );
    expect(rows.map(({ exDividendDate, distributionType }) => [exDividendDate, distributionType])).toEqual([
      ["2022-03-10", "recurring"],
      ["2022-03-10", "special"],
      ["2022-06-10", "recurring"],
    ]);
    expect(rejects).toEqual([]);
  });

  test("has one without a type as the one with, whichever comes first", () => {
    const typed = { ...dupd, distribution_type: "recurring" };
    expect(told(dupd, typed)).toEqual([[0.25, "recurring"]]);
    expect(told(typed, dupd)).toEqual([[0.25, "recurring"]]);
    expect(told(dupd, { ...dupd })).toEqual([[0.25, null]]);
  });

  test("tells currencies apart, in capitals, and takes none for dollars", () => {
    const { rows, rejects } = read(dupd, { ...dupd, currency: "cad" }, { ...dupd, currency: null });
    expect(rows.map(({ currency }) => currency)).toEqual(["USD", "CAD"]);
    // It is the first one again, but for what it says of itself.
    expect(rejects.map(({ reason }) => reason)).toEqual(["contradicts an earlier row"]);
  });

  test("keeps what comes back under an id with other money with its reason, and counts the first", () => {
    const { rows, rejects } = read({ ...dupd, id: "q1" }, { ...dupd, id: "q1", cash_amount: 2.5 });
    expect(rows.map(({ cashAmount }) => cashAmount)).toEqual([0.25]);
    expect(rejects).toEqual([
      {
        kind: "contradiction",
        reason: "contradicts an earlier row",
        row: { ...dupd, id: "q1", cash_amount: 2.5 },
        page: 0,
      },
    ]);
  });

  test("takes an odd type for none", () => {
    expect(told({ ...dupd, distribution_type: 7 })).toEqual([[0.25, null]]);
  });

  test("pays each kind of each day once, in whatever order and however often its rows are listed", () => {
    const row = fc.record({
      id: fc.option(fc.uuid(), { nil: undefined }),
      ticker: fc.constantFrom("A", "B"),
      ex_dividend_date: fc.constantFrom("2022-03-10", "2022-06-10"),
      cash_amount: fc.constantFrom(0.25, 0.5),
      currency: fc.constantFrom("USD", "CAD"),
      distribution_type: fc.constantFrom("recurring", "special"),
    });
    fc.assert(
      fc.property(fc.array(row, { maxLength: 30 }), fc.nat(), (rows, turn) => {
        const kinds = new Set(
          rows.map((one) =>
            [one.ticker, one.ex_dividend_date, one.cash_amount, one.currency, one.distribution_type].join(),
          ),
        );
        const turned = [...rows.slice(turn % (rows.length + 1)), ...rows, ...rows.slice(0, turn % (rows.length + 1))];
        const { rows: paid, rejects } = read(...turned);
        expect(paid).toHaveLength(kinds.size);
        expect(rejects).toEqual([]);
      }),
    );
  });
});
