import { z } from "zod";
import type { JsonValue, Sql } from "../../../db/client.ts";
import {
  deletePoints,
  insertPiece,
  selectPoints,
  selectPointsFound,
  takePointsBack,
} from "../../../db/queries/research/pieces.ts";
import type { SweepBeat } from "../../../db/queries/research/sweeps.ts";
import { countPoints } from "../../backtest/sweep/space.ts";
import type { Chunk, SweepPlan } from "../../backtest/sweep/types.ts";
import { fromBytes } from "./chunk-bytes.ts";
import type { Elsewhere } from "./pool.ts";
import { createSpans, type Span } from "./spans.ts";

/** Which points a piece is of, and of which version of program, data and strategy: only points of one version go together. */
const pointsInput = z.object({ first: z.int(), count: z.int(), version: z.string() });

export type PointsInput = z.output<typeof pointsInput>;

export const readPoints = (input: JsonValue): PointsInput => pointsInput.parse(input);

/** Points of one sweep that other processes run. */
export type Shared = Elsewhere & {
  /** Takes what has come back, gives points to whoever is free, and takes back what nobody begins once nothing else is left. */
  look(beat: SweepBeat): Promise<void>;
};

type SharedOptions = {
  sql: Sql;
  sweepId: number;
  plan: SweepPlan;
  version: string;
  /** Points that have been run so far. */
  done(): number;
  now(): number;
};

/** What a piece should take of the other's time, by the speed here: long enough that the database costs nothing. */
const pieceMs = 1500;

/** What other processes run of a sweep; what they have run of it already, for one that had it before, is kept. */
export async function createShared(options: SharedOptions): Promise<Shared> {
  const { sql, sweepId, plan, version, now } = options;
  const given = new Map<number, Span>();
  const outdated: number[] = [];
  for (const { id, input } of await selectPoints(sql, sweepId)) {
    const { version: own, ...span } = readPoints(input);
    if (own === version) given.set(id, span);
    else outdated.push(id);
  }
  if (outdated.length > 0) await deletePoints(sql, outdated);
  const spans = createSpans(countPoints(plan.axes, plan.search), [...given.values()]);
  const begun = now();
  let found: { add(chunk: Chunk): void; again(): void } | undefined;

  const collect = async (ids: number[]) => {
    for (const { id, output } of ids.length === 0 ? [] : await selectPointsFound(sql, ids)) {
      const span = given.get(id);
      given.delete(id);
      if (span) found?.add(fromBytes(output, { ...span, windows: plan.windows.length }));
    }
  };
  const takeBack = async () => {
    for (const id of await takePointsBack(sql, sweepId)) {
      const span = given.get(id);
      given.delete(id);
      if (span) spans.add(span);
    }
  };
  const give = async (pieces: number, others: number) => {
    const fitting = Math.round((options.done() * pieceMs) / Math.max(now() - begun, 1));
    const most = Math.floor(spans.left() / (2 * (others + 1)));
    const count = Math.min(fitting, most);
    if (count < 1) return;
    for (let piece = 0; piece < pieces; piece++) {
      const span = spans.take(count);
      if (span === null) return;
      try {
        given.set(await insertPiece(sql, { kind: "points", sweepId, input: { ...span, version } }), span);
      } catch (error) {
        spans.add(span);
        throw error;
      }
    }
  };

  return {
    spans,
    begin: (ways) => {
      found = ways;
    },
    look: async ({ ended, queued, others }) => {
      // Before it has begun, nobody would be told.
      if (found === undefined) return;
      await collect(ended.filter((id) => given.has(id)));
      if (spans.left() === 0 && queued > 0) await takeBack();
      else if (others > queued) await give(others - queued, others);
      found.again();
    },
  };
}
