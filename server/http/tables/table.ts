/**
 * A value of a table. A number may be the text that the database wrote, digit by digit, as a decimal always is; a date is `2025-01-02`, an instant as
 * ISO or PostgreSQL writes it, of UTC.
 */
export type TableValue = string | number | boolean | null;

export type ColumnKind = "text" | "integer" | "number" | "decimal" | "date" | "instant" | "boolean";

const numeric: ReadonlySet<ColumnKind> = new Set(["integer", "number", "decimal"]);

/** Whether values of a kind are numbers, though they may be the texts that the database wrote. */
export const isNumeric = (kind: ColumnKind): boolean => numeric.has(kind);

/** `number` is a double. */
export type TableColumn = { name: string; kind: ColumnKind; description?: string };

export type TableRow = readonly TableValue[];

/** Rows to be answered in whatever format is asked for. */
export type Table = {
  /** What it is saved as, without an extension. */
  name: string;
  columns: readonly TableColumn[];
  /** Some hundred or thousand rows at a time, each read when the reader of the answer has taken those before. Ended early where that one has gone. */
  batches: AsyncIterable<readonly TableRow[]>;
  /** How many rows there are, for the formats that cannot hold any number; left out where only their end tells. */
  count?(): Promise<number>;
  /** How large the decimals of each column get, for the formats that have to say so first; null of other columns. Doubles there where left out. */
  decimals?(): Promise<readonly (DecimalSize | null)[]>;
  /** Where there are more rows than were asked for: what to ask for those after them with. */
  next?: string | null;
};

/** The most digits before and after the point. */
export type DecimalSize = { digits: number; scale: number };

/** Columns of one kind. */
export const columnsOf = (kind: ColumnKind, ...names: string[]): TableColumn[] => names.map((name) => ({ name, kind }));

/** Milliseconds since 1970 of an instant or a date; NaN where it is none that a clock shows. */
export const millisecondsOf = (text: string): number => Date.parse(text.replace(" ", "T").replace(/\+00(:00)?$/, "Z"));

const rowsPerBatch = 500;

/**
 * A table of rows that are there: a result that was computed, or a list of the size of the market. A cursor would hold one of the few
 * connections for as long as the slowest reader takes.
 */
export function tableOf<Row>(
  name: string,
  columns: readonly TableColumn[],
  rows: readonly Row[],
  valuesOf: (row: Row) => TableRow,
): Table {
  async function* batches() {
    for (let at = 0; at < rows.length; at += rowsPerBatch) yield rows.slice(at, at + rowsPerBatch).map(valuesOf);
  }
  return { name, columns, batches: batches(), count: async () => rows.length };
}
