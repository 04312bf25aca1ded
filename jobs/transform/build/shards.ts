import { type Distribution, shardNumbers } from "../../../db/distribution/types.ts";
import type { Model, Relation } from "../project/types.ts";
import { isStanding, rowEstimateSql } from "./catalog.ts";
import { createShardPlaces, type Placed, type ShardContext } from "./shard-places.ts";
import { createSharedCopies } from "./shared-copies.ts";
import { bringStrays, openStrays } from "./strays.ts";

/**
 * A distributed warehouse's build. A model that reads bars is sent to each shard with its text unchanged, where names mean what lies there:
 * of a distributed table the shard's rows, of a small one a copy of all, and of a view the same view of these. Of what a shard answers
 * the rows of its own tickers count. A security that had several tickers has its bars in several shards, so bars of such tickers
 * lie beside every shard's own, and whoever follows the security finds all of them.
 */
export type ShardWork = {
  distribution: Distribution;
  /** Whether a model's query is sent to the shards. */
  runsThere(model: Model): boolean;
  /** A text on published names, as it is to be run on each shard for a model. */
  redirect(model: Model, text: string): Promise<string[]>;
  /** About how many rows a distributed table has; undefined where nobody knows. */
  estimateRows(relation: Relation): Promise<number | undefined>;
  /** Says that what stands of a model has changed, so that what shards read of it is brought up to date before the next one asks. */
  changed(model: Model): void;
  /** Takes down what was put up on the shards for this build. */
  finish(): Promise<void>;
};

/** The model that says which security each ticker stands for. */
const holders = "int_polygon__ticker_periods";

/** Opens the shards for a build, in the transaction of its session. */
export function createShardWork(context: ShardContext, distribution: Distribution): ShardWork {
  const { session, places, models } = context;
  const copies = createSharedCopies(session, distribution);
  const there = createShardPlaces(context, distribution, copies);
  const holding = models.find(({ name }) => name === holders);
  let straysAreHere = false;

  /** What `this` is on the shards; nothing where it does not stand yet. */
  async function placeOwn({ relation, config }: Model): Promise<Placed[]> {
    if (!(await isStanding(session, relation))) return [];
    if (config.distributedBy) return [{ relation, shards: await distribution.shardsOf(session.run, relation) }];
    const isGreatest = config.gatheredBy?.own === "greatest";
    const copy = await (isGreatest ? copies.bringGreatest(relation) : copies.bring(relation, relation));
    return [{ relation, shards: shardNumbers(distribution).map(() => copy) }];
  }

  async function prepareStrays(model: Model): Promise<void> {
    await openStrays(session, distribution);
    // Who holds a ticker is found out of the bars of each ticker by itself.
    if (straysAreHere || !holding || model.name === holders) return;
    await bringStrays(session, distribution, places.of(holding.relation));
    straysAreHere = true;
  }

  return {
    distribution,
    runsThere: ({ config }) => config.distributedBy !== undefined || config.gatheredBy !== undefined,
    async redirect(model, text) {
      await prepareStrays(model);
      return there.redirect([...(await there.of(model)), ...(await placeOwn(model))], text);
    },
    async estimateRows(relation) {
      const shards = await distribution.shardsOf(session.run, relation);
      const queries = shards.map((shard) => rowEstimateSql(shard));
      const [row] = await session.run(`
        with answers as materialized (${distribution.answersOf(queries)})
        select sum((told ->> 'rows')::float8) as rows from answers`);
      const rows = Number(row?.rows ?? 0);
      return rows > 0 ? rows : undefined;
    },
    changed: ({ name }) => there.forget(name),
    finish: there.finish,
  };
}
