import { type Context, Hono } from "hono";
import { isIsoDate } from "../../jobs/market/calendar.ts";
import { RequestError } from "../../jobs/orchestrator/types.ts";
import { coveragePage } from "../../views/quality/coverage.tsx";
import { lineagePage } from "../../views/quality/lineage.tsx";
import type { LineageView } from "../../views/quality/lineage-types.ts";
import { nodePage } from "../../views/quality/node.tsx";
import { qualityPage } from "../../views/quality/quality.tsx";
import { rejectsPage } from "../../views/quality/rejects.tsx";
import { foundRowsPage } from "../../views/quality/rows.tsx";
import { testPage } from "../../views/quality/test.tsx";
import type { AppContext } from "../context.ts";
import { actorOf, fieldErrors, fieldOf, numberIn, statusOf } from "../http/request.ts";
import { readShell } from "../http/shell.ts";
import { addTableRoutes } from "../http/tables/routes.ts";
import { readCoverage } from "./coverage-read.ts";
import { createDriftRoutes } from "./drift-routes.tsx";
import { readAllFoundRows, readFoundRows } from "./found-rows-read.ts";
import { readLineage } from "./lineage-read.ts";
import { readNodePage } from "./node-read.ts";
import { readQuality, testStatuses } from "./quality-read.ts";
import { createQuarantineRoutes } from "./quarantine-routes.tsx";
import { readRejects } from "./reject-read.ts";
import { readTestPage } from "./test-read.ts";

/** Names of models, tests and reasons are short; more is none of them. */
const longestText = 200;

const textIn = (c: Context, name: string) => (c.req.query(name) ?? "").trim().slice(0, longestText);

const everyTest = { status: "", subject: "", kind: "" };

async function list(context: AppContext, c: Context): Promise<Response> {
  const status = textIn(c, "status");
  const filter = {
    status: Object.hasOwn(testStatuses, status) ? status : "",
    subject: textIn(c, "subject"),
    kind: textIn(c, "kind"),
  };
  const [shell, view] = await Promise.all([readShell(context, c), readQuality(context, filter)]);
  return c.html(qualityPage({ shell, view }));
}

/** Keeps what somebody decided of a split, and shows the list again. */
async function decideSplit(context: AppContext, c: Context): Promise<Response> {
  const form = await c.req.parseBody();
  const field = (name: string) => fieldOf(form, name);
  try {
    const split = { ticker: field("ticker"), date: field("date") };
    if (!isIsoDate(split.date)) throw new RequestError("invalid", "There is no such split.", "date");
    if (!["true", "false"].includes(field("counts"))) {
      throw new RequestError("invalid", "Say whether the split counts.", "counts");
    }
    const decision = { counts: field("counts") === "true", reason: field("reason") };
    await context.pipeline.decideSplit({ ...split, ...decision }, actorOf(c));
  } catch (error) {
    const { form: problem = "" } = fieldErrors(error, []);
    const [shell, view] = await Promise.all([readShell(context, c, "/quality"), readQuality(context, everyTest)]);
    return c.html(qualityPage({ shell, view, problem }), statusOf(error));
  }
  return c.redirect("/quality#splits", 303);
}

async function showTest(context: AppContext, c: Context): Promise<Response> {
  const name = c.req.param("name") ?? "";
  const [shell, view] = await Promise.all([readShell(context, c), readTestPage(context, name)]);
  return c.html(testPage({ shell, view }));
}

async function showFoundRows(context: AppContext, c: Context): Promise<Response> {
  const [shell, view] = await Promise.all([
    readShell(context, c),
    readFoundRows(context, c.req.param("name") ?? "", numberIn(c, "from") ?? 0),
  ]);
  c.header("Cache-Control", "no-store");
  return c.html(foundRowsPage({ shell, view }));
}

async function showNode(context: AppContext, c: Context, kind: "model" | "source"): Promise<Response> {
  const name = c.req.param("name") ?? "";
  const [shell, view] = await Promise.all([readShell(context, c), readNodePage(context, kind, name)]);
  return c.html(nodePage({ shell, view }));
}

async function showCoverage(context: AppContext, c: Context): Promise<Response> {
  const asked = { year: numberIn(c, "year"), ticker: textIn(c, "ticker") };
  const [shell, view] = await Promise.all([readShell(context, c), readCoverage(context, asked)]);
  return c.html(coveragePage({ shell, view }));
}

async function showRejects(context: AppContext, c: Context): Promise<Response> {
  const asked = { reason: textIn(c, "reason"), ticker: textIn(c, "ticker"), session: textIn(c, "session") };
  const [shell, view] = await Promise.all([readShell(context, c), readRejects(context, asked, numberIn(c, "before"))]);
  return c.html(rejectsPage({ shell, view }));
}

async function readLineageView(context: AppContext, ticker: string, date: string): Promise<LineageView> {
  const nothing = { ticker, date, lineage: null };
  if (ticker === "" || date === "") {
    const problem = "Name a ticker and a session: every value of its bar is followed from the page to the raw file.";
    return { ...nothing, problem };
  }
  if (!isIsoDate(date)) return { ...nothing, problem: `“${date}” is not a date; write it as 2025-01-02.` };
  const lineage = await readLineage(context, ticker, date);
  const problem = lineage ? null : `No answer and no table has a bar of ${ticker} on ${date}.`;
  return { ticker, date, problem, lineage };
}

async function showLineage(context: AppContext, c: Context): Promise<Response> {
  const [shell, view] = await Promise.all([
    readShell(context, c),
    readLineageView(context, textIn(c, "ticker"), textIn(c, "date")),
  ]);
  return c.html(lineagePage({ shell, view }));
}

/** `/quality` and the pages below it: how far the data can be trusted, and where each number comes from. */
export function createQualityRoutes(context: AppContext): Hono {
  const routes = new Hono();
  routes.get("/quality", (c) => list(context, c));
  routes.post("/quality/splits", (c) => decideSplit(context, c));
  routes.get("/quality/coverage", (c) => showCoverage(context, c));
  routes.get("/quality/rejects", (c) => showRejects(context, c));
  routes.get("/quality/lineage", (c) => showLineage(context, c));
  routes.route("/", createDriftRoutes(context));
  routes.route("/", createQuarantineRoutes(context));
  routes.get("/quality/tests/:name", (c) => showTest(context, c));
  routes.get("/quality/tests/:name/rows", (c) => showFoundRows(context, c));
  addTableRoutes(routes, "/quality/tests/:name/rows", (c) => readAllFoundRows(context, c.req.param("name") ?? ""));
  routes.get("/quality/models/:name", (c) => showNode(context, c, "model"));
  routes.get("/quality/sources/:name", (c) => showNode(context, c, "source"));
  return routes;
}
