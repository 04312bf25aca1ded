import { z } from "zod";
import {
  type ListedSweep,
  type SweepRow,
  selectSweep,
  selectSweepMap,
  selectSweeps,
} from "../../../db/queries/research/sweeps.ts";
import { lagsWithReturn } from "../../../db/queries/research/universe.ts";
import { metricNames } from "../../backtest/sweep/metric-names.ts";
import { mostPoints, mostValues } from "../../backtest/sweep/space.ts";
import { HttpError } from "../../http/errors.ts";
import { type ApiContext, answer, defineOperation, type Operation } from "../../http/operation.ts";
import { idInUrl, limitInUrl, oneOf } from "../../http/schemas.ts";
import { pointLimits } from "./limits.ts";
import { prepareSweep } from "./prepare.ts";
import { bytesOf, cellsOf } from "./record.ts";
import { heatMapAnswer, listedSweepAnswer, type SweepFound, sweepAnswer, sweepInput } from "./schemas.ts";
import { mostKept, mostWaiting } from "./sweeps.ts";

const thousands = (value: number) => value.toLocaleString("en-US");
const path = z.strictObject({ id: idInUrl });
const parameterAllowed = "has to be the name of a parameter";
const parameter = z.string({ error: parameterAllowed }).regex(/^[A-Za-z0-9_]+$/, { error: parameterAllowed });

export const sweepOperations: Operation[] = [
  defineOperation({
    method: "post",
    path: "/api/sweeps",
    summary: "Search a strategy's parameters over one ticker's published bars, or over all tickers",
    description: [
      `Up to ${thousands(mostPoints)} points and ${thousands(mostValues)} values a parameter; one sweep runs at a time, up to ${mostWaiting} wait, and the newest ${mostKept} are kept.`,
      `Of a strategy of the universe up to ${thousands(pointLimits.universe.most)} points are run${pointLimits.universe.why}. Over the whole market it looks back over the returns that bars have, ${lagsWithReturn.join(", ")} sessions; others are counted back where tickers and months are few.`,
      "Each point is what POST /api/backtests gives on the part in sample. Parameters are chosen there only.",
      "Out of sample, and in the parts of a walk-forward test, indicators are warm from the sessions before; each part of a strategy of the universe is what POST /api/backtests gives on it.",
    ].join("\n\n"),
    request: { body: sweepInput },
    answers: { 201: { description: "The sweep, which has begun or waits.", schema: sweepAnswer } },
    handle: async ({ body }, context) => {
      const id = await context.sweeps.begin(await prepareSweep(context.read, body), context.by);
      return answer(201, await describe(context, id));
    },
  }),
  defineOperation({
    method: "get",
    path: "/api/sweeps",
    summary: "Sweeps, the newest first",
    request: { query: z.strictObject({ limit: limitInUrl }) },
    answers: {
      200: { description: "The sweeps.", schema: z.strictObject({ sweeps: z.array(listedSweepAnswer) }) },
    },
    handle: async ({ query: { limit } }, { read }) =>
      answer(200, { sweeps: (await selectSweeps(read, limit)).map(describeListed) }),
  }),
  defineOperation({
    method: "get",
    path: "/api/sweeps/{id}",
    summary: "A sweep, how far it is, and what it found",
    request: { path },
    answers: { 200: { description: "The sweep.", schema: sweepAnswer } },
    handle: async ({ path: { id } }, context) => answer(200, await describe(context, id)),
  }),
  defineOperation({
    method: "get",
    path: "/api/sweeps/{id}/heat-map",
    summary: "One metric over two of a sweep's parameters, in sample",
    request: {
      path,
      query: z.strictObject({
        metric: oneOf(metricNames).optional().meta({ description: "What was searched for, where left out." }),
        x: parameter.optional(),
        y: parameter.optional().meta({ description: "Another parameter that was searched over." }),
        show: oneOf(["best", "mean"]).default("best").meta({
          description: "Of the points that differ in other parameters the one with the best score, or their mean.",
        }),
      }),
    },
    answers: { 200: { description: "The map.", schema: heatMapAnswer } },
    handle: async ({ path: { id }, query }, { read }) => {
      const sweep = await selectSweep(read, id);
      if (sweep === null) throw unknownSweep(id);
      if (sweep.result === null) {
        throw new HttpError(409, "conflict", `Sweep ${id} has found nothing: it is ${sweep.state}.`);
      }
      const found = sweep.result as unknown as SweepFound;
      const { score } = sweep.request as { score: string };
      const metric: string = query.metric ?? score;
      if (!found.metrics.includes(metric)) {
        throw new HttpError(422, "invalid", `\`metric\` has to be one of ${found.metrics.join(", ")}.`, {
          field: "metric",
        });
      }
      const pair = findMap(found, query.x, query.y);
      const map = found.maps[pair];
      const place = bytesOf(found, { pair, show: query.show, metric });
      const bytes = place && (await selectSweepMap(read, id, place));
      if (!map || !bytes) throw unknownSweep(id);
      const { x, y, xValues, yValues } = map;
      const cells = cellsOf(bytes, xValues.length);
      return answer(200, { metric, show: query.show, x, y, xValues, yValues, cells });
    },
  }),
  defineOperation({
    method: "post",
    path: "/api/sweeps/{id}/cancel",
    summary: "Stop a sweep",
    description: "It ends within a second, and has found nothing.",
    request: { path },
    answers: { 200: { description: "The sweep.", schema: sweepAnswer } },
    handle: async ({ path: { id } }, context) => {
      await describe(context, id);
      const isCancelled = await context.sweeps.cancel(id, context.by);
      if (!isCancelled) throw new HttpError(409, "conflict", `Sweep ${id} has ended already.`);
      return answer(200, await describe(context, id));
    },
  }),
];

const unknownSweep = (id: number) =>
  new HttpError(404, "not_found", `There is no sweep ${id}. The newest ${mostKept} are kept.`);

/** The map of two parameters, in either order; the first one where none are named. */
function findMap({ maps }: SweepFound, x: string | undefined, y: string | undefined): number {
  const found = maps.findIndex((map) => [x, y].every((name) => name === undefined || name === map.x || name === map.y));
  if (found !== -1 && (x === undefined || x !== y)) return found;
  const known = maps.map((map) => (map.y === null ? map.x : `${map.x} and ${map.y}`)).join("; ");
  throw new HttpError(422, "invalid", `\`x\` and \`y\` have to be parameters that were searched over: ${known}.`, {
    field: "x",
  });
}

async function describe({ read }: Pick<ApiContext, "read">, id: number): Promise<z.input<typeof sweepAnswer>> {
  const sweep = await selectSweep(read, id);
  if (sweep === null) throw unknownSweep(id);
  return { ...describeRow(sweep), result: sweep.result as SweepFound | null };
}

const describeListed = (row: ListedSweep): z.input<typeof listedSweepAnswer> => ({
  ...describeRow(row),
  tally: row.tally as SweepFound["tally"] | null,
  best: row.best as SweepFound["best"][number] | null,
});

const describeRow = ({ id, state, points, done, error, request, createdBy, ...times }: SweepRow) => ({
  ...{ id, state, points, done, error, createdBy },
  request: request as Record<string, unknown>,
  createdAt: times.createdAt.toISOString(),
  startedAt: times.startedAt?.toISOString() ?? null,
  finishedAt: times.finishedAt?.toISOString() ?? null,
});
