import { CsvError, type Info, type InfoField, parse } from "csv-parse/sync";
import { refuse } from "./refusal.ts";

/** A row, and what was read up to its end. */
type Read = { record: string[]; info: Info };

/**
 * Cuts CSV (RFC 4180, with another delimiter where given) into rows of texts, the header first. Blank lines are left out, and
 * what the standard forbids is read as dbt's reader (Python's csv) does.
 */
export function parseCsv(path: string, source: string, delimiter = ","): string[][] {
  const rows = read(path, source, delimiter);
  const columns = rows[0]?.record.length ?? 0;
  const ragged = rows.find(({ record }) => record.length > columns);
  if (ragged) {
    const values = ragged.record.length;
    throw refuse(`${path}:${ragged.info.lines}`, `has ${values} values, where there are ${columns} columns`);
  }
  return rows.map(({ record }) => record);
}

function read(path: string, source: string, delimiter: string): Read[] {
  try {
    // The last value too is ended by a character, which readField counts on.
    const rows: unknown = parse(source.endsWith("\n") ? source : `${source}\n`, {
      bom: true,
      delimiter,
      record_delimiter: ["\r\n", "\n"],
      skip_empty_lines: true,
      relax_column_count: true,
      relax_quotes: true,
      info: true,
      raw: true,
      cast: readField,
    });
    // The library's types leave out what `info` adds.
    return rows as Read[];
  } catch (error) {
    if (!(error instanceof CsvError) || error.code !== "CSV_QUOTE_NOT_CLOSED") throw error;
    throw refuse(`${path}:${error.lines}`, "a quote is opened and not closed", error);
  }
}

/**
 * Where text goes on after a closing quote, the library keeps the quotes in the value, and Python leaves them out: `"a"b` is ab.
 * Only what was written tells that from a value that begins with a quote.
 */
function readField(value: string, { quoting, raw = "" }: InfoField): string {
  if (!quoting || !value.startsWith('"')) return value;
  // The row as far as it was read, and one more: the character that ended the value.
  const written = raw.slice(0, -1);
  if (written.endsWith(`"${doubleQuotes(value)}"`)) return value;
  for (let closing = value.lastIndexOf('"'); closing > 0; closing = value.lastIndexOf('"', closing - 1)) {
    const [quoted, rest] = [value.slice(1, closing), value.slice(closing + 1)];
    if (written.endsWith(`"${doubleQuotes(quoted)}"${rest}`)) return quoted + rest;
  }
  return value;
}

const doubleQuotes = (text: string) => text.replaceAll('"', '""');
