import { z } from "zod";
import { countScenarios } from "../../../db/queries/research/scenarios.ts";
import { longestName } from "../../http/names.ts";
import { type ApiContext, answer, defineOperation, type Operation } from "../../http/operation.ts";
import { booleanInUrl, count, date, id, idInUrl, instant, limitInUrl, somethingWritten } from "../../http/schemas.ts";
import { backtestAnswer, backtestInput } from "../backtests/schemas.ts";
import { allMetrics, compareMetrics, rebase } from "./compare.ts";
import { idsOf, mostCompared, readComparison, readScenario, readScenarios } from "./read.ts";

const metrics = backtestAnswer.shape.metrics;
const changes = z
  .array(z.string())
  .meta({ description: "Why a run of now would differ, a sentence each; empty where it would read the same data." });

const nameAllowed = `has to be a text of 1 to ${longestName} characters`;
const name = z.string({ error: nameAllowed }).meta({
  description: "Up to 100 characters; no two are alike.",
  override: { pattern: somethingWritten, maxLength: longestName },
});

const fields = {
  id,
  name: z.string(),
  request: backtestAnswer.shape.scenario,
  metrics,
  dataVersion: z.string().meta({ description: "What the run read. Equal texts mean equal data." }),
  current: z.boolean().meta({ description: "Whether a run of now would read the same data." }),
  ranAt: instant,
  previous: z
    .strictObject({ metrics, dataVersion: z.string(), ranAt: instant })
    .nullable()
    .meta({ description: "The figures of the run before, where it was run again." }),
  createdAt: instant,
  createdBy: z.string(),
  updatedAt: instant,
  favourite: z.boolean(),
  deletedAt: instant.nullable().meta({ description: "It is removed for good 30 days later." }),
};
const listed = z.strictObject(fields).meta({ id: "Scenario" });
const whole = z
  .strictObject({
    ...fields,
    changes,
    equity: backtestAnswer.shape.equity.element.pick({ date: true, equity: true }).array(),
  })
  .meta({ id: "WholeScenario" });

const range = z.strictObject({ from: date, to: date });
const comparison = z
  .strictObject({
    rangesDiffer: z.boolean(),
    common: range.nullable().meta({ description: "What their ranges share; null where that is nothing." }),
    isCommon: z.boolean().meta({ description: "Whether these are runs over the common range, on the data of now." }),
    scenarios: z.array(
      z.strictObject({
        id,
        name: z.string(),
        from: date,
        to: date,
        metrics,
        changes,
        problem: z.string().nullable().meta({ description: "Why it could not be run over the common range." }),
      }),
    ),
    best: z
      .record(z.string(), z.array(id))
      .meta({ description: "By metric, the scenarios that have the best value; those without a best are left out." }),
    curves: z.strictObject({
      dates: z.array(date),
      values: z.array(z.array(z.number().nullable())).meta({
        description: "By scenario, equity ÷ its first; null where it has no session, or none yet.",
      }),
    }),
  })
  .meta({ id: "Comparison" });

const trueOrFalse = z.boolean({ error: "has to be true or false" });
const path = z.strictObject({ id: idInUrl });

const describe = (row: Awaited<ReturnType<typeof readScenarios>>[number]) => ({
  id: row.id,
  name: row.name,
  request: row.scenario,
  metrics: row.metrics,
  dataVersion: row.dataVersion,
  current: row.isCurrent,
  ranAt: row.ranAt.toISOString(),
  previous: row.previous && {
    ...row.previous,
    metrics: allMetrics(row.previous.metrics),
    ranAt: new Date(row.previous.ranAt).toISOString(),
  },
  createdAt: row.createdAt.toISOString(),
  createdBy: row.createdBy,
  updatedAt: row.updatedAt.toISOString(),
  favourite: row.starredAt !== null,
  deletedAt: row.deletedAt?.toISOString() ?? null,
});

async function wholeOf(context: ApiContext, scenarioId: number) {
  const row = await readScenario(context, scenarioId, { deleted: true });
  const { changes, dates, equity } = row;
  return {
    ...describe({ ...row, curve: [], isCurrent: changes.length === 0 }),
    changes,
    equity: dates.map((day, session) => ({ date: day, equity: equity[session] ?? Number.NaN })),
  };
}

async function compared(context: ApiContext, ids: string, isCommon: boolean): Promise<z.input<typeof comparison>> {
  const { scenarios, ...rest } = await readComparison(context, idsOf(ids), isCommon);
  const curves = rebase(scenarios);
  const best = compareMetrics(scenarios).flatMap((line) => {
    const winners = scenarios.flatMap((scenario, index) => (line.best[index] ? [scenario.id] : []));
    return winners.length > 0 ? [[line.name, winners] as const] : [];
  });
  return {
    ...rest,
    scenarios: scenarios.map(({ id: scenarioId, name: called, scenario: { from, to }, ...run }) => ({
      ...{ id: scenarioId, name: called, from, to, metrics: run.metrics, changes: run.changes, problem: run.problem },
    })),
    best: Object.fromEntries(best),
    curves: { dates: curves.dates, values: curves.lines.map((line) => line.values) },
  };
}

