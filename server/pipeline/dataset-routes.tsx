import { type Context, Hono } from "hono";
import { selectEvent, selectEvents } from "../../db/queries/pipeline/read-events.ts";
import { RequestError } from "../../jobs/orchestrator/types.ts";
import { DatasetLive, type DatasetPage, datasetPage, datasetsPage, eventPage } from "../../views/pipeline/datasets.tsx";
import type { JobTitles } from "../../views/pipeline/events.tsx";
import type { AppContext } from "../context.ts";
import { idOf, numberIn, wantsFragment } from "../http/request.ts";
import { readShell } from "../http/shell.ts";
import { readDatasets } from "./dataset-read.ts";

const pageSize = 50;

/** Titles of the declared jobs, for pages that name jobs by id. */
const titlesOf = ({ pipeline }: AppContext): JobTitles =>
  Object.fromEntries(pipeline.orchestrator.jobs.map(({ id, title }) => [id, title]));

async function readPage(context: AppContext, name: string, before: number | null): Promise<DatasetPage> {
  const [datasets, events] = await Promise.all([
    readDatasets(context),
    selectEvents(context.read, { dataset: name, before: before ?? undefined }, pageSize + 1),
  ]);
  const dataset = datasets.find((one) => one.name === name);
  if (!dataset) throw new RequestError("not_found", `There is no dataset "${name}".`);
  const shown = events.slice(0, pageSize);
  return {
    now: context.now(),
    dataset,
    titles: titlesOf(context),
    events: shown,
    url: `/datasets/${encodeURIComponent(name)}`,
    isFirstPage: before === null,
    older: events.length > pageSize ? (shown.at(-1)?.id ?? null) : null,
  };
}

async function list(context: AppContext, c: Context): Promise<Response> {
  const [shell, datasets] = await Promise.all([readShell(context, c), readDatasets(context)]);
  return c.html(datasetsPage({ shell, now: context.now(), datasets, titles: titlesOf(context) }));
}

async function show(context: AppContext, c: Context): Promise<Response> {
  const page = await readPage(context, c.req.param("name") ?? "", numberIn(c, "before"));
  if (wantsFragment(c, "dataset")) return c.html(<DatasetLive page={page} />);
  return c.html(datasetPage({ shell: await readShell(context, c), page }));
}

async function showEvent(context: AppContext, c: Context): Promise<Response> {
  const id = idOf(c, "event");
  const event = await selectEvent(context.read, id);
  if (!event) throw new RequestError("not_found", `There is no event ${id}.`);
  const shell = await readShell(context, c);
  return c.html(eventPage({ shell, now: context.now(), event, titles: titlesOf(context) }));
}

/** `/datasets`, `/datasets/:name` (its name encoded) and `/events/:id`: what was recorded, and what became of it. */
export function createDatasetRoutes(context: AppContext): Hono {
  const routes = new Hono();
  routes.get("/datasets", (c) => list(context, c));
  routes.get("/datasets/:name", (c) => show(context, c));
  routes.get("/events/:id", (c) => showEvent(context, c));
  return routes;
}
