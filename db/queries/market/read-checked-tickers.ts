import type { Sql } from "../../client.ts";
import { isMatching, newestRows, readPlanned, type ScreenFilter } from "./read-screener.ts";
import { hasSecurities } from "./read-securities.ts";
import type { WorkspaceValue } from "./read-workspace-columns.ts";
import {
  relationsOf,
  type ScreenColumn,
  screenValues,
  workspaceJoins,
  workspaceTables,
} from "./read-workspace-screen.ts";

/** A ticker with a bar in the newest session, and its values of the columns asked for, in their order. */
export type CheckedRow = { ticker: string; values: WorkspaceValue[] };

/** Everybody whom a filter finds in the newest session, `session`, by label. */
export async function selectMatching(
  sql: Sql,
  session: string,
  filter: ScreenFilter,
  columns: readonly ScreenColumn[],
): Promise<CheckedRow[]> {
  const filtered = [...filter.bounds, ...filter.choices].map(({ column }): ScreenColumn => column);
  const relations = relationsOf([...filtered, ...columns]);
  const statement = sql`
    with ${[sql``, ...workspaceTables(sql, relations, session)]}
    bars as (${newestRows(sql, session)})
    select bars.ticker, to_json(${screenValues(sql, columns)}) as values
    from bars
    ${[sql``, ...workspaceJoins(sql, relations, session)]}
    where ${isMatching(sql, filter)}
    order by bars.ticker`;
  return relations.length > 0 ? await readPlanned<CheckedRow>(sql, statement) : await sql<CheckedRow[]>`${statement}`;
}

/** Those of some labels that have a bar in the newest session, `session`. */
export async function selectNewestValues(
  sql: Sql,
  session: string,
  tickers: readonly string[],
  columns: readonly ScreenColumn[],
): Promise<CheckedRow[]> {
  const relations = relationsOf(columns);
  const statement = sql`
    with ${[sql``, ...workspaceTables(sql, relations, session)]}
    bars as (${newestRows(sql, session)})
    select bars.ticker, to_json(${screenValues(sql, columns)}) as values
    from bars
    ${[sql``, ...workspaceJoins(sql, relations, session)]}
    where bars.ticker = any(${tickers as string[]}::text[])`;
  return relations.length > 0 ? await readPlanned<CheckedRow>(sql, statement) : await sql<CheckedRow[]>`${statement}`;
}

/** The labels of now of some securities, by security; none before securities are published. */
export async function selectLabelsNow(sql: Sql, securities: readonly string[]): Promise<Map<string, string>> {
  if (securities.length === 0 || !(await hasSecurities(sql))) return new Map();
  const rows = await sql<{ security: string; ticker: string }[]>`
    select security_id as security, ticker
    from public.dim_securities
    where security_id = any(${securities as string[]}::text[]) and ticker is not null`;
  return new Map(rows.map(({ security, ticker }) => [security, ticker]));
}

/** The securities that some labels stand for, by label; none before securities are published. */
export async function selectSecuritiesNow(sql: Sql, tickers: readonly string[]): Promise<Map<string, string>> {
  if (tickers.length === 0 || !(await hasSecurities(sql))) return new Map();
  const rows = await sql<{ security: string; ticker: string }[]>`
    select security_id as security, ticker
    from public.dim_tickers
    where ticker = any(${tickers as string[]}::text[]) and security_id is not null`;
  return new Map(rows.map(({ security, ticker }) => [ticker, security]));
}
