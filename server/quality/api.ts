import { z } from "zod";
import type { TestRun } from "../../db/queries/quality/read-quality.ts";
import { selectAllRejects } from "../../db/queries/quality/read-rejects.ts";
import type { TestRow } from "../../views/quality/types.ts";
import { HttpError } from "../http/errors.ts";
import { answer, defineOperation, type Operation } from "../http/operation.ts";
import {
  count,
  date,
  dateInput,
  id,
  idInUrl,
  instant,
  limitInUrl,
  numberInUrl,
  oneOf,
  textInUrl,
  tickerInput,
} from "../http/schemas.ts";
import { findRows } from "./found-rows-read.ts";
import { readLineage } from "./lineage-read.ts";
import { readProject } from "./nodes.ts";
import { readTests, testStatuses } from "./quality-read.ts";
import { readTestPage } from "./test-read.ts";

const nameAllowed = "has to be a name of at most 300 characters";
const nameInUrl = textInUrl(1, 300, nameAllowed);

const status = z
  .enum(["pass", "warn", "fail", "error", "skipped", "idle"])
  .meta({ description: "`error`: the test itself could not be run; `idle`: it has not run yet." });
const milliseconds = z.number().min(0);

const testFields = {
  name: z.string(),
  kind: z.string().meta({ example: "generic" }),
  subject: z.string().meta({ description: "The model or source (`source.table`) that it tests." }),
  column: z.string().nullable(),
  status,
  severity: z.string().meta({ description: "`error` keeps a build from being published, `warn` does not." }),
  failures: count,
};

const testAnswer = z
  .strictObject({
    ...testFields,
    message: z.string().nullable(),
    durationMs: milliseconds.nullable(),
    runId: id.nullable(),
    history: z
      .array(z.strictObject({ runId: id, status: status.nullable() }))
      .meta({ description: "The last runs, the oldest first; null where the run did not have the test." }),
  })
  .meta({ id: "QualityTest" });

const testDetailAnswer = z
  .strictObject({
    ...testFields,
    asserts: z.string().nullable().meta({ description: "In words; null once it is no longer in the project." }),
    where: z.string().nullable(),
    path: z.string().nullable(),
    sql: z.string().nullable().meta({ description: "The query whose rows are the failures." }),
    history: z.array(
      z.strictObject({
        runId: id,
        runState: z.string(),
        status,
        failures: count,
        message: z.string().nullable(),
        durationMs: milliseconds,
        finishedAt: instant,
      }),
    ),
    failingRows: z
      .strictObject({
        runId: id,
        columns: z.array(z.string()),
        rows: z.array(z.array(z.string())),
        storedIn: z.string().nullable(),
      })
      .nullable()
      .meta({ description: "Up to twenty rows of its last failure." }),
  })
  .meta({ id: "QualityTestDetail" });

const rejectAnswer = z
  .strictObject({
    id,
    runId: id,
    kind: z
      .enum(["reject", "note"])
      .meta({ description: "A note is of a row that was loaded without one of its figures." }),
    ticker: z.string().nullable(),
    session: z.string().nullable(),
    reason: z.string(),
    lakeKey: z.string(),
    row: z.unknown().meta({ description: "As it came." }),
    createdAt: instant,
  })
  .meta({ id: "Reject" });

const wayRun = z.strictObject({ runId: id, state: z.string(), at: instant.nullable() }).nullable();
const lineageAnswer = z
  .strictObject({
    ticker: z.string(),
    date,
    raw: z
      .strictObject({ key: z.string(), manifest: z.string(), request: z.string(), row: z.unknown() })
      .nullable()
      .meta({ description: "The row as the vendor answered it, and the object of the lake that holds it." }),
    ingest: wayRun,
    load: wayRun,
    transform: wayRun,
    splits: z.array(z.strictObject({ date, from: z.number(), to: z.number() })),
    relations: z.array(
      z.strictObject({ name: z.string(), row: z.record(z.string(), z.string().nullable()).nullable() }),
    ),
    workspace: z
      .array(
        z.strictObject({
          model: z.string(),
          values: z.record(z.string(), z.union([z.number(), z.string(), z.boolean()]).nullable()),
          problem: z.string().nullable().meta({ description: "Why the model cannot be read." }),
        }),
      )
      .meta({ description: "What your own models by session have of it." }),
  })
  .meta({ id: "Lineage" });

type Status = z.input<typeof status>;
const toTest = ({ history, status: at, ...test }: TestRow, runs: number[]): z.input<typeof testAnswer> => ({
  ...test,
  status: at as Status,
  history: runs.map((runId, index) => ({ runId, status: (history[index] ?? null) as Status | null })),
});
const toHistory = ({ runId, runState, failures, message, durationMs, ...row }: TestRun) => ({
  ...{ runId, runState, failures, message, durationMs },
  status: row.status as Status,
  finishedAt: row.finishedAt.toISOString(),
});
const toRun = <R extends { at: Date | null }>(run: R | null) => run && { ...run, at: run.at?.toISOString() ?? null };

