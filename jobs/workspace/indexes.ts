import type { WorkspaceGrain } from "../../db/schema/workspace.ts";
import type { BuiltModel } from "../transform/build/context.ts";
import { indexName } from "../transform/build/names.ts";
import type { Session } from "../transform/build/session.ts";
import { literal, quoteIdentifier, quoteRelation } from "../transform/project/types.ts";

/** What pages look rows up by: by key the row of one ticker, by date all of a session. */
const lookups: Record<WorkspaceGrain, string[][]> = {
  ticker_session: [["ticker", "trade_date"], ["trade_date"]],
  security_session: [["security_id", "trade_date"], ["trade_date"]],
  ticker: [["ticker"]],
  other: [],
};

/**
 * Makes the indexes that pages need of a published table, but those that the model's own config, or an earlier build, has made. Rows of a
 * table that is built anew each time were just seen not to repeat by its key, and its index says so; of one that grows the next may.
 */
export async function indexLookups(session: Session, { model }: BuiltModel, grain: WorkspaceGrain): Promise<void> {
  const wanted = lookups[grain];
  if (wanted.length === 0 || !(await isTable(session, model.relation))) return;
  const standing = await leadingColumns(session, model.relation);
  for (const columns of wanted) {
    const isKey = columns === wanted[0];
    const unique = isKey && model.config.materialized === "table";
    if (standing.some((index) => serves(index, columns, unique))) continue;
    const name = quoteIdentifier(indexName(model, { columns, unique, type: undefined }));
    const list = columns.map(quoteIdentifier).join(", ");
    await session.run(
      `create ${unique ? "unique index" : "index"} ${name} on ${quoteRelation(model.relation)} (${list})`,
    );
  }
}

type StandingIndex = { columns: string[]; unique: boolean };

/** Whether an index begins with these columns, in whatever order. One that is to be unique is of no others. */
function serves(index: StandingIndex, columns: string[], unique: boolean): boolean {
  const leading = index.columns.slice(0, columns.length);
  const fits = columns.every((name) => leading.includes(name));
  return fits && (!unique || (index.unique && index.columns.length === columns.length));
}

type Place = BuiltModel["model"]["relation"];

const oidOf = (relation: Place) => `${literal(quoteRelation(relation))}::regclass`;

async function isTable(session: Session, relation: Place): Promise<boolean> {
  const [row] = await session.run(
    `select relkind in ('r', 'p', 'm') as is from pg_class where oid = ${oidOf(relation)}`,
  );
  return row?.is === true;
}

/** The columns of each whole index, in its order. */
async function leadingColumns(session: Session, relation: Place): Promise<StandingIndex[]> {
  const rows = await session.run(`
    select indisunique as "unique", json_agg(attname order by place) as columns
    from pg_index
    cross join lateral unnest(indkey::int2[]) with ordinality as keys (attnum, place)
    inner join pg_attribute on attrelid = indrelid and pg_attribute.attnum = keys.attnum
    where indrelid = ${oidOf(relation)} and indpred is null and indexprs is null and indisvalid
    group by indexrelid, indisunique`);
  return rows.map(({ unique, columns }) => ({
    unique: unique === true,
    columns: Array.isArray(columns) ? columns.map(String) : [],
  }));
}
