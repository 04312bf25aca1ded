import { describe, expect, test } from "bun:test";
import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { csvText } from "../../../../server/http/tables/csv.ts";
import { visibleText } from "../../../../views/visible-text.ts";

describe("a CSV field", () => {
  test.each([
    ["=1+1", "'=1+1"],
    ["+cmd", "'+cmd"],
    ["-cmd", "'-cmd"],
    ["@SUM(A1)", "'@SUM(A1)"],
    ["\t=1", "'\t=1"],
    [' =HYPERLINK("x")', `"' =HYPERLINK(""x"")"`],
    ["a,b", '"a,b"'],
    ["two\r\nlines", '"two\r\nlines"'],
    ["BRK.B", "BRK.B"],
    ["a\rb", '"a\rb"'],
    ["a\nb", '"a\nb"'],
    ["\u0001=1+1", "'=1+1"],
    ["\u202e=1+1", "'=1+1"],
    ["AB\u0000C\u001b[31m \u2066exe.\u202egnp", "ABC[31m exe.gnp"],
    [-0.5, "-0.5"],
    [true, "true"],
    [null, ""],
  ])("%p neither breaks its row nor runs as a formula", (value, field) => {
    expect(csvText([[value]], ["text"])).toBe(`${field}\r\n`);
  });

  test("that is a decimal keeps its digits and its sign", () => {
    expect(csvText([["-0.000000000012345678901", "1.50"]], ["decimal", "decimal"])).toBe(
      "-0.000000000012345678901,1.50\r\n",
    );
  });
});

test("whatever the texts, a reader of CSV finds them again, less what cannot be seen, and none is a formula", () => {
  const text = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.string({ unit: fc.constantFrom('"', ",", "\r", "\n", "=", "-", "'", " ", "a", "\u0000", "\u202e") }),
  );
  const rows = fc.array(fc.array(text, { minLength: 3, maxLength: 3 }), { minLength: 1 });
  fc.assert(
    fc.property(rows, (written) => {
      const read = parse(csvText(written, []), { record_delimiter: "\r\n", relax_column_count: false });
      expect(read).toHaveLength(written.length);
      for (const [at, row] of read.entries()) {
        expect(row).toEqual(written[at]?.map((one) => expectedOf(visibleText(one))) ?? []);
        for (const field of row) expect(field).not.toMatch(/^\s*[=+\-@]/);
      }
    }),
  );
});

const expectedOf = (seen: string) => (/^\s*[=+\-@]|^[\t\r\n]/.test(seen) ? `'${seen}` : seen);
