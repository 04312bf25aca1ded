import { type Context, Hono } from "hono";
import { StatementError } from "../../../db/console/statement.ts";
import { selectSavedQuery } from "../../../db/queries/research/sql-queries.ts";
import { selectSqlRun, selectSqlRuns } from "../../../db/queries/research/sql-runs.ts";
import { RequestError } from "../../../jobs/orchestrator/types.ts";
import { sqlHistoryPage, sqlPage } from "../../../views/research/sql.tsx";
import { SqlAnswer } from "../../../views/research/sql-result.tsx";
import type { SqlForm, SqlResult } from "../../../views/research/sql-view.ts";
import type { AppContext } from "../../context.ts";
import { HttpError } from "../../http/errors.ts";
import { accessOf, actorOf, fieldOf, idOf, numberIn, statusOf, wantsFragment } from "../../http/request.ts";
import { readShell } from "../../http/shell.ts";
import { answerTable } from "../../http/tables/answer.ts";
import { type TableFormat, tableFormats } from "../../http/tables/formats.ts";
import { requireSql } from "./allowed.ts";
import { sqlLimits } from "./limits.ts";
import { tableOfResult } from "./table.ts";
import { limitsTold, readSqlPage, toProblem, toResult } from "./view.ts";

const runsAPage = 50;

type Status = 200 | 409 | 422 | 429 | 503;
type Said = { result?: SqlResult; undo?: number | null; problem?: string };

async function page(
  context: AppContext,
  c: Context,
  form: SqlForm,
  said: Said = {},
  status: Status = 200,
): Promise<Response> {
  c.header("Cache-Control", "no-store");
  const mayChange = accessOf(c) !== "read";
  const [shell, view] = await Promise.all([
    readShell(context, c, "/sql"),
    readSqlPage(context, form, { ...said, mayChange }),
  ]);
  return c.html(sqlPage({ shell, view, now: context.now() }), status);
}

const newKey = () => crypto.randomUUID();
const emptyForm = (text: string): SqlForm => ({ text, key: newKey(), saved: null, name: "", nameProblem: null });

/** What the address names: a saved query, one that was run, or a text. */
async function formAt(context: AppContext, c: Context): Promise<SqlForm> {
  const [query, run] = [numberIn(c, "query"), numberIn(c, "run")];
  const saved = query === null ? null : await selectSavedQuery(context.read, query);
  if (saved !== null && saved.deletedAt === null)
    return { ...emptyForm(saved.text), saved: { id: saved.id, name: saved.name }, name: saved.name };
  const past = run === null ? null : await selectSqlRun(context.read, run, context.now());
  return emptyForm(past?.text ?? c.req.query("text") ?? "");
}

/** A text as it was typed, spaces at its ends included. */
const textOf = (form: Record<string, unknown>) =>
  typeof form.sql === "string" ? form.sql.replaceAll("\r\n", "\n") : "";

async function sentForm(context: AppContext, c: Context): Promise<{ form: SqlForm; sent: Record<string, unknown> }> {
  const sent = await c.req.parseBody();
  const query = Number(fieldOf(sent, "query"));
  const saved = Number.isSafeInteger(query) && query > 0 ? await selectSavedQuery(context.read, query) : null;
  const key = fieldOf(sent, "key");
  const form: SqlForm = {
    text: textOf(sent),
    key: /^[\w-]{1,64}$/.test(key) ? key : newKey(),
    saved: saved && saved.deletedAt === null ? { id: saved.id, name: saved.name } : null,
    name: fieldOf(sent, "name"),
    nameProblem: null,
  };
  return { form, sent };
}

/** What the console refuses before it looks at the statement, told where its result would be; everything else is thrown on. */
function refused(error: unknown): { status: Status; error: Error } {
  if (error instanceof StatementError) return { status: 422, error };
  if (!(error instanceof HttpError)) throw error;
  const { status } = error;
  if (status !== 422 && status !== 429 && status !== 503) throw error;
  return { status, error };
}

async function answer(
  context: AppContext,
  c: Context,
  form: SqlForm,
  result: SqlResult,
  status: Status,
): Promise<Response> {
  if (!wantsFragment(c, "sql-answer")) return await page(context, c, form, { result }, status);
  c.header("Cache-Control", "no-store");
  const { read, now } = context;
  const history = await selectSqlRuns(read, { before: null, limit: 10, now: now() });
  return c.html(<SqlAnswer result={result} history={history} limits={limitsTold} now={now()} />, status);
}

