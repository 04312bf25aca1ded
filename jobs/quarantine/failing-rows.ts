import type { TestFailure } from "../transform/transform.ts";

/** A failing row of a test, as far as it says what it is about. */
export type NamedRow = {
  ticker: string;
  /** Null where the row is about no one session. */
  session: string | null;
  /** What the test says is wrong with it; null where it says nothing of its own. */
  reason: string | null;
};

/** More rows than that are no single tickers' fault. */
const mostRows = 20_000;

/** What tests call the words about a row, in the order in which they are looked for. */
const reasonColumns = ["broken_rule", "reason", "problem"];
/** What the generic tests call the value of the column that they test. */
const valueColumns = ["unique_field", "value_field", "from_field"];

/** The failing rows of a test; null where they name no tickers, or too many rows for that: it is about the market as a whole. */
export async function readNamedRows(failure: TestFailure): Promise<NamedRow[] | null> {
  const { columns, columnName } = failure;
  const has = (name: string) => columns.includes(name);
  const ticker = has("ticker") ? "ticker" : columnName === "ticker" ? valueColumns.find(has) : undefined;
  if (ticker === undefined) return null;
  const session = has("trade_date") ? ["trade_date"] : [];
  const reason = reasonColumns.filter(has).slice(0, 1);
  const rows = await failure.distinct([ticker, ...session, ...reason], mostRows + 1);
  if (rows.length > mostRows) return null;
  const text = (value: unknown) => (typeof value === "string" && value !== "" ? value : null);
  const named = rows.map((row) => ({
    ticker: text(row[ticker]),
    session: text(row[session[0] ?? ""])?.slice(0, 10) ?? null,
    reason: text(row[reason[0] ?? ""]),
  }));
  return named.every((row): row is NamedRow => row.ticker !== null) ? named : null;
}
