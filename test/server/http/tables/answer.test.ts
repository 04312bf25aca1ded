import { describe, expect, test } from "bun:test";
import { unzipSync } from "fflate";
import { Hono } from "hono";
import pino from "pino";
import type { AppEnv } from "../../../../server/http/environment.ts";
import { handleError } from "../../../../server/http/errors.ts";
import { answerTable } from "../../../../server/http/tables/answer.ts";
import { answerFormats, formatWanted, type TableFormat } from "../../../../server/http/tables/formats.ts";
import { type Table, type TableColumn, type TableRow, tableOf } from "../../../../server/http/tables/table.ts";
import { readByDuckDb, readSheet } from "../../../support/table-readers.ts";

const columns: TableColumn[] = [
  { name: "name", kind: "text", description: "What it is called" },
  { name: "whole", kind: "integer" },
  { name: "double", kind: "number" },
  { name: "exact", kind: "decimal" },
  { name: "day", kind: "date" },
  { name: "moment", kind: "instant" },
  { name: "yes", kind: "boolean" },
];
const rows: TableRow[] = [
  [
    '=HYPERLINK("http://x")',
    1,
    0.1,
    "-12345678901234567890.1234567",
    "2024-02-29",
    "2024-02-29T14:30:00.123456Z",
    true,
  ],
  ["  -1 & <b>_x0041_\r\n“é”", -5, -1e300, "0.000000001", "1969-12-31", "1969-12-31T23:59:59.000001Z", false],
  [null, null, null, null, null, null, null],
  ["", 2 ** 53 - 1, 5e-324, "10000", "1900-01-01", "2024-01-01 00:00:00+00", true],
];
const sizes = async () => columns.map(({ kind }) => (kind === "decimal" ? { digits: 20, scale: 9 } : null));
const tableWith = (more: Partial<Table> = {}): Table => ({
  ...tableOf("things", columns, rows, (row) => row),
  decimals: sizes,
  ...more,
});

const appOf = (table: () => Table) => {
  const app = new Hono<AppEnv>();
  app.onError(handleError);
  app.use(async (c, next) => {
    c.set("log", pino({ level: "silent" }));
    await next();
  });
  return app.get("/t/:format", (c) => answerTable(c, table(), c.req.param("format") as TableFormat));
};
const bytesOf = async (format: TableFormat) =>
  new Uint8Array(await (await appOf(tableWith).request(`/t/${format}`)).arrayBuffer());

