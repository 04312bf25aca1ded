import { Zip, ZipDeflate } from "fflate";
import { HttpError } from "../errors.ts";
import { sheetOf, workbookParts } from "./sheet-xml.ts";
import type { Table } from "./table.ts";

/** A sheet has no more rows, the header among them; more cells take spreadsheets minutes and gigabytes to open. */
const sheetRows = 1_048_576;
const mostCells = 20_000_000;

/** Measured on sheets of prices: 6 takes twice the time for a tenth of the size. */
const level = 3;
/** The least that a ZIP archive can tell, so that the same rows give the same bytes. */
const writtenAt = "1980-01-01T12:00:00Z";

const mostRows = ({ columns }: Pick<Table, "columns">) =>
  Math.min(sheetRows - 1, Math.floor(mostCells / Math.max(1, columns.length)));

const tooLong = (table: Pick<Table, "columns">, rows: string) =>
  new HttpError(
    422,
    "too_long",
    `An XLSX sheet of ${table.columns.length} columns takes ${mostRows(table)} rows, and these are ${rows}. Ask for less, or for CSV or Parquet, which take any number.`,
    { title: "Too many rows for a sheet" },
  );

/** Refuses what a sheet cannot hold, before any of it is read. */
export async function refuseLongSheet(table: Table): Promise<void> {
  const rows = (await table.count?.()) ?? 0;
  if (rows > mostRows(table)) throw tooLong(table, String(rows));
}

/**
 * A table as a workbook of one sheet. Dates are dates; numbers are doubles, as all are in a sheet: of a decimal the first fifteen digits count.
 * fflate writes the archive: small, kept, without dependencies, and as a stream; a sheet itself is two kinds of elements.
 */
export async function* writeXlsx({ columns, batches }: Table): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  const written: Uint8Array[] = [];
  const failures: Error[] = [];
  const zip = new Zip((error, chunk) => {
    if (error) failures.push(error);
    else written.push(chunk);
  });
  const begin = (path: string) => {
    const file = new ZipDeflate(path, { level });
    file.mtime = writtenAt;
    zip.add(file);
    return file;
  };
  const take = () => {
    for (const failure of failures) throw failure;
    return Buffer.concat(written.splice(0));
  };
  for (const [path, text] of Object.entries(workbookParts)) begin(path).push(encoder.encode(text), true);
  const sheet = sheetOf(columns);
  const file = begin("xl/worksheets/sheet1.xml");
  file.push(encoder.encode(sheet.begin));
  let next = 2;
  for await (const rows of batches) {
    if (next - 2 + rows.length > mostRows({ columns })) throw tooLong({ columns }, "more");
    file.push(encoder.encode(sheet.rows(rows, next)));
    next += rows.length;
    const bytes = take();
    if (bytes.length > 0) yield bytes;
  }
  file.push(encoder.encode(sheet.end), true);
  zip.end();
  yield take();
}
