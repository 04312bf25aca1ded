import { type Context, Hono } from "hono";
import { selectSweep } from "../../../db/queries/research/sweeps.ts";
import { tearSheetDocument, tearSheetPage } from "../../../views/research/tear-sheet.tsx";
import type { TearSheetView } from "../../../views/research/tear-sheet-view.ts";
import type { AppContext } from "../../context.ts";
import { standaloneStyles } from "../../http/assets.ts";
import { HttpError } from "../../http/errors.ts";
import { idOf } from "../../http/request.ts";
import { readShell } from "../../http/shell.ts";
import { attempt } from "../backtests/attempt.ts";
import type { RecentRuns } from "../backtests/recent-runs.ts";
import { fileNameOf } from "../backtests/tables.ts";
import { requestFromQuery, urlOfRequest } from "../backtests/url.ts";
import { readScenario } from "../scenarios/read.ts";
import { requestOf } from "../scenarios/request.ts";
import { choiceOf } from "../sweeps/choice.ts";
import { subjectOfKept, subjectOfRun, type TearSheetSubject } from "./subject.ts";
import { toTearSheetView } from "./view.ts";

type TearSheetContext = AppContext & { runs: RecentRuns };

/** What an address is a tear sheet of, and where that has a page of its own. */
type Found = { subject: TearSheetSubject; back: TearSheetView["back"]; url: string };

/** The run of a query; null where the query has faults, which the page of backtests tells at their fields. */
async function ofQuery({ runs }: TearSheetContext, c: Context): Promise<Found | null> {
  const { run } = await attempt(runs, new URL(c.req.url).searchParams);
  if (run === null) return null;
  return {
    subject: subjectOfRun(run),
    back: { href: urlOfRequest(run.scenario), label: "Back to the run" },
    url: urlOfRequest(run.scenario, "/backtest/tear-sheet"),
  };
}

/** A scenario's run, with what it is compared with where a run of now reads the same data. */
async function ofScenario(context: TearSheetContext, c: Context): Promise<Found> {
  const id = idOf(c, "scenario");
  const row = await readScenario(context, id);
  const isCurrent = row.changes.length === 0;
  const subject = isCurrent ? subjectOfRun(await context.runs.run(requestOf(row))) : subjectOfKept(row, row.changes);
  const back = { href: `/scenarios/${id}`, label: `Back to ${row.name}` };
  return { subject, back, url: `/scenarios/${id}/tear-sheet` };
}

/** The run of a sweep's best point, on the data of now. */
async function ofSweep(context: TearSheetContext, c: Context): Promise<Found> {
  const id = idOf(c, "sweep");
  const row = await selectSweep(context.read, id);
  const choice = row && choiceOf(row);
  if (choice === null) {
    throw new HttpError(404, "not_found", `There is no sweep ${id}, or it has chosen nothing.`, {
      title: "No such choice",
    });
  }
  const { request } = requestFromQuery(new URLSearchParams(urlOfRequest(choice.scenario).split("?")[1]));
  if (request === null) {
    throw new HttpError(422, "invalid", `The choice of sweep ${id} can no longer be run as it was asked for.`);
  }
  const subject = subjectOfRun(await context.runs.run(request));
  const back = { href: `/sweeps/${id}`, label: `Back to sweep ${id}` };
  return { subject: { ...subject, notes: [choice.note, ...subject.notes] }, back, url: `/sweeps/${id}/tear-sheet` };
}

/** `/backtest/tear-sheet?…` and its file are told apart by what their paths end in. */
const fileUrlOf = (url: string): string => url.replace(/tear-sheet(?=\?|$)/, "tear-sheet.html");

const viewOf = ({ subject, back, url }: Found): TearSheetView =>
  toTearSheetView(subject, { back, fileUrl: fileUrlOf(url) });

async function show(context: TearSheetContext, c: Context, found: Found): Promise<Response> {
  c.header("Cache-Control", "no-store");
  return c.html(tearSheetPage({ shell: await readShell(context, c), view: viewOf(found) }));
}

/** The same with all that it needs inside: it can be mailed, and opened without Barline. */
async function save(c: Context, found: Found): Promise<Response> {
  const name = `${fileNameOf(found.subject.scenario, "tear-sheet")}.html`;
  c.header("Cache-Control", "no-store");
  c.header("Content-Disposition", `attachment; filename="${name}"`);
  return c.html(tearSheetDocument({ view: viewOf(found), styles: await standaloneStyles() }));
}

/** Tear sheets: of a run by its query, of a scenario, and of what a sweep chose; each as a page and as a file. */
export function createTearSheetRoutes(context: TearSheetContext): Hono {
  const routes = new Hono();
  const formOf = (c: Context) => c.redirect(`/backtest${new URL(c.req.url).search}`, 303);
  routes.get("/backtest/tear-sheet", async (c) => {
    const found = await ofQuery(context, c);
    return found === null ? formOf(c) : await show(context, c, found);
  });
  routes.get("/backtest/tear-sheet.html", async (c) => {
    const found = await ofQuery(context, c);
    return found === null ? formOf(c) : await save(c, found);
  });
  routes.get("/scenarios/:id/tear-sheet", async (c) => show(context, c, await ofScenario(context, c)));
  routes.get("/scenarios/:id/tear-sheet.html", async (c) => save(c, await ofScenario(context, c)));
  routes.get("/sweeps/:id/tear-sheet", async (c) => show(context, c, await ofSweep(context, c)));
  routes.get("/sweeps/:id/tear-sheet.html", async (c) => save(c, await ofSweep(context, c)));
  return routes;
}
