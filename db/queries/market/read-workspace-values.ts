import type { Sql, TransactionSql } from "../../client.ts";
import { type Holder, isHeldBy } from "./read-securities.ts";
import {
  jsonArrayOf,
  relationName,
  type WorkspaceColumn,
  type WorkspaceRelation,
  type WorkspaceValue,
  workspaceExpression,
} from "./read-workspace-columns.ts";

/** How long a page waits for one model of the people's own, which may be a view of whatever cost. */
const patience = "1s";

/** Reads one relation, or fails with SQLSTATE 57014 after `patience`. In a transaction of its own: what fails in it spoils nothing else. */
async function readPatiently<Value>(sql: Sql, read: (transaction: TransactionSql) => Promise<Value>): Promise<Value> {
  const value = await sql.begin("read only", async (transaction) => {
    await transaction`select set_config('statement_timeout', ${patience}::text, true)`;
    return { read: await read(transaction) };
  });
  return value.read as Value;
}

const valuesOf = (sql: Sql, columns: readonly WorkspaceColumn[]) =>
  jsonArrayOf(
    sql,
    columns.map((column) => workspaceExpression(sql, column, "own")),
  );

/** Of whom and when a row is: the label and the security in the session, null where no security is known, and the label that it has today. */
export type WorkspaceBar = { session: string; label: string; security: string | null; newestLabel: string };

const isOf = (sql: Sql, { grain }: WorkspaceRelation, { session, label, security, newestLabel }: WorkspaceBar) => {
  if (grain === "ticker") return sql`own.ticker = ${newestLabel}::text`;
  const key =
    grain === "security_session" ? sql`own.security_id = ${security}::text` : sql`own.ticker = ${label}::text`;
  return sql`${key} and own.trade_date = ${session}::date`;
};

/** The values of a relation's columns in the row of one bar; null where it has none. */
export async function selectWorkspaceRow(
  sql: Sql,
  relation: WorkspaceRelation,
  columns: readonly WorkspaceColumn[],
  bar: WorkspaceBar,
): Promise<WorkspaceValue[] | null> {
  const [row] = await readPatiently(
    sql,
    async (transaction) =>
      await transaction<{ values: WorkspaceValue[] }[]>`
      select to_json(${valuesOf(sql, columns)}) as values
      from ${relationName(sql, relation)} as own
      where ${isOf(sql, relation, bar)}
      limit 1`,
  );
  return row?.values ?? null;
}

/** A value of a text column, and how many rows have it. */
export type WorkspaceChoice = { value: string; count: number };

/** The values of a relation's text columns in a session, the most frequent first, by name; of one with more than `most` none. */
export async function selectWorkspaceChoices(
  sql: Sql,
  relation: WorkspaceRelation,
  columns: readonly WorkspaceColumn[],
  { session, most }: { session: string; most: number },
): Promise<Map<string, WorkspaceChoice[]>> {
  const list = columns.flatMap((column, index) => [
    index > 0 ? sql`,` : sql``,
    workspaceExpression(sql, column, "own"),
  ]);
  const rows = await readPatiently(
    sql,
    async (transaction) =>
      await transaction<(WorkspaceChoice & { position: number })[]>`
      select position::int, value, count::int
      from (
        select own.position, own.value, count(*) as count, count(*) over (partition by own.position) as values
        from (
          select texts.position, texts.value
          from ${relationName(sql, relation)} as own
          cross join lateral unnest(array[${list}]::text[]) with ordinality as texts (value, position)
          where
            ${relation.grain === "ticker" ? sql`true` : sql`own.trade_date = ${session}::date`}
            and texts.value is not null
        ) as own
        group by own.position, own.value
      ) as counted
      where values <= ${most}::int
      order by position, count desc, value`,
  );
  const choices = new Map<string, WorkspaceChoice[]>();
  for (const { position, value, count } of rows) {
    const name = columns[position - 1]?.name ?? "";
    choices.set(name, [...(choices.get(name) ?? []), { value, count }]);
  }
  return choices;
}

/** A session and the values of some columns in it. */
export type WorkspaceSeriesRow = [date: string, ...values: (number | null)[]];

/** The values that a relation with sessions has of a security, or of a label, by session, ascending. */
export async function selectWorkspaceSeries(
  sql: Sql,
  relation: WorkspaceRelation,
  columns: readonly WorkspaceColumn[],
  holder: Holder,
): Promise<WorkspaceSeriesRow[]> {
  const key = sql(relation.grain === "security_session" ? "security_id" : "ticker");
  const values = columns.map((column) => sql`, (${workspaceExpression(sql, column, "own")})::float8`);
  const [found] = await readPatiently(
    sql,
    async (transaction) =>
      await transaction<[{ rows: WorkspaceSeriesRow[] }]>`
      -- By themselves first: where bars are distributed, the other relation would have to be sent to them.
      with facts as materialized (
        select ${key} as key, trade_date
        from public.fct_polygon__stock_bars_performance as bars
        where ${isHeldBy(sql, "bars", holder)}
      )
      select coalesce(json_agg(json_build_array(facts.trade_date ${values}) order by facts.trade_date), '[]') as rows
      from facts
      inner join ${relationName(sql, relation)} as own
        on own.${key} = facts.key and own.trade_date = facts.trade_date`,
  );
  return found.rows;
}