export const qualityOperations: Operation[] = [
  defineOperation({
    method: "get",
    path: "/api/quality/tests",
    summary: "Data tests with their last result and the results before it",
    request: {
      query: z.strictObject({
        status: oneOf(["failed", "warned", "passed", "skipped", "unrun"]).optional(),
        subject: nameInUrl.optional().meta({ description: "A model, or a source as `source.table`." }),
      }),
    },
    answers: { 200: { description: "The tests.", schema: z.array(testAnswer) } },
    handle: async ({ query }, context) => {
      const { project } = await readProject(context);
      const { runs, tests } = await readTests(context, project);
      const wanted = query.status === undefined ? undefined : testStatuses[query.status];
      const shown = tests.filter(
        (test) =>
          (wanted === undefined || wanted.includes(test.status)) &&
          (query.subject === undefined || test.subject === query.subject),
      );
      return answer(
        200,
        shown.map((test) => toTest(test, runs)),
      );
    },
  }),
  defineOperation({
    method: "get",
    path: "/api/quality/tests/{name}",
    summary: "One data test: what it asserts, its history, and the rows that failed it last",
    request: { path: z.strictObject({ name: nameInUrl }) },
    answers: { 200: { description: "The test.", schema: testDetailAnswer } },
    handle: async ({ path }, context) => {
      const { latest, failure, history, ...view } = await readTestPage(context, path.name);
      const { name, kind, subject, column, severity, asserts, where, path: file, sql } = view;
      return answer(200, {
        ...{ name, kind, subject, column, severity, asserts, where, path: file, sql },
        status: (latest?.status ?? "idle") as Status,
        failures: latest?.failures ?? 0,
        history: history.map(toHistory),
        failingRows: failure && {
          runId: failure.runId,
          columns: failure.columns,
          rows: failure.rows.map(({ values }) => values),
          storedIn: failure.storedIn,
        },
      });
    },
  }),
  defineOperation({
    method: "get",
    path: "/api/quality/tests/{name}/rows",
    summary: "The rows that a data test finds in what is published now",
    request: {
      path: z.strictObject({ name: nameInUrl }),
      query: z.strictObject({ limit: limitInUrl, offset: numberInUrl(0, 1_000_000_000).default(0) }),
    },
    answers: {
      200: {
        description: "The rows, by column, in an order that stays the same; none where the test passes.",
        schema: z.strictObject({ total: count, rows: z.array(z.record(z.string(), z.unknown())) }),
      },
    },
    handle: async ({ path, query }, context) => answer(200, await findRows(context, path.name, query)),
  }),
  defineOperation({
    method: "get",
    path: "/api/rejects",
    summary: "Rows that failed a check, the newest first",
    request: {
      query: z.strictObject({
        reason: nameInUrl.optional(),
        ticker: tickerInput.optional(),
        session: dateInput.optional(),
        limit: limitInUrl,
        before: idInUrl
          .optional()
          .meta({ description: "Only rows with a smaller id: the last id of the page before." }),
      }),
    },
    answers: { 200: { description: "The rows.", schema: z.array(rejectAnswer) } },
    handle: async ({ query: { reason, ticker, session, limit, before } }, { read }) => {
      const filter = { reason: reason ?? null, ticker: ticker ?? null, session: session ?? null };
      const rows = await selectAllRejects(read, filter, before ?? null, limit);
      return answer(
        200,
        rows.map((row) => ({ ...row, createdAt: row.createdAt.toISOString() })),
      );
    },
  }),
  defineOperation({
    method: "get",
    path: "/api/lineage",
    summary: "Where a ticker’s session comes from: runs, the raw row, and its values in each relation",
    request: { query: z.strictObject({ ticker: tickerInput, date: dateInput }) },
    answers: { 200: { description: "The way of the bar.", schema: lineageAnswer } },
    handle: async ({ query }, context) => {
      const found = await readLineage(context, query.ticker, query.date);
      if (!found)
        throw new HttpError(404, "not_found", `Nothing is known of ${query.ticker} on ${query.date}.`, {
          field: "date",
        });
      const { ticker, session, raw, splits, stages, fed, ingest, load, transform } = found;
      return answer(200, {
        ...{ ticker, date: session, raw, splits },
        ...{ ingest: toRun(ingest), load: toRun(load), transform: toRun(transform) },
        relations: stages.map(({ name, row }) => ({ name, row })),
        workspace: fed.map(({ model, problem, values }) => ({
          ...{ model, problem },
          values: Object.fromEntries(values.map(({ column, value }) => [column, value])),
        })),
      });
    },
  }),
];
