import { z } from "zod";
import {
  type DataAlertRow,
  selectCrossings,
  selectDataAlert,
  selectDataAlerts,
} from "../../db/queries/market/data-alerts.ts";
import { longestName } from "../http/names.ts";
import { type ApiContext, answer, defineOperation, type Operation } from "../http/operation.ts";
import {
  count,
  date,
  id,
  idInUrl,
  instant,
  limitInUrl,
  oneOf,
  somethingWritten,
  tickerInput,
} from "../http/schemas.ts";
import { longestValue } from "./data-alert-condition.ts";
import { conditionOf } from "./data-alert-words.ts";
import { noDataAlert } from "./data-alerts.ts";
import { oneColumn } from "./screener-query.ts";

const operators = ["above", "below", "crosses_above", "crosses_below", "equals"] as const;

const name = z.string({ error: `has to be a text of 1 to ${longestName} characters` }).meta({
  description: "Up to 100 characters; no two are alike.",
  override: { pattern: somethingWritten, maxLength: longestName },
});
const yesOrNo = z.boolean({ error: "has to be true or false" });
const condition = {
  column: z
    .string({ error: "has to be the name of a column" })
    .optional()
    .meta({
      description: "Of a ticker: an indicator, or a column of your own models as `model.column`.",
      example: "rsi_14",
      override: { pattern: `^${oneColumn}$` },
    }),
  operator: oneOf(operators)
    .optional()
    .meta({ description: "Of numbers all but `equals`; of texts, true and false, that." }),
  value: z
    .string({ error: `has to be a text of 1 to ${longestValue} characters` })
    .optional()
    .meta({
      description: "Such as `30`, `5%` or `1.5M`.",
      example: "30",
      override: { pattern: somethingWritten, maxLength: longestValue },
    }),
  tellLeaving: yesOrNo.optional().meta({ description: "Of a screen: tell of tickers that leave it too." }),
  tellAtOnce: yesOrNo.optional().meta({
    description:
      "Tell of what is so at the first check too. Else that only takes what stands; `crosses_…` always does.",
  }),
};

const dataAlert = z
  .strictObject({
    ...{ id, name: z.string() },
    screen: id.nullable().meta({ description: "The saved screen; null of a ticker, and where it is gone for good." }),
    ticker: z.string().nullable().meta({ description: "The label by which it was chosen; it follows its security." }),
    securityId: z.string().nullable(),
    column: z.string().nullable(),
    operator: z.enum(operators).nullable(),
    value: z.string().nullable().meta({ description: "Numbers as fractions, not percents." }),
    condition: z.string().meta({ description: "In words." }),
    ...{ tellLeaving: z.boolean(), tellAtOnce: z.boolean(), paused: z.boolean() },
    checkedAt: instant.nullable(),
    checkedSession: date.nullable().meta({ description: "The newest session at the last check that could tell." }),
    inside: count.nullable().meta({ description: "How many tickers were inside then; null before the first check." }),
    problem: z.string().nullable().meta({ description: "Why the last check could not tell." }),
    ...{ createdAt: instant, createdBy: z.string(), updatedAt: instant },
    deletedAt: instant.nullable().meta({ description: "It is removed for good 30 days later." }),
  })
  .meta({ id: "DataAlert" });

const crossing = z
  .strictObject({
    ...{ id, session: date, direction: z.enum(["entered", "left"]), ticker: z.string() },
    figures: z.string().meta({ description: "Its figures, as they were told." }),
    at: instant,
    alert: id.meta({ description: "The message that told of it, as `/api/alerts` has it." }),
  })
  .meta({ id: "DataAlertCrossing" });

const path = z.strictObject({ id: idInUrl });
const isAlert = { 200: { description: "The alert.", schema: dataAlert } };