/** The calls about scenarios: backtests that are kept by name. */
export const scenarioOperations: Operation[] = [
  defineOperation({
    method: "get",
    path: "/api/scenarios",
    summary: "The scenarios, the newest first",
    request: {
      query: z.strictObject({
        deleted: booleanInUrl.optional().meta({ description: "Those that were deleted in the last 30 days instead." }),
        favourite: booleanInUrl.optional().meta({ description: "The favourites only." }),
        limit: limitInUrl,
        before: idInUrl
          .optional()
          .meta({ description: "Only scenarios with a smaller id: the last id of the page before." }),
      }),
    },
    answers: {
      200: {
        description: "The scenarios.",
        schema: z.strictObject({
          total: count.meta({ description: "All that are not deleted." }),
          scenarios: z.array(listed),
        }),
      },
    },
    handle: async ({ query: { deleted = false, favourite = false, limit, before = null } }, context) => {
      const [rows, total] = await Promise.all([
        readScenarios(context, { deleted, starred: favourite, limit, before }),
        countScenarios(context.read),
      ]);
      return answer(200, { total, scenarios: rows.map(describe) });
    },
  }),
  defineOperation({
    method: "post",
    path: "/api/scenarios",
    summary: "Run a backtest and keep it by a name",
    request: { body: z.strictObject({ name, request: backtestInput }) },
    answers: { 201: { description: "The scenario.", schema: whole } },
    handle: async ({ body }, context) => {
      const scenarioId = await context.scenarios.save(body.request, body.name, context.by);
      return answer(201, await wholeOf(context, scenarioId));
    },
  }),
  defineOperation({
    method: "get",
    path: "/api/scenarios/compare",
    summary: `Up to ${mostCompared} scenarios beside each other`,
    request: {
      query: z.strictObject({
        ids: z.string({ error: "has to be ids such as 1,2" }).meta({
          example: "1,2",
          override: { pattern: `^[1-9]\\d{0,14}(,[1-9]\\d{0,14}){0,${mostCompared - 1}}$` },
        }),
        common: booleanInUrl
          .optional()
          .meta({ description: "Run them over what their ranges share, where these differ, on the data of now." }),
      }),
    },
    answers: { 200: { description: "The comparison.", schema: comparison } },
    handle: async ({ query: { ids, common = false } }, context) => answer(200, await compared(context, ids, common)),
  }),
  defineOperation({
    method: "get",
    path: "/api/scenarios/{id}",
    summary: "One scenario with its curve",
    request: { path },
    answers: { 200: { description: "The scenario; also one that was deleted.", schema: whole } },
    handle: async ({ path }, context) => answer(200, await wholeOf(context, path.id)),
  }),
  defineOperation({
    method: "patch",
    path: "/api/scenarios/{id}",
    summary: "Rename a scenario, or make it a favourite",
    request: { path, body: z.strictObject({ name: name.optional(), favourite: trueOrFalse.optional() }) },
    answers: { 200: { description: "The scenario.", schema: whole } },
    handle: async ({ path, body }, context) => {
      if (body.name !== undefined) await context.scenarios.rename(path.id, body.name, context.by);
      if (body.favourite !== undefined) await context.scenarios.star(path.id, body.favourite, context.by);
      return answer(200, await wholeOf(context, path.id));
    },
  }),
  defineOperation({
    method: "delete",
    path: "/api/scenarios/{id}",
    summary: "Delete a scenario; for 30 days it can be restored",
    request: { path },
    answers: { 200: { description: "The scenario, deleted.", schema: whole } },
    handle: async ({ path }, context) => {
      await context.scenarios.remove(path.id, context.by);
      return answer(200, await wholeOf(context, path.id));
    },
  }),
  defineOperation({
    method: "post",
    path: "/api/scenarios/{id}/restore",
    summary: "Have a deleted scenario back",
    description: "By another name where its own was given away since.",
    request: { path },
    answers: { 200: { description: "The scenario.", schema: whole } },
    handle: async ({ path }, context) => {
      await context.scenarios.restore(path.id, context.by);
      return answer(200, await wholeOf(context, path.id));
    },
  }),
  defineOperation({
    method: "post",
    path: "/api/scenarios/{id}/run",
    summary: "Run a scenario again on the data of now",
    description: "The figures before stay as `previous`.",
    request: { path },
    answers: { 200: { description: "The scenario with its new figures.", schema: whole } },
    handle: async ({ path }, context) => {
      await context.scenarios.runAgain(path.id, context.by);
      return answer(200, await wholeOf(context, path.id));
    },
  }),
  defineOperation({
    method: "post",
    path: "/api/scenarios/{id}/duplicate",
    summary: "Keep the same run by another name",
    request: {
      path,
      body: z.strictObject({ name: name.optional().meta({ description: "“… (copy)” where left out." }) }),
    },
    answers: { 201: { description: "The copy.", schema: whole } },
    handle: async ({ path, body }, context) => {
      const copy = await context.scenarios.duplicate(path.id, body.name, context.by);
      return answer(201, await wholeOf(context, copy));
    },
  }),
];