describe("a table of every kind", () => {
  test("is read from Parquet with its types, to the last digit", async () => {
    expect(await readByDuckDb(await bytesOf("parquet"), "parquet")).toEqual({
      types: ["VARCHAR", "BIGINT", "DOUBLE", "DECIMAL(38,9)", "DATE", "TIMESTAMP WITH TIME ZONE", "BOOLEAN"],
      rows: [
        ...[['=HYPERLINK("http://x")', "1", "0.1", "-12345678901234567890.123456700", "2024-02-29"]].map((row) => [
          ...row,
          ...["2024-02-29 14:30:00.123456+00", "true"],
        ]),
        ...[["  -1 & <b>_x0041_\r\n“é”", "-5", "-1e+300", "0.000000001", "1969-12-31"]].map((row) => [
          ...row,
          ...["1969-12-31 23:59:59.000001+00", "false"],
        ]),
        [null, null, null, null, null, null, null],
        ["", "9007199254740991", "5e-324", "10000.000000000", "1900-01-01", "2024-01-01 00:00:00+00", "true"],
      ],
    });
  });

  test("is read from CSV to the last digit, with no formula in it", async () => {
    const { rows: read } = await readByDuckDb(await bytesOf("csv"), "csv");
    expect(read.map((row) => row[3] ?? null)).toEqual(rows.map((row) => row[3] ?? null) as (string | null)[]);
    expect(read.map((row) => row[0])).toEqual([
      '\'=HYPERLINK("http://x")',
      "'  -1 & <b>_x0041_\r\n“é”",
      ...[null, null],
    ] as never);
  });

  test("is a sheet in which dates are dates and no text is a formula", async () => {
    const [header, first, second, third, fourth] = readSheet(await bytesOf("xlsx"));
    expect(header?.map((cell) => cell?.text)).toEqual(columns.map(({ name }) => name));
    expect(first).toEqual([
      { kind: "inlineStr", style: "3", text: '=HYPERLINK("http://x")' },
      { kind: "", style: "", text: "1" },
      { kind: "", style: "", text: "0.1" },
      { kind: "", style: "", text: "-12345678901234567000" },
      // As spreadsheets count: days since the end of 1899.
      { kind: "", style: "1", text: "45351" },
      { kind: "", style: "2", text: String(45351 + 52_200_123 / 86_400_000) },
      { kind: "b", style: "", text: "1" },
    ]);
    expect(second?.[0]).toEqual({ kind: "inlineStr", style: "3", text: "  -1 & <b>_x0041_\r\n“é”" });
    expect(third).toEqual([]);
    expect(fourth?.[4]).toEqual({ kind: "inlineStr", style: "", text: "1900-01-01" });
  });

  test("is the same bytes each time, and says what it is", async () => {
    for (const format of ["xlsx", "parquet"] as const) expect(await bytesOf(format)).toEqual(await bytesOf(format));
    const { headers } = await appOf(tableWith).request("/t/parquet");
    expect(headers.get("Content-Type")).toBe("application/vnd.apache.parquet");
    expect(headers.get("Content-Disposition")).toBe('attachment; filename="things.parquet"');
    const head = await appOf(tableWith).request("/t/xlsx", { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
    expect(Object.keys(unzipSync(await bytesOf("xlsx")))).toContain("[Content_Types].xml");
  });

  test.each(["csv", "ndjson", "xlsx", "parquet"] as const)("that has no rows is a whole file as %s", async (format) => {
    const empty = () => tableOf("none", columns, rows.slice(0, 0), (row) => row);
    const bytes = new Uint8Array(await (await appOf(empty).request(`/t/${format}`)).arrayBuffer());
    if (format === "parquet") expect((await readByDuckDb(bytes, format)).rows).toEqual([]);
    else if (format === "xlsx") expect(readSheet(bytes)).toHaveLength(1);
    else
      expect(new TextDecoder().decode(bytes)).toBe(
        format === "csv" ? "name,whole,double,exact,day,moment,yes\r\n" : "",
      );
  });
});

describe("an answer", () => {
  /** Batches without end, that tell how many were asked for, and whether they were ended. */
  function endless(failAt = Number.POSITIVE_INFINITY) {
    const told = { batches: 0, isEnded: false };
    async function* batches() {
      try {
        for (;;) {
          told.batches += 1;
          if (told.batches === failAt) throw new Error("the database went away");
          yield Array.from({ length: 500 }, (_, index) => ["x".repeat(100), index, Math.random()]);
        }
      } finally {
        told.isEnded = true;
      }
    }
    return { told, table: () => ({ name: "long", columns: columns.slice(0, 3), batches: batches() }) };
  }

  test.each(["csv", "ndjson", "xlsx", "parquet"] as const)(
    "as %s waits for its reader, and ends with it",
    async (format) => {
      const { told, table } = endless();
      const response = await appOf(table).request(`/t/${format}`);
      expect(told.batches).toBe(1);
      const reader = response.body?.getReader();
      await reader?.read();
      await reader?.read();
      // Parquet is written by groups of 65,536 rows, and the writer reads one ahead.
      expect(told.batches).toBeLessThan(format === "parquet" ? 600 : 30);
      await reader?.cancel();
      expect(told.isEnded).toBe(true);
    },
  );

  test("breaks off where its rows do, and is an error where none came", async () => {
    const broken = await appOf(endless(3).table).request("/t/csv");
    expect(broken.status).toBe(200);
    expect(broken.text()).rejects.toThrow("the database went away");
    expect((await appOf(endless(1).table).request("/t/csv")).status).toBe(500);
  });

  test("is refused as a sheet that is too long, with what to do", async () => {
    const long =
      (count: number, width = 7) =>
      () =>
        tableWith({ count: async () => count, columns: columns.slice(0, width) });
    expect((await appOf(long(1_048_575)).request("/t/xlsx")).status).toBe(200);
    const refused = await appOf(long(1_048_576)).request("/t/xlsx");
    expect(refused.status).toBe(422);
    expect(await refused.text()).toContain("Ask for less, or for CSV or Parquet");
    const wide = () =>
      tableWith({
        count: async () => 500_000,
        columns: Array.from({ length: 50 }, () => ({ name: "x", kind: "text" }) as const),
      });
    expect((await appOf(wide).request("/t/xlsx")).status).toBe(422);
  });
});

test.each([
  [undefined, "json"],
  ["*/*", "json"],
  ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "json"],
  ["text/csv", "csv"],
  ["TEXT/CSV;q=0.5, application/vnd.apache.parquet", "parquet"],
  ["application/json;q=0.1, text/*;q=0.2", "csv"],
  ["application/jsonl", "ndjson"],
  ["*/*, application/json;q=0", "csv"],
])("of %p the format is %p", (accept, format) => {
  expect(formatWanted(accept, answerFormats)).toBe(format as never);
});

test("a format that is not there is refused with those that are", () => {
  for (const accept of ["image/png", "text/csv;q=0", "nonsense"])
    expect(() => formatWanted(accept, answerFormats)).toThrow("application/json (json), text/csv (csv)");
});
