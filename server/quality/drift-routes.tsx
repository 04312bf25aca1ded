import { type Context, Hono } from "hono";
import { type DriftCheckRow, selectDriftChecks } from "../../db/queries/quality/drift.ts";
import type { DriftExample, DriftModel } from "../../jobs/drift/types.ts";
import { DriftChecks, type DriftLine, type DriftView, driftPage } from "../../views/quality/drift.tsx";
import type { AppContext } from "../context.ts";
import { actorOf, fieldErrors, fieldOf, statusOf, wantsFragment } from "../http/request.ts";
import { readShell } from "../http/shell.ts";
import { driftState } from "./drift-state.ts";

const checksShown = 60;
const mostTickers = 200;

function lineOf(row: DriftCheckRow): DriftLine {
  const models = row.models as unknown as DriftModel[];
  const { id, trigger, tickers, rows, differences, error, startedAt, finishedAt } = row;
  return {
    ...{ id, trigger, tickers, rows, differences, error, startedAt, finishedAt },
    state: driftState(row),
    skipped: models.flatMap(({ name, skipped }) => (skipped === null ? [] : [{ name, reason: skipped }])),
    example: row.example as DriftExample | null,
  };
}

type Form = { tickers: string; problem: string | null };
const emptyForm: Form = { tickers: "", problem: null };

async function readView(context: AppContext, form: Form): Promise<DriftView> {
  const rows = await selectDriftChecks(context.read, checksShown);
  return { checks: rows.map(lineOf), now: context.now(), ...form };
}

async function page(context: AppContext, c: Context, form: Form) {
  const [shell, view] = await Promise.all([readShell(context, c, "/quality/drift"), readView(context, form)]);
  c.header("Cache-Control", "no-store");
  return driftPage({ shell, view });
}

async function show(context: AppContext, c: Context): Promise<Response> {
  if (!wantsFragment(c, "drift-checks")) return c.html(await page(context, c, emptyForm));
  c.header("Cache-Control", "no-store");
  return c.html(<DriftChecks view={await readView(context, emptyForm)} />);
}

async function begin(context: AppContext, c: Context): Promise<Response> {
  const typed = fieldOf(await c.req.parseBody(), "tickers");
  const tickers = typed.split(/[\s,]+/).filter((ticker) => ticker !== "");
  if (tickers.length > mostTickers) {
    const problem = `Name at most ${mostTickers} tickers.`;
    return c.html(await page(context, c, { tickers: typed, problem }), 422);
  }
  try {
    await context.drift.begin(tickers.length > 0 ? { tickers } : {}, actorOf(c));
  } catch (error) {
    const { form: problem = "" } = fieldErrors(error, []);
    return c.html(await page(context, c, { tickers: typed, problem }), statusOf(error));
  }
  return c.redirect("/quality/drift", 303);
}

/** `/quality/drift`: what the daily comparison found, and a check by hand. */
export function createDriftRoutes(context: AppContext): Hono {
  const routes = new Hono();
  routes.get("/quality/drift", (c) => show(context, c));
  routes.post("/quality/drift", (c) => begin(context, c));
  return routes;
}
