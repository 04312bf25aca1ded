import type { JsonValue, Sql } from "../../../db/client.ts";
import type { WorkspaceColumn, WorkspaceGrain } from "../../../db/schema.ts";
import { hostile } from "../sample.ts";

/** Says that a model of the workspace is published, as its publication does. */
export async function listRelation(
  sql: Sql,
  model: string,
  grain: WorkspaceGrain,
  columns: readonly Partial<WorkspaceColumn>[],
): Promise<void> {
  const full = columns.map((column) => ({ kind: "number", sqlType: "numeric", description: "", ...column }));
  await sql`
    insert into barline.workspace_relations
      (name, schema, relation, grain, description, columns, group_name, published_at)
    values (${model}, 'public', ${model}, ${grain}, ${`The model ${model}`}, ${sql.json(full as JsonValue)}, ${model}, now())`;
}

/**
 * Two models over the marts' sample: `z_score` by ticker and session, a table with its key, and `sectors` by ticker, a view that repeats a ticker.
 * NEWT has no z-score in the newest session, and EVIL's sector is hostile.
 */
export async function addWorkspaceSample(sql: Sql): Promise<void> {
  await sql`
    create table public.z_score (
      ticker text collate "C", trade_date date, z_20d double precision, regime text, is_cheap boolean, notes jsonb,
      unique (ticker, trade_date))`;
  await sql`
    insert into public.z_score
    values ('AAPL', '2020-03-16', -2.5, 'down', true, null),
      ('GONE', '2020-03-16', -3.25, 'down', false, null),
      ('AAPL', '2020-03-13', 0.5, 'up', false, null),
      ('AAPL', '2024-01-09', 1.5, 'up', false, '{}'),
      ('BRK.B', '2024-01-09', 'NaN', 'a|b', true, null),
      ('EVIL', '2024-01-09', -1, null, null, null)`;
  await listRelation(sql, "z_score", "ticker_session", [
    { name: "z_20d", description: "Deviations from the average of 20 closes", sqlType: "double precision" },
    { name: "regime", kind: "text", description: "Which way it goes" },
    { name: "is_cheap", kind: "boolean" },
    { name: "notes", kind: null },
  ]);
  await sql`
    create view public.sectors as
    select ticker, sector
    from (values ('AAPL', 'Technology'), ('AAPL', 'Technology'), ('BRK.B', 'Financials'), ('EVIL', ${sql.unsafe(`'${hostile.replaceAll("'", "''")}'`)}))
      as listed (ticker, sector)`;
  await listRelation(sql, "sectors", "ticker", [{ name: "sector", kind: "text", description: "Of its business" }]);
}
