import type { JsonValue, Sql, TransactionSql } from "../../client.ts";

type Metrics = Record<string, number | null>;

/** What a run came to, and what it ran on. `dates` and `equity` go together, a session each. */
export type ScenarioRun = {
  metrics: Metrics;
  dates: string[];
  equity: number[];
  /** Oldest first. */
  trades: JsonValue;
  dataVersion: string;
  ranAt: Date;
};

/** The figures of a run that another has taken the place of. */
type EarlierRun = { metrics: Metrics; dataVersion: string; ranAt: string };

/** A scenario without its curve. */
export type ScenarioRow = {
  id: number;
  name: string;
  request: JsonValue;
  metrics: Metrics;
  dataVersion: string;
  ranAt: Date;
  previous: EarlierRun | null;
  createdAt: Date;
  createdBy: string;
  updatedAt: Date;
  /** Since when it is a favourite; null where it is none. */
  starredAt: Date | null;
  deletedAt: Date | null;
};

/** One of a list, with some fifty values of its curve, the first and the last among them. */
export type ListedScenario = ScenarioRow & { curve: number[] };

export type WholeScenario = ScenarioRow & { dates: string[]; equity: number[] };

const columns = (sql: Sql) => sql`
  id, name, request, metrics, data_version as "dataVersion", ran_at as "ranAt", previous, created_at as "createdAt",
  created_by as "createdBy", updated_at as "updatedAt", starred_at as "starredAt", deleted_at as "deletedAt"`;

/** Which scenarios a list shows; `before` is the place that the last page ended at. */
export type ScenarioFilter = { deleted: boolean; starred?: boolean; before: number | null };

/** Scenarios, the newest first; the deleted ones by themselves. */
export async function selectScenarios(sql: Sql, filter: ScenarioFilter, limit: number): Promise<ListedScenario[]> {
  // The length is told once a row: asked of the array at each of its values, it would be unpacked as often.
  return await sql<ListedScenario[]>`
    with listed as materialized (
      select *, cardinality(equity) as sessions
      from barline.scenarios
      where (deleted_at is not null) = ${filter.deleted}::boolean
        and (starred_at is not null or not ${filter.starred ?? false}::boolean)
        and (${filter.before}::bigint is null or id < ${filter.before}::bigint)
      order by id desc
      limit ${limit}::int
    )
    select
      ${columns(sql)},
      array(
        select value from unnest(equity) with ordinality as points (value, position)
        where (position - 1) % greatest(1, sessions / 50) = 0 or position = sessions
        order by position
      ) as curve
    from listed
    order by id desc`;
}

/** How many there are that are not deleted. */
export async function countScenarios(sql: Sql | TransactionSql): Promise<number> {
  const [row] = await sql<[{ count: number }]>`
    select count(*)::int as count from barline.scenarios where deleted_at is null`;
  return row.count;
}

/** Scenarios with their curves, in the order of `ids`; those that are not there, or deleted, are left out. */
export async function selectScenariosById(sql: Sql, ids: number[]): Promise<WholeScenario[]> {
  return await sql<WholeScenario[]>`
    select ${columns(sql)}, to_json(equity_dates) as dates, equity
    from barline.scenarios
    where id = any (${ids}::bigint[]) and deleted_at is null
    order by array_position(${ids}::bigint[], id)`;
}

/** One scenario with its curve, deleted or not. */
export async function selectScenario(sql: Sql, id: number): Promise<WholeScenario | null> {
  const [row] = await sql<WholeScenario[]>`
    select ${columns(sql)}, to_json(equity_dates) as dates, equity from barline.scenarios where id = ${id}::bigint`;
  return row ?? null;
}

/** The trades of a scenario's run, oldest first; null where it is older than the column that keeps them. */
export async function selectScenarioTrades(sql: Sql, id: number): Promise<JsonValue> {
  const [row] = await sql<{ trades: JsonValue }[]>`select trades from barline.scenarios where id = ${id}::bigint`;
  return row?.trades ?? null;
}

