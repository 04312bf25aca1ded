import { refuse } from "../project/refusal.ts";
import { type Model, quoteIdentifier, quoteRelation, type Relation, type SnapshotConfig } from "../project/types.ts";
import { readColumns } from "./catalog.ts";
import { type BuiltModel, compileModel, type ModelContext, openWork } from "./context.ts";
import { deltaRelation } from "./names.ts";
import { indexTable } from "./tables.ts";

/** dbt-postgres takes the moment of the transaction. */
const moment = "now()::timestamp without time zone";

/** The expressions of a snapshot's strategy, as dbt writes them. */
type Strategy = {
  config: SnapshotConfig;
  keys: string[];
  updatedAt: string;
  /** A row's id: of its key and of when it changed. */
  scdId: string;
  validTo: string;
  isCurrent(of: string): string;
};

function strategyOf(model: Model): Strategy {
  const config = model.config.snapshot;
  if (!config) throw refuse(model.path, "is no snapshot");
  const updatedAt = config.updatedAt ?? moment;
  const parts = [...model.config.uniqueKey, updatedAt].map((part) => `coalesce(cast(${part} as varchar), '')`);
  const { validToCurrent: current } = config;
  const column = config.columns.dbt_valid_to;
  return {
    config,
    updatedAt,
    keys: model.config.uniqueKey,
    scdId: `md5(${parts.join(" || '|' || ")})`,
    validTo: `coalesce(nullif(${updatedAt}, ${updatedAt}), ${current ?? "null"})`,
    isCurrent: (of) =>
      current === undefined ? `${of}${column} is null` : `(${of}${column} = ${current} or ${of}${column} is null)`,
  };
}

/** Takes a snapshot: the first as a table, each further one as changes within it, seen by nobody before the commit. */
export async function buildSnapshot(context: ModelContext, model: Model, fingerprint: string): Promise<BuiltModel> {
  const standing = context.standing.get(model.name);
  const sql = await compileModel(context, model, false);
  if (!standing) return buildFirst(context, model, fingerprint, sql);
  if (standing.kind !== "table") {
    throw refuse(
      model.path,
      `'${model.name}' is no table in the database; a snapshot keeps what it was, so drop it first`,
    );
  }
  return buildNext(context, model, fingerprint, sql);
}

async function buildFirst(context: ModelContext, model: Model, fingerprint: string, sql: string): Promise<BuiltModel> {
  const { session } = context;
  const strategy = strategyOf(model);
  const { columns } = strategy.config;
  const relation = await openWork(context, model);
  const created = await session.whole(`
    create table ${quoteRelation(relation)} as
    select
      *,
      ${strategy.scdId} as ${columns.dbt_scd_id},
      ${strategy.updatedAt} as ${columns.dbt_updated_at},
      ${strategy.updatedAt} as ${columns.dbt_valid_from},
      ${strategy.validTo} as ${columns.dbt_valid_to}
    from (\n${sql}\n) as snapshot_query`);
  const proven = await indexTable(session, model, relation);
  return {
    model,
    action: "created",
    rows: created.count,
    fingerprint,
    relation,
    delta: undefined,
    proven,
    reason: undefined,
  };
}

async function buildNext(context: ModelContext, model: Model, fingerprint: string, sql: string): Promise<BuiltModel> {
  const { session } = context;
  const strategy = strategyOf(model);
  const { relation } = model;
  const source = deltaRelation(model);
  const keys = strategy.keys.map((key, index) => `${key} as dbt_unique_key_${index}`).join(", ");
  await session.run(`
    create temp table ${quoteIdentifier(source.identifier)} on commit drop as
    select *, ${keys} from (\n${sql}\n) as snapshot_query`);
  await session.run(`analyze ${quoteRelation(source)}`);
  const { names, added } = await alignColumns(context, model, source, relation);
  const changed = await rowChanged(model, strategy, names, added);
  const rows = await writeChanges(context, { strategy, relation, source, names, changed, keys });
  const action = rows > 0 ? "incremental" : "unchanged";
  return { model, action, rows, fingerprint, relation, delta: undefined, proven: [], reason: undefined };
}

