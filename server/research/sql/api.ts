import { z } from "zod";
import type { StatementError } from "../../../db/console/statement.ts";
import { type SavedQueryRow, selectSavedQueries, selectSavedQuery } from "../../../db/queries/research/sql-queries.ts";
import { type SqlRunRow, selectSqlRuns } from "../../../db/queries/research/sql-runs.ts";
import { HttpError } from "../../http/errors.ts";
import { type ApiContext, answer, defineOperation, type Operation } from "../../http/operation.ts";
import { booleanInUrl, id, idInUrl } from "../../http/schemas.ts";
import { requireSql } from "./allowed.ts";
import { sqlLimits } from "./limits.ts";
import { readPublished } from "./read-schema.ts";
import { noQuery } from "./saved.ts";
import { historyLimit, key, relation, savedInput, savedQuery, sqlAnswer, sqlInput, sqlRun } from "./schemas.ts";
import { toValue } from "./values.ts";

/** What is wrong with a statement, as a script is told: where, and what the server advises. */
function toSqlError({ message, details: { position, hint, code } }: StatementError): HttpError {
  const place = position === undefined ? "" : ` At character ${position}.`;
  const advice = hint === undefined ? "" : ` ${hint}`;
  const known = code === "timeout" || code === "cancelled" ? code : "statement";
  return new HttpError(422, known, `${message}${place}${advice}`, { field: "sql" });
}

const describeRun = ({ text, startedAt, ...run }: SqlRunRow) => ({
  ...run,
  sql: text,
  startedAt: startedAt.toISOString(),
});

const describeQuery = ({ text, createdAt, updatedAt, deletedAt, ...query }: SavedQueryRow) => ({
  ...query,
  sql: text,
  createdAt: createdAt.toISOString(),
  updatedAt: updatedAt.toISOString(),
  deletedAt: deletedAt?.toISOString() ?? null,
});

async function queryOf({ read }: ApiContext, queryId: number) {
  const row = await selectSavedQuery(read, queryId);
  if (row === null) throw noQuery(queryId);
  return describeQuery(row);
}

const path = z.strictObject({ id: idInUrl });
const seconds = sqlLimits.timeoutMs / 1000;

/** Statements over what is published, their history, and those that are kept by a name. */
export const sqlOperations: readonly Operation[] = [
  defineOperation({
    method: "post",
    path: "/api/sql",
    summary: "Run one query over the published tables",
    description: `As a login that reads those and nothing else, in a transaction that reads, for at most ${seconds} s; ${sqlLimits.atOnce} run at once. What is wrong with the statement is a 422 with \`statement\`, \`timeout\` or \`cancelled\`. Viewers need SQL_FOR_VIEWERS=true.`,
    request: { body: sqlInput },
    answers: { 200: { description: "The rows.", schema: sqlAnswer } },
    handle: async ({ body }, context) => {
      requireSql(context.access, context.config);
      const { sql: text, limit, purpose, key: called = null } = body;
      const result = await context.sqlConsole.run({ text, purpose, key: called, limit }, context.by);
      const { problem, rows, columns, ...rest } = result;
      if (problem !== null) throw toSqlError(problem);
      const values = rows.map((row) =>
        row.map((value, index) => toValue(columns[index] ?? { name: "", type: "text" }, value)),
      );
      return answer(200, { ...rest, columns, rows: values });
    },
  }),
  defineOperation({
    method: "post",
    path: "/api/sql/cancel",
    summary: "Cancel a query that runs",
    description: "By the id that the history has, or by the key that it was sent with.",
    request: { body: z.strictObject({ id: id.optional(), key: key.optional() }) },
    answers: {
      200: { description: "Whether one was running.", schema: z.strictObject({ cancelled: z.boolean() }) },
    },
    handle: async ({ body }, context) => {
      requireSql(context.access, context.config);
      const which = body.id !== undefined ? { id: body.id } : body.key !== undefined ? { key: body.key } : null;
      if (which === null) throw new HttpError(422, "invalid", "`id` or `key` is required.", { field: "id" });
      return answer(200, { cancelled: await context.sqlConsole.cancel(which) });
    },
  }),
  defineOperation({
    method: "get",
    path: "/api/sql/schema",
    summary: "Tables and columns that queries may read",
    answers: { 200: { description: "By name.", schema: z.strictObject({ relations: z.array(relation) }) } },
    handle: async (_, context) => {
      requireSql(context.access, context.config);
      return answer(200, { relations: await readPublished(context) });
    },
  }),
  defineOperation({
    method: "get",
    path: "/api/sql/history",
    summary: "What was run, the newest first",
    request: { query: z.strictObject({ limit: historyLimit, before: idInUrl.optional() }) },
    answers: { 200: { description: "The runs.", schema: z.strictObject({ runs: z.array(sqlRun) }) } },
    handle: async ({ query: { limit, before = null } }, context) => {
      requireSql(context.access, context.config);
      const runs = await selectSqlRuns(context.read, { before, limit, now: context.now() });
      return answer(200, { runs: runs.map(describeRun) });
    },
  }),
  defineOperation({
    method: "get",
    path: "/api/sql/queries",
    summary: "Queries that are kept by a name",
    request: {
      query: z.strictObject({ deleted: booleanInUrl.optional().meta({ description: "Those that were deleted." }) }),
    },
    answers: { 200: { description: "By name.", schema: z.strictObject({ queries: z.array(savedQuery) }) } },
    handle: async ({ query: { deleted = false } }, context) => {
      requireSql(context.access, context.config);
      const queries = await selectSavedQueries(context.read, { deleted, limit: sqlLimits.savedQueries });
      return answer(200, { queries: queries.map(describeQuery) });
    },
  }),
  defineOperation({
    method: "post",
    path: "/api/sql/queries",
    summary: "Keep a query by a name",
    request: { body: savedInput },
    answers: { 201: { description: "The query.", schema: savedQuery } },
    handle: async ({ body }, context) => {
      const created = await context.sqlConsole.saved.save({ name: body.name, text: body.sql }, context.by);
      return answer(201, await queryOf(context, created));
    },
  }),
  defineOperation({
    method: "patch",
    path: "/api/sql/queries/{id}",
    summary: "Give a kept query another name and statement",
    request: { path, body: savedInput },
    answers: { 200: { description: "The query.", schema: savedQuery } },
    handle: async ({ path: { id: queryId }, body }, context) => {
      await context.sqlConsole.saved.change(queryId, { name: body.name, text: body.sql }, context.by);
      return answer(200, await queryOf(context, queryId));
    },
  }),
  defineOperation({
    method: "delete",
    path: "/api/sql/queries/{id}",
    summary: "Delete a kept query; for 30 days it can be restored",
    request: { path },
    answers: { 200: { description: "The query, deleted.", schema: savedQuery } },
    handle: async ({ path: { id: queryId } }, context) => {
      await context.sqlConsole.saved.remove(queryId, context.by);
      return answer(200, await queryOf(context, queryId));
    },
  }),
  defineOperation({
    method: "post",
    path: "/api/sql/queries/{id}/restore",
    summary: "Have a deleted query back",
    description: "By another name where its own was given away since.",
    request: { path },
    answers: { 200: { description: "The query.", schema: savedQuery } },
    handle: async ({ path: { id: queryId } }, context) => {
      await context.sqlConsole.saved.restore(queryId, context.by);
      return answer(200, await queryOf(context, queryId));
    },
  }),
];
