import { type Distribution, sharedSchema } from "../../../db/distribution/types.ts";
import { quoteIdentifier, quoteRelation, type Relation } from "../project/types.ts";
import { readColumns } from "./catalog.ts";
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

export function createSharedCopies(session: Session, distribution: Distribution): SharedCopies {
  const { run } = session;

  async function open(copy: Relation, shape: string, wanted: string): Promise<void> {
    const [standing] = await run(`select to_regclass('${quoteRelation(copy)}') is not null as stands`);
    if (standing?.stands) {
      const columns = JSON.stringify(await readColumns(session, copy));
      if (columns === wanted) return;
      await run(`drop table ${quoteRelation(copy)}`);
    }
    await run(`create table ${quoteRelation(copy)} ${shape}`);
    await distribution.replicate(run, copy);
  }

  async function fill(copy: Relation, query: string): Promise<void> {
    await run(`truncate ${quoteRelation(copy)}`);
    await run(`insert into ${quoteRelation(copy)} ${query}`);
    await analyzeReplica(session, distribution, copy);
  }

  return {
    async bring(relation, present) {
      const copy = copyOf(relation, "");
      const name = quoteRelation(present);
      await open(copy, `(like ${name} including indexes)`, JSON.stringify(await readColumns(session, present)));
      if (!(await haveSameRows(session, present, copy))) await fill(copy, `select * from ${name}`);
      return await distribution.replicaOf(run, copy);
    },
    async bringGreatest(relation) {
      const copy = copyOf(relation, "greatest_");
      const columns = await readColumns(session, relation);
      await open(copy, `(like ${quoteRelation(relation)})`, JSON.stringify(columns));
      const greatest = columns.map(({ name, type }) =>
        type === "boolean" ? `bool_or(${quoteIdentifier(name)})` : `max(${quoteIdentifier(name)})`,
      );
      const query = `select ${greatest.join(", ")} from ${quoteRelation(relation)} having count(*) > 0`;
      await fill(copy, query);
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

/** Whether two tables of the same columns have the same rows, in any order. */
async function haveSameRows(session: Session, one: Relation, other: Relation): Promise<boolean> {
  const digest = (relation: Relation) =>
    `select count(*), sum(hashtextextended(rows::text, 0)::numeric) from ${quoteRelation(relation)} as rows`;
  const [row] = await session.run(`
    select one is not distinct from other as same from (${digest(one)}) as one, (${digest(other)}) as other`);
  return row?.same === true;
}

/** Tells the planners of the shards' servers about a replicated table. */
export async function analyzeReplica({ run }: Session, distribution: Distribution, table: Relation): Promise<void> {
  const replica = await distribution.replicaOf(run, table);
  await distribution.onShards(
    run,
    distribution.shardKeys.map(() => `analyze ${quoteRelation(replica)}`),
  );
}
