import { expect, test } from "bun:test";
import fc from "fast-check";
import { writeJsonLines } from "../../../../server/http/tables/json-lines.ts";
import { type TableColumn, tableOf } from "../../../../server/http/tables/table.ts";

const columns: TableColumn[] = [
  { name: 'a "name"\n', kind: "text" },
  { name: "decimal", kind: "decimal" },
  { name: "number", kind: "number" },
  { name: "yes", kind: "boolean" },
];

const linesOf = async (rows: readonly (readonly (string | number | boolean | null)[])[]) => {
  const table = tableOf("t", columns, rows, (row) => row);
  let text = "";
  for await (const bytes of writeJsonLines(table)) text += new TextDecoder().decode(bytes);
  return text.split("\n").slice(0, -1);
};

test("whatever the values, each line is an object that JSON reads as they were", async () => {
  const value = fc.tuple(
    fc.option(fc.string({ unit: "binary" })),
    fc.option(fc.tuple(fc.bigInt(), fc.nat(1e9)).map(([whole, part]) => `${whole}.${part}`)),
    fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (number === 0 ? 0 : number))),
    fc.option(fc.boolean()),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(value), async (rows) => {
      const lines = await linesOf(rows);
      expect(lines).toHaveLength(rows.length);
      for (const [index, [text, decimal, number, yes]] of rows.entries()) {
        const read = JSON.parse(lines[index] ?? "");
        const sameText = text === null ? null : JSON.parse(JSON.stringify(text));
        expect(read).toEqual({ 'a "name"\n': sameText, decimal: decimal && Number(decimal), number, yes });
      }
    }),
  );
});

test("a decimal has all its digits, and is null where it is no number", async () => {
  expect(await linesOf([["x", "-12345678901234567890.12345678901234567890", 1, true]])).toEqual([
    '{"a \\"name\\"\\n":"x","decimal":-12345678901234567890.12345678901234567890,"number":1,"yes":true}',
  ]);
  expect(await linesOf([["x", "NaN", Number.NaN, null]])).toEqual([
    '{"a \\"name\\"\\n":"x","decimal":null,"number":null,"yes":null}',
  ]);
});