const describe = (row: DataAlertRow): z.input<typeof dataAlert> => ({
  ...{ id: row.id, name: row.name, screen: row.screenId, ticker: row.ticker, securityId: row.securityId },
  ...{ column: row.columnName, operator: row.operator, value: row.value, condition: conditionOf(row) },
  ...{ tellLeaving: row.tellsLeaving, tellAtOnce: row.tellsAtOnce, paused: row.paused },
  ...{ checkedSession: row.checkedSession, inside: row.inside, problem: row.problem, createdBy: row.createdBy },
  checkedAt: row.checkedAt?.toISOString() ?? null,
  createdAt: row.createdAt.toISOString(),
  updatedAt: row.updatedAt.toISOString(),
  deletedAt: row.deletedAt?.toISOString() ?? null,
});

async function alertOf({ read }: ApiContext, alertId: number) {
  const row = await selectDataAlert(read, alertId);
  if (row === null) throw noDataAlert(alertId);
  return describe(row);
}

const reading: Operation[] = [
  defineOperation({
    method: "get",
    path: "/api/data-alerts",
    summary: "What people want to be told of the data, by name",
    answers: { 200: { description: "The alerts.", schema: z.array(dataAlert) } },
    handle: async (_, { read }) => answer(200, (await selectDataAlerts(read)).map(describe)),
  }),
  defineOperation({
    method: "get",
    path: "/api/data-alerts/{id}",
    summary: "An alert on data",
    request: { path },
    answers: isAlert,
    handle: async ({ path: asked }, context) => answer(200, await alertOf(context, asked.id)),
  }),
  defineOperation({
    method: "get",
    path: "/api/data-alerts/{id}/crossings",
    summary: "Who crossed, the newest first",
    request: {
      path,
      query: z.strictObject({
        before: idInUrl
          .optional()
          .meta({ description: "Only those with a smaller id: the last id of the page before." }),
        limit: limitInUrl,
      }),
    },
    answers: { 200: { description: "The crossings.", schema: z.array(crossing) } },
    handle: async ({ path: asked, query: { before, limit } }, context) => {
      await alertOf(context, asked.id);
      const rows = await selectCrossings(context.read, asked.id, { before: before ?? null, limit });
      return answer(
        200,
        rows.map(({ alertId, at, ...row }) => ({ ...row, at: at.toISOString(), alert: alertId })),
      );
    },
  }),
];

/** The calls about alerts on data. */
export const dataAlertOperations: Operation[] = [
  ...reading,
  defineOperation({
    method: "post",
    path: "/api/data-alerts",
    summary: "Be told when tickers enter a saved screen, or when a figure of a ticker crosses a value",
    description: "Of a screen `screen`; of a ticker `ticker`, `column`, `operator` and `value`.",
    request: { body: z.strictObject({ name, screen: id.optional(), ticker: tickerInput.optional(), ...condition }) },
    answers: { 201: { description: "The alert.", schema: dataAlert } },
    handle: async ({ body }, context) =>
      answer(201, await alertOf(context, await context.dataAlerts.create(body, context.by))),
  }),
  defineOperation({
    method: "patch",
    path: "/api/data-alerts/{id}",
    summary: "Change an alert on data, pause it, or have it go on",
    description: "Another condition, and going on, begin anew: the next check takes what stands.",
    request: { path, body: z.strictObject({ name: name.optional(), paused: yesOrNo.optional(), ...condition }) },
    answers: isAlert,
    handle: async ({ path: asked, body }, context) => {
      await context.dataAlerts.change(asked.id, body, context.by);
      return answer(200, await alertOf(context, asked.id));
    },
  }),
  defineOperation({
    method: "delete",
    path: "/api/data-alerts/{id}",
    summary: "Delete an alert on data; for 30 days it can be restored",
    request: { path },
    answers: isAlert,
    handle: async ({ path: asked }, context) => {
      await context.dataAlerts.remove(asked.id, context.by);
      return answer(200, await alertOf(context, asked.id));
    },
  }),
  defineOperation({
    method: "post",
    path: "/api/data-alerts/{id}/restore",
    summary: "Have a deleted alert on data back",
    description: "By another name where its own was given away since.",
    request: { path },
    answers: isAlert,
    handle: async ({ path: asked }, context) => {
      await context.dataAlerts.restore(asked.id, context.by);
      return answer(200, await alertOf(context, asked.id));
    },
  }),
];
