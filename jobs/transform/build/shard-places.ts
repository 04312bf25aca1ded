import { type Distribution, shardNumbers, sharedSchema } from "../../../db/distribution/types.ts";
import type { Compiler } from "../project/compile.ts";
import { type Model, quoteRelation, type Relation } from "../project/types.ts";
import { createPlaces, type Places } from "./places.ts";
import { withQueries } from "./query.ts";
import type { Session } from "./session.ts";
import type { SharedCopies } from "./shared-copies.ts";
import { straysRelation } from "./strays.ts";

export type ShardContext = {
  session: Session;
  compiler: Compiler;
  places: Places;
  models: readonly Model[];
  database: string;
};

/** What a relation is called where it is published, and what on each shard. */
export type Placed = { relation: Relation; shards: Relation[] };

/** Finds, and puts up where need be, what a model's text reads on the shards. */
export type ShardPlaces = {
  /** All that a model reads. */
  of(model: Model): Promise<Placed[]>;
  /** The same text for each shard, with other names. */
  redirect(placed: readonly Placed[], text: string): string[];
  /** Forgets where a model lies, as another build of it stands now. */
  forget(name: string): void;
  /** Takes down the views that were put up. */
  finish(): Promise<void>;
};

const barsSource = "polygon.source_polygon_stock_bars_daily";
/** Leaves room for a shard's number. */
const longestName = 58;

/** Opens the shards of one build for what its models read. */
export function createShardPlaces(
  context: ShardContext,
  distribution: Distribution,
  copies: SharedCopies,
): ShardPlaces {
  const { compiler, places } = context;
  const { run } = context.session;
  const byName = new Map(context.models.map((model) => [model.name, model]));
  const views = createShardViews(context.session, distribution);
  const known = new Map<string, Relation[]>();

  async function place(name: string): Promise<Relation[]> {
    const shards = known.get(name) ?? (await placeAnew(name));
    known.set(name, shards);
    return shards;
  }

  async function placeAnew(name: string): Promise<Relation[]> {
    const model = byName.get(name);
    const relation = compiler.relationOf(name);
    if (!relation) throw new Error(`${name} is nothing that a shard could read.`);
    if (name === barsSource) return await views.create(relation, await barsOnShards(relation));
    if (model?.config.materialized === "view") {
      const text = await withQueries(context, (query) => compiler.renderModel(model, { query }));
      return await views.create(relation, redirect(await of(model), text));
    }
    const present = places.of(relation);
    if (model?.config.distributedBy || (await distribution.isDistributed(run, relation)))
      return await distribution.shardsOf(run, present);
    const copy = await copies.bring(relation, present);
    return shardNumbers(distribution).map(() => copy);
  }

  /** The bars of each shard's own tickers, and of others those whose security may have had one of them. */
  async function barsOnShards(relation: Relation): Promise<string[]> {
    const own = await distribution.shardsOf(run, relation);
    const strays = await distribution.replicaOf(run, straysRelation);
    return own.map(
      (shard, number) => `
        select * from ${quoteRelation(shard)}
        union all
        select * from ${quoteRelation(strays)} as strays where not ${distribution.owns(number, "strays.ticker")}`,
    );
  }

  async function of(model: Model): Promise<Placed[]> {
    const placed: Placed[] = [];
    for (const name of model.dependsOn) {
      const parent = byName.get(name);
      const relation = compiler.relationOf(name);
      // What has no table is within the text.
      if (parent?.config.materialized === "ephemeral") placed.push(...(await of(parent)));
      else if (relation) placed.push({ relation, shards: await place(name) });
    }
    return placed;
  }

  function redirect(placed: readonly Placed[], text: string): string[] {
    return shardNumbers(distribution).map((shard) => {
      const names = createPlaces(context.database);
      for (const { relation, shards } of placed) names.move(relation, shards[shard] ?? relation);
      return names.redirect(text);
    });
  }

  return { of, redirect, forget: (name) => void known.delete(name), finish: views.finish };
}

/** The views of a project, as they are on the shards for the time of a build. */
function createShardViews({ run }: Session, distribution: Distribution) {
  const dropping: string[][] = [];
  return {
    async create(relation: Relation, texts: readonly string[]): Promise<Relation[]> {
      const name = relation.identifier.slice(0, longestName);
      const shards = texts.map((_, shard) => ({ schema: sharedSchema, identifier: `${name}_v${shard}` }));
      await distribution.onShards(
        run,
        shards.map((view, shard) => `create view ${quoteRelation(view)} as ${texts[shard]}`),
      );
      dropping.push(shards.map((view) => `drop view ${quoteRelation(view)}`));
      return shards;
    },
    async finish() {
      for (const statements of [...dropping].reverse()) await distribution.onShards(run, statements);
    },
  };
}
