import { describe, expect, test } from "bun:test";
import { toChart } from "../../../../server/research/sql/chart.ts";

const date = { name: "day", type: "date" };
const number = (name: string) => ({ name, type: "numeric" });
const text = (name: string) => ({ name, type: "text" });

const titles = (result: ReturnType<typeof toChart>) =>
  result.chart?.figures.map(({ title, lines }) => [title, lines.map(({ label }) => label)]);

describe("a result", () => {
  test("with a date column is drawn by date, a line for each number column", () => {
    const result = toChart(
      [date, number("close"), number("open")],
      [
        ["2025-01-03", "2.5", null],
        ["2025-01-02", "1.5", "1"],
      ],
    );
    expect(result.chart?.date).toEqual(["2025-01-02", "2025-01-03"]);
    expect(result.chart?.figures.flatMap(({ lines }) => lines.map(({ values }) => values))).toEqual([
      [1.5, 2.5],
      [1, null],
    ]);
    expect(titles(result)).toEqual([["close, open", ["close", "open"]]]);
  });

  test("has figures of their own for numbers of another size", () => {
    const columns = [date, number("close"), number("volume")];
    const result = toChart(columns, [
      ["2025-01-02", "10", "1000000"],
      ["2025-01-03", "11", "900000"],
    ]);
    expect(titles(result)).toEqual([
      ["close", ["close"]],
      ["volume", ["volume"]],
    ]);
  });

  test("has a line for each of few values of a text column that tells rows apart", () => {
    const columns = [text("kind"), text("ticker"), date, number("close")];
    const rows = ["A", "B"].flatMap((ticker) => ["2025-01-02", "2025-01-03"].map((day) => ["x", ticker, day, "1"]));
    expect(titles(toChart(columns, rows))).toEqual([["close", ["A", "B"]]]);
    const many = Array.from({ length: 9 }, (_, index) => ["x", `T${index}`, `2025-01-0${1 + (index % 2)}`, "1"]);
    expect(toChart(columns, many)).toEqual({
      chart: null,
      note: "It is not drawn, as ticker has 9 values; 5 can be told apart.",
    });
  });

  test("without dates, numbers or two days is none, and one with rows nobody can tell apart says so", () => {
    expect(toChart([text("a"), number("b")], [["x", "1"]])).toEqual({ chart: null, note: null });
    expect(toChart([date, text("b")], [["2025-01-02", "x"]])).toEqual({ chart: null, note: null });
    expect(toChart([date, number("b")], [["2025-01-02", "1"]])).toEqual({ chart: null, note: null });
    const twice = [
      ["2025-01-02", "1"],
      ["2025-01-02", "2"],
      ["2025-01-03", "2"],
    ];
    expect(toChart([date, number("b")], twice).note).toContain("several rows");
  });

  test("of more dates than are drawn is thinned, and says so", () => {
    const rows = Array.from({ length: 5000 }, (_, index) => [
      new Date(index * 86_400_000).toISOString().slice(0, 10),
      "1",
    ]);
    const { chart, note } = toChart([date, number("b")], rows);
    expect([chart?.date.length, chart?.date[0], chart?.date.at(-1)]).toEqual([4000, "1970-01-01", rows.at(-1)?.[0]]);
    expect(note).toBe("The chart has 4000 of 5000 dates, evenly taken.");
  });
});
