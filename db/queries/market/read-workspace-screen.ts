import type { Sql } from "../../client.ts";
import { type IndicatorColumn, indicatorExpression, partsOf, valuesOf } from "./read-screen-columns.ts";
import {
  jsonArrayOf,
  relationName,
  type WorkspaceColumn,
  type WorkspaceRelation,
  workspaceExpression,
} from "./read-workspace-columns.ts";

/** What a screen can show, sort and filter by: an indicator by its name, or a column of a workspace model. */
export type ScreenColumn = IndicatorColumn | WorkspaceColumn;

export const isWorkspaceColumn = (column: ScreenColumn): column is WorkspaceColumn => typeof column !== "string";

/** The expression of a column over rows called `bars`, to which `workspaceJoins` has added the relations. */
export function screenExpression(sql: Sql, column: ScreenColumn) {
  return isWorkspaceColumn(column)
    ? workspaceExpression(sql, column, column.relation.alias)
    : indicatorExpression(sql, column);
}

/** The values of some columns in one array, to be read as JSON. Indicators alone are gathered as the numbers that they are, which is faster. */
export function screenValues(sql: Sql, columns: readonly ScreenColumn[]) {
  const indicators = columns.filter((column): column is IndicatorColumn => !isWorkspaceColumn(column));
  if (indicators.length === columns.length) return valuesOf(sql, indicators);
  return jsonArrayOf(
    sql,
    columns.map((column) => screenExpression(sql, column)),
  );
}

/** A relation with what is read of it. */
type ScreenRelation = { relation: WorkspaceRelation; columns: WorkspaceColumn[] };

/** The relations that some columns are of, each once. */
export function relationsOf(columns: readonly ScreenColumn[]): ScreenRelation[] {
  const relations = Map.groupBy(columns.filter(isWorkspaceColumn), ({ relation }) => relation);
  return [...relations].map(([relation, used]) => ({ relation, columns: [...new Set(used)] }));
}

/** By whom a relation is keyed: whoever made it may have left the collation of labels to the database. */
const keyOf = (sql: Sql, { grain, alias }: WorkspaceRelation) =>
  grain === "security_session"
    ? sql`${sql(alias)}.security_id::text collate "C"`
    : sql`${sql(alias)}.ticker::text collate "C"`;

/** A model without dates is asked by today's label of whoever had another one in the session. */
const barKey = (sql: Sql, { grain }: WorkspaceRelation) =>
  grain === "security_session"
    ? sql`bars.security_id collate "C"`
    : grain === "ticker"
      ? sql`bars.newest_label collate "C"`
      : sql`bars.ticker collate "C"`;

const ofSession = (sql: Sql, { grain, alias }: WorkspaceRelation, session: string) =>
  grain === "ticker" ? sql`true` : sql`${sql(alias)}.trade_date = ${session}::date`;

/**
 * Common table expressions before a screen's own, each with a comma after it: one row a key of each relation that nothing holds to that, as a
 * row too many would show a ticker twice.
 */
export const workspaceTables = (sql: Sql, relations: readonly ScreenRelation[], session: string) =>
  relations
    .filter(({ relation }) => !relation.isUnique)
    .map(({ relation, columns }) => {
      const key = keyOf(sql, relation);
      return sql`
        ${sql(relation.alias)} as materialized (
          select distinct on (${key}) ${sql(relation.grain === "security_session" ? "security_id" : "ticker")}
            ${columns.map(({ column }) => sql`, ${sql(column)}`)}
          from ${relationName(sql, relation)} as ${sql(relation.alias)}
          where ${ofSession(sql, relation, session)}
          order by ${key}
        ),`;
    });

/** What adds relations to rows called `bars`: at most one row each, and none is as nulls. */
export const workspaceJoins = (sql: Sql, relations: readonly ScreenRelation[], session: string) =>
  relations.map(({ relation }) => {
    const alias = sql(relation.alias);
    const isSame = sql`${keyOf(sql, relation)} = ${barKey(sql, relation)}`;
    return relation.isUnique
      ? sql`left join ${relationName(sql, relation)} as ${alias} on ${isSame} and ${ofSession(sql, relation, session)}`
      : sql`left join ${alias} on ${isSame}`;
  });

/**
 * Fetches of a session's bars what some columns are worked out of: first of all tickers what decides who matches, then of the page's what is shown.
 */
export function fetchedBars(sql: Sql, session: string, columns: readonly ScreenColumn[]) {
  const parts = columns.flatMap((column) => (isWorkspaceColumn(column) ? [] : partsOf(column)));
  const read = new Set(["ticker", "security_id", "total_return_close", ...parts]);
  return sql`
    select trade_date ${[...read].map((column) => sql`, ${sql(column)}`)}
    from public.fct_polygon__stock_bars_performance
    where trade_date = ${session}::date`;
}
