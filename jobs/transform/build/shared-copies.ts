import { type Distribution, shardNumbers, sharedSchema } from "../../../db/distribution/types.ts";
import { literal, quoteIdentifier, quoteRelation, type Relation } from "../project/types.ts";
import { isStanding, readColumns } from "./catalog.ts";
import { shortHash } from "./names.ts";
import type { Session } from "./session.ts";

/** What shards read of the small tables that stand on the coordinator alone. */
export type SharedCopies = {
  /** Brings the copy of a table up to date: of its rows as they are at `present`. Answers what it is called where the shards are. */
  bring(relation: Relation, present: Relation): Promise<Relation>;
  /** The same of one row only, with the greatest value of each column: all that a model asks which only adds to what stands. */
  bringGreatest(relation: Relation): Promise<Relation>;
};

/** Leaves room for a shard's number. */
const longestName = 50;

/** Opens the copies for one build. */
export function createSharedCopies(session: Session, distribution: Distribution): SharedCopies {
  const { run } = session;

  async function open(copy: Relation, shape: string, wanted: string): Promise<void> {
    if (await isStanding(session, copy)) {
      const columns = JSON.stringify(await readColumns(session, copy));
      if (columns === wanted) return;
      await run(`drop table ${quoteRelation(copy)}`);
    }
    await run(`create table ${quoteRelation(copy)} ${shape}`);
    await distribution.replicate(run, copy);
  }

  return {
    async bring(relation, present) {
      const copy = copyOf(relation, "");
      const name = quoteRelation(present);
      await open(copy, `(like ${name} including indexes)`, JSON.stringify(await readColumns(session, present)));
      if (await exchangeRows(session, copy, name)) await analyzeReplica(session, distribution, copy);
      return await distribution.replicaOf(run, copy);
    },
    async bringGreatest(relation) {
      const copy = copyOf(relation, "greatest_");
      const columns = await readColumns(session, relation);
      await open(copy, `(like ${quoteRelation(relation)})`, JSON.stringify(columns));
      const greatest = columns.map(({ name, type }) =>
        type === "boolean" ? `bool_or(${quoteIdentifier(name)})` : `max(${quoteIdentifier(name)})`,
      );
      await run(`delete from ${quoteRelation(copy)}`);
      await run(`
        insert into ${quoteRelation(copy)} select ${greatest.join(", ")} from ${quoteRelation(relation)} having count(*) > 0`);
      return await distribution.replicaOf(run, copy);
    },
  };
}

function copyOf({ schema, identifier }: Relation, prefix: string): Relation {
  const name = `${prefix}${schema === "public" ? "" : `${schema}_`}${identifier}`;
  return {
    schema: sharedSchema,
    identifier: name.length <= longestName ? name : `${name.slice(0, longestName - 13)}_${shortHash(name)}`,
  };
}

/** More keys than this are not taken out one by one. */
const mostGone = 5_000;

/** Makes the rows of a copy those of a table of the same columns, in which no row is twice. Answers whether any was another. */
async function exchangeRows(session: Session, copy: Relation, present: string): Promise<boolean> {
  const { run } = session;
  const into = quoteRelation(copy);
  const key = await readKey(session, copy);
  const [found] = await run(`
    select exists (select ${hash} from ${into} as rows except select ${hash} from ${present} as rows) as has_more,
      exists (select ${hash} from ${present} as rows except select ${hash} from ${into} as rows) as lacks`);
  if (found?.has_more === true) await removeGone(run, { into, present, key });
  else if (found?.lacks !== true) return false;
  await run(`
    insert into ${into}
    select rows.* from ${present} as rows where ${hash} not in (select ${hash} from ${into} as rows)`);
  return true;
}

/** Of a whole row; two different ones of some hundred thousand have the same in one of a billion tables. */
const hash = "hashtextextended(rows::text, 0)";

type Key = { name: string; type: string };

/** A column by which rows are found, whether it tells one from another or not. */
async function readKey(session: Session, copy: Relation): Promise<Key | undefined> {
  const [row] = await session.run(`
    select attname as name, format_type(atttypid, atttypmod) as type
    from pg_index inner join pg_attribute on attrelid = indrelid and attnum = indkey[0]
    where indrelid = ${literal(quoteRelation(copy))}::regclass
    order by indisunique desc, indexrelid limit 1`);
  return row && { name: quoteIdentifier(String(row.name)), type: String(row.type) };
}

/** Takes out what is no longer so, and with it all of the same key: what is still so is put in again with what is new. */
async function removeGone(
  run: Session["run"],
  { into, present, key }: { into: string; present: string; key: Key | undefined },
): Promise<void> {
  const gone = key
    ? await run(`
        select distinct rows.${key.name}::text as key from ${into} as rows
        where ${hash} not in (select ${hash} from ${present} as rows) limit ${mostGone + 1}`)
    : undefined;
  if (!key || !gone || gone.length > mostGone) await run(`truncate ${into}`);
  else {
    const keys = gone.map((row) => literal(String(row.key))).join(", ");
    await run(`delete from ${into} where ${key.name} = any(array[${keys}]::${key.type}[])`);
  }
}

/** Tells the planners of the shards' servers about a replicated table. */
export async function analyzeReplica({ run }: Session, distribution: Distribution, table: Relation): Promise<void> {
  const replica = await distribution.replicaOf(run, table);
  await distribution.onShards(
    run,
    shardNumbers(distribution).map(() => `analyze ${quoteRelation(replica)}`),
  );
}