async function run(context: AppContext, c: Context): Promise<Response> {
  requireSql(accessOf(c), context.config);
  const { form, sent } = await sentForm(context, c);
  const wanted = fieldOf(sent, "do");
  const purpose = wanted === "plan" || wanted === "analyze" ? wanted : "rows";
  try {
    const { text, key } = form;
    const asked = { text, purpose, key, limit: sqlLimits.rows, signal: c.req.raw.signal } as const;
    const result = toResult(await context.sqlConsole.run(asked, actorOf(c)), purpose, text);
    return await answer(context, c, form, result, result.kind === "problem" ? 422 : 200);
  } catch (thrown) {
    const { status, error } = refused(thrown);
    return await answer(context, c, form, { kind: "problem", problem: toProblem(error, form.text) }, status);
  }
}

async function download(context: AppContext, c: Context, format: TableFormat): Promise<Response> {
  requireSql(accessOf(c), context.config);
  const { form } = await sentForm(context, c);
  try {
    const { text, key } = form;
    const asked = { text, purpose: "csv", key, limit: sqlLimits.csvRows, signal: c.req.raw.signal } as const;
    return await answerTable(c, tableOfResult(await context.sqlConsole.stream(asked, actorOf(c))), format);
  } catch (thrown) {
    const { status, error } = refused(thrown);
    return await page(context, c, form, { result: { kind: "problem", problem: toProblem(error, form.text) } }, status);
  }
}

async function cancel(context: AppContext, c: Context): Promise<Response> {
  requireSql(accessOf(c), context.config);
  const sent = await c.req.parseBody();
  const [id, key] = [Number(fieldOf(sent, "id")), fieldOf(sent, "key")];
  if (Number.isSafeInteger(id) && id > 0) await context.sqlConsole.cancel({ id });
  else if (/^[\w-]{1,64}$/.test(key)) await context.sqlConsole.cancel({ key });
  // What was cancelled is answered where it was asked for.
  return c.req.header("HX-Request") === "true" ? c.body(null, 204) : c.redirect("/sql", 303);
}

/** Keeps what was typed by a name: in the place of the saved query that it came from, where the name is still that one's. */
async function save(context: AppContext, c: Context): Promise<Response> {
  const { form } = await sentForm(context, c);
  const { saved } = context.sqlConsole;
  const query = { name: form.name, text: form.text };
  try {
    const isSame = form.saved !== null && form.saved.name.toLowerCase() === form.name.toLowerCase();
    if (form.saved && isSame) await saved.change(form.saved.id, query, actorOf(c));
    const id = form.saved && isSame ? form.saved.id : await saved.save(query, actorOf(c));
    return c.redirect(`/sql?query=${id}`, 303);
  } catch (error) {
    if (!(error instanceof RequestError) || error.code === "not_found") throw error;
    const isName = error.field === "name";
    const told = { ...form, nameProblem: isName ? error.message : null };
    return await page(context, c, told, isName ? {} : { problem: error.message }, statusOf(error));
  }
}

async function history(context: AppContext, c: Context): Promise<Response> {
  requireSql(accessOf(c), context.config);
  const before = numberIn(c, "before");
  const [shell, runs] = await Promise.all([
    readShell(context, c),
    selectSqlRuns(context.read, { before, limit: runsAPage + 1, now: context.now() }),
  ]);
  const shown = runs.slice(0, runsAPage);
  const older = runs.length > shown.length ? `/sql/history?before=${shown.at(-1)?.id}` : null;
  const newest = before === null ? null : "/sql/history";
  return c.html(sqlHistoryPage({ shell, history: shown, older, newest, now: context.now() }));
}

/** `/sql`: queries over what is published, their history, and those that are saved. */
export function createSqlRoutes(context: AppContext): Hono {
  const { saved } = context.sqlConsole;
  const routes = new Hono();
  routes.get("/sql", async (c) => {
    requireSql(accessOf(c), context.config);
    return await page(context, c, await formAt(context, c), { undo: numberIn(c, "deleted") });
  });
  routes.post("/sql", (c) => run(context, c));
  routes.get("/sql/history", (c) => history(context, c));
  for (const format of tableFormats) routes.post(`/sql/result.${format}`, (c: Context) => download(context, c, format));
  routes.post("/sql/cancel", (c) => cancel(context, c));
  routes.post("/sql/queries", (c) => save(context, c));
  routes.post("/sql/queries/:id/delete", async (c) => {
    const id = idOf(c, "query");
    await saved.remove(id, actorOf(c));
    return c.redirect(`/sql?deleted=${id}`, 303);
  });
  routes.post("/sql/queries/:id/restore", async (c) => {
    const id = idOf(c, "query");
    try {
      await saved.restore(id, actorOf(c));
      return c.redirect(`/sql?query=${id}`, 303);
    } catch (error) {
      if (!(error instanceof RequestError) || error.code === "not_found") throw error;
      return await page(context, c, emptyForm(""), { problem: error.message }, statusOf(error));
    }
  });
  return routes;
}
