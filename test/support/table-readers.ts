import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { strFromU8, unzipSync } from "fflate";

type Rows = (string | null)[][];

/** What DuckDB reads of a file of this format: types by column, and every value as text, to its last digit. */
export async function readByDuckDb(
  bytes: Uint8Array,
  format: "parquet" | "csv",
): Promise<{ types: string[]; rows: Rows }> {
  const folder = await mkdtemp(join(tmpdir(), "barline-table-"));
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  try {
    const file = join(folder, `table.${format}`);
    await writeFile(file, bytes);
    await connection.run("set timezone = 'UTC'");
    const from = format === "parquet" ? `read_parquet('${file}')` : `read_csv('${file}', all_varchar = true)`;
    const described = await connection.runAndReadAll(`describe select * from ${from}`);
    const read = await connection.runAndReadAll(`select columns(*)::varchar from ${from}`);
    return { types: described.getRows().map((row) => String(row[1])), rows: read.getRows() as Rows };
  } finally {
    connection.closeSync();
    instance.closeSync();
    await rm(folder, { recursive: true, force: true });
  }
}

/** A cell as its XML says it: its type, its style and its text. */
type Cell = { kind: string; style: string; text: string };

const entities: Record<string, string> = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#13;": "\r" };
const plain = (text: string) =>
  text
    .replace(/&#?\w+;/g, (entity) => entities[entity] ?? entity)
    .replace(/_x([0-9A-Fa-f]{4})_/g, (_, code) => String.fromCharCode(Number.parseInt(code, 16)));

/** The cells of a workbook's one sheet, row by row; those without a value are null. */
export function readSheet(bytes: Uint8Array): (Cell | null)[][] {
  const sheet = strFromU8(unzipSync(bytes)["xl/worksheets/sheet1.xml"] ?? new Uint8Array());
  return [...sheet.matchAll(/<row r="(\d+)">(.*?)<\/row>/gs)].map(([, , cells = ""]) => {
    const row: (Cell | null)[] = [];
    for (const [, letters = "", attributes = "", inner = ""] of cells.matchAll(
      /<c r="([A-Z]+)\d+"([^>]*)>(.*?)<\/c>/gs,
    )) {
      const at = [...letters].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0) - 1;
      while (row.length < at) row.push(null);
      const of = (name: string) => new RegExp(` ${name}="(\\w+)"`).exec(attributes)?.[1] ?? "";
      row.push({ kind: of("t"), style: of("s"), text: plain(inner.replace(/<[^>]*>/g, "")) });
    }
    return row;
  });
}