/** The names that are taken and begin like `name`, in any case. */
export async function selectNamesLike(sql: Sql | TransactionSql, name: string): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    select name from barline.scenarios where deleted_at is null and starts_with(lower(name), lower(${name}::text))`;
  return rows.map((row) => row.name);
}

/** Keeps a run by a name; a name that is taken is a unique violation. Answers the new id. */
export async function insertScenario(
  transaction: TransactionSql,
  scenario: ScenarioRun & { name: string; request: JsonValue; by: string; at: Date },
): Promise<number> {
  const { name, request, metrics, dates, equity, trades, dataVersion, ranAt, by, at } = scenario;
  const [row] = await transaction<[{ id: number }]>`
    insert into barline.scenarios
      (name, request, metrics, equity_dates, equity, trades, data_version, ran_at, created_at, created_by, updated_at)
    values (${name}::text, ${transaction.json(request)}, ${transaction.json(metrics)}, ${dates}::text[]::date[],
      ${equity}::float8[], ${transaction.json(trades)}, ${dataVersion}::text, ${ranAt}::timestamptz, ${at}::timestamptz, ${by}::text, ${at}::timestamptz)
    returning id`;
  return row.id;
}

/** Another scenario with all that one has but its name. Answers its id. */
export async function copyScenario(
  transaction: TransactionSql,
  copy: { id: number; name: string; by: string; at: Date },
): Promise<number> {
  const [row] = await transaction<[{ id: number }]>`
    insert into barline.scenarios
      (name, request, metrics, equity_dates, equity, trades, data_version, ran_at, previous, created_at, created_by, updated_at)
    select ${copy.name}::text, request, metrics, equity_dates, equity, trades, data_version, ran_at, previous,
      ${copy.at}::timestamptz, ${copy.by}::text, ${copy.at}::timestamptz
    from barline.scenarios where id = ${copy.id}::bigint
    returning id`;
  return row.id;
}

/** Locks a scenario until the transaction ends, so that two changes of it follow each other. */
export async function lockScenario(
  transaction: TransactionSql,
  id: number,
): Promise<{ name: string; deletedAt: Date | null } | null> {
  const [row] = await transaction<{ name: string; deletedAt: Date | null }[]>`
    select name, deleted_at as "deletedAt" from barline.scenarios where id = ${id}::bigint for update`;
  return row ?? null;
}

/** Gives a scenario another name; one that is taken is a unique violation. */
export async function renameScenario(transaction: TransactionSql, id: number, name: string, at: Date): Promise<void> {
  await transaction`
    update barline.scenarios set name = ${name}::text, updated_at = ${at}::timestamptz where id = ${id}::bigint`;
}

/** Takes a scenario off the lists. */
export async function deleteScenario(transaction: TransactionSql, id: number, at: Date): Promise<void> {
  await transaction`update barline.scenarios set deleted_at = ${at}::timestamptz where id = ${id}::bigint`;
}

/** Makes a scenario a favourite; with null, none any more. */
export async function starScenario(transaction: TransactionSql, id: number, at: Date | null): Promise<void> {
  await transaction`update barline.scenarios set starred_at = ${at}::timestamptz where id = ${id}::bigint`;
}

/** Puts a deleted scenario back, by a name that is free. */
export async function restoreScenario(transaction: TransactionSql, id: number, name: string): Promise<void> {
  await transaction`update barline.scenarios set deleted_at = null, name = ${name}::text where id = ${id}::bigint`;
}

/** Keeps what a scenario came to when it was run again; the figures before become its earlier run. */
export async function updateScenarioRun(transaction: TransactionSql, id: number, run: ScenarioRun): Promise<void> {
  const { metrics, dates, equity, trades, dataVersion, ranAt } = run;
  await transaction`
    update barline.scenarios
    set
      previous = jsonb_build_object('metrics', metrics, 'dataVersion', data_version, 'ranAt', ran_at),
      metrics = ${transaction.json(metrics)},
      equity_dates = ${dates}::text[]::date[],
      equity = ${equity}::float8[],
      trades = ${transaction.json(trades)},
      data_version = ${dataVersion}::text,
      ran_at = ${ranAt}::timestamptz,
      updated_at = ${ranAt}::timestamptz
    where id = ${id}::bigint`;
}