/** Gives the snapshot the columns that its query has and it has not. Answers the query's columns. */
async function alignColumns({ session }: ModelContext, model: Model, source: Relation, relation: Relation) {
  const own = await readColumns(session, relation);
  const present = new Set(own.map(({ name }) => name));
  const { columns } = model.config.snapshot ?? {};
  const missing = Object.values(columns ?? {}).filter((name) => !present.has(name));
  if (missing.length > 0)
    throw refuse(model.path, `the table that stands has no ${missing.join(", ")}: it is no snapshot`);
  const queried = (await readColumns(session, source)).filter(({ name }) => !/^dbt_unique_key_\d+$/.test(name));
  const added = queried.filter(({ name }) => !present.has(name));
  for (const { name, type } of added) {
    await session.run(`alter table ${quoteRelation(relation)} add column ${quoteIdentifier(name)} ${type}`);
  }
  return { names: queried.map(({ name }) => name), added: added.map(({ name }) => name) };
}

/** When a row of the source is another than the current one of the snapshot. */
function rowChanged(model: Model, { config }: Strategy, names: string[], added: string[]): string {
  if (config.strategy === "timestamp") {
    return `(snapshotted_data.${config.columns.dbt_valid_from} < source_data.${config.updatedAt})`;
  }
  const wanted =
    config.checkColumns === "all" ? names : config.checkColumns.map((column) => checkedName(model, names, column));
  if (wanted.some((name) => added.includes(name))) return "true";
  const differs = wanted.map((name) => {
    const column = quoteIdentifier(name);
    return `snapshotted_data.${column} is distinct from source_data.${column}`;
  });
  return `(${differs.join(" or ")})`;
}

function checkedName(model: Model, names: string[], column: string): string {
  const plain = column.replace(/^"|"$/g, "");
  const found = names.find((name) => name === plain) ?? names.find((name) => name === plain.toLowerCase());
  if (found === undefined) throw refuse(model.path, `check_cols names '${column}', which the query does not have`);
  return found;
}

type Changes = {
  strategy: Strategy;
  relation: Relation;
  source: Relation;
  names: string[];
  changed: string;
  keys: string;
};

/**
 * Ends the rows that changed or went, and adds what they became. The rows to end are found once, by key, and then by where they
 * lie, so that with an index on the key nothing of the snapshot's past has to be read.
 */
async function writeChanges({ session }: ModelContext, changes: Changes): Promise<number> {
  const { strategy, relation, source, names, changed, keys } = changes;
  const { columns, hardDeletes } = strategy.config;
  const target = quoteRelation(relation);
  const current = `(select *, ctid as dbt_row, ${keys} from ${target} where ${strategy.isCurrent("")})`;
  const same = strategy.keys
    .map((_, index) => `snapshotted_data.dbt_unique_key_${index} = source_data.dbt_unique_key_${index}`)
    .join(" and ");
  const list = names.map(quoteIdentifier).join(", ");
  const temporary = quoteIdentifier(`${source.identifier}_changes`);
  const found = await session.run(`
    create temp table ${temporary} on commit drop as
    select
      ${names.map((name) => `source_data.${quoteIdentifier(name)}`).join(", ")},
      snapshotted_data.dbt_row
    from ${quoteRelation(source)} as source_data
    left join ${current} as snapshotted_data on ${same}
    where snapshotted_data.dbt_unique_key_0 is null or ${changed}`);
  let ended = 0;
  if (hardDeletes === "invalidate") {
    const gone = await session.run(`
      update ${target} as target set ${columns.dbt_valid_to} = ${moment}
      from ${current} as snapshotted_data
      where target.ctid = snapshotted_data.dbt_row
        and not exists (select from ${quoteRelation(source)} as source_data where ${same})`);
    ended = gone.count;
  }
  await session.run(`
    update ${target} as target set ${columns.dbt_valid_to} = changes.dbt_changed_at
    from (select dbt_row, ${strategy.updatedAt} as dbt_changed_at from ${temporary}) as changes
    where target.ctid = changes.dbt_row`);
  await session.run(`
    insert into ${target} (${list}, ${Object.values(columns).map(quoteIdentifier).join(", ")})
    select ${list}, ${strategy.scdId}, ${strategy.updatedAt}, ${strategy.updatedAt}, ${strategy.validTo}
    from ${temporary}`);
  return found.count + ended;
}
