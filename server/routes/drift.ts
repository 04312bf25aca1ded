import { type Context, Hono } from "hono";
import { type DriftCheckRow, selectDriftChecks } from "../../db/queries/drift.ts";
import type { DriftExample, DriftModel } from "../../jobs/drift/types.ts";
import { type DriftLine, driftPage } from "../../views/drift.tsx";
import type { AppContext } from "../context.ts";
import { driftState } from "../drift.ts";
import { actorOf, fieldErrors, fieldOf, statusOf } from "./request.ts";
import { readShell } from "./shell.ts";

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

async function page(context: AppContext, c: Context, form: { tickers: string; problem: string | null }) {
  const [shell, rows] = await Promise.all([
    readShell(context, "/quality/drift"),
    selectDriftChecks(context.read, checksShown),
  ]);
  c.header("Cache-Control", "no-store");
  return driftPage({ shell, view: { checks: rows.map(lineOf), now: context.now(), ...form } });
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
  routes.get("/quality/drift", async (c) => c.html(await page(context, c, { tickers: "", problem: null })));
  routes.post("/quality/drift", (c) => begin(context, c));
  return routes;
}
