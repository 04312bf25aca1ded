import { type Context, Hono } from "hono";
import { type ExportManifest, type ExportPartition, MARTS, retiredHours } from "../../jobs/export/manifest.ts";
import { jobIds } from "../../jobs/pipeline.ts";
import { type ExportPageProps, exportPage } from "../../views/operations/export.tsx";
import type { AppContext } from "../context.ts";
import { actorOf, fieldErrors, fieldOf, statusOf } from "../http/request.ts";
import { readShell } from "../http/shell.ts";

const filesPath = "/export/files/";
const hrefOf = (key: string) => filesPath + key.split("/").map(encodeURIComponent).join("/");

async function page(context: AppContext, c: Context, problem: string | null = null) {
  const { exports } = context.pipeline;
  const [shell, standing, current] = await Promise.all([
    readShell(context, c, "/export"),
    exports.standing(),
    exports.current(),
  ]);
  return exportPage({
    ...{ shell, now: context.now(), problem, keptHours: retiredHours },
    ...{ mode: standing.mode, from: standing.from },
    ...{ changedBy: standing.setting.changedBy, changedAt: standing.setting.changedAt },
    jobHref: `/jobs/${jobIds.export}`,
    place: exports.place,
    build: current ? describeBuild(current) : null,
  });
}

const describeBuild = ({ build, readAt, publishedAt, tables }: ExportManifest): ExportPageProps["build"] => ({
  name: build,
  readAt: new Date(readAt),
  publishedAt: new Date(publishedAt),
  list: hrefOf(`${MARTS}/_current.json`),
  tables: Object.values(tables)
    .sort((one, other) => (one.table < other.table ? -1 : 1))
    .map(({ table, rows, bytes, partitions }) => ({
      ...{ name: table, rows, bytes },
      files: partitions.flatMap(describeFiles),
      list: hrefOf(`${MARTS}/${table}/_current.json`),
    })),
});

const describeFiles = ({ year, files }: ExportPartition) =>
  files.map(({ key, bytes }, index) => {
    const part = files.length > 1 ? `part ${index + 1}` : "";
    return { href: hrefOf(key), bytes, label: [year ?? "whole", part].filter(String).join(", ") };
  });

async function change(context: AppContext, c: Context): Promise<Response> {
  const body = await c.req.parseBody();
  try {
    await context.pipeline.exports.change(fieldOf(body, "mode"), actorOf(c));
  } catch (error) {
    const { mode, form } = fieldErrors(error, ["mode"]);
    return c.html(await page(context, c, mode ?? form ?? null), statusOf(error));
  }
  return c.redirect("/export", 303);
}

/** What is no well-formed text names no file either. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A file of the current build, or a list of its files, as it is stored. Its name is of this build alone, so that it never changes. */
async function download(context: AppContext, c: Context): Promise<Response> {
  const key = decoded(c.req.path.slice(filesPath.length));
  const bytes = await context.pipeline.exports.file(key);
  if (key.endsWith(".json"))
    return c.body(bytes, 200, { "Content-Type": "application/json", "Cache-Control": "private, no-cache" });
  const name = key.slice(`${MARTS}/`.length).replaceAll(/[^\w.=-]/g, "-");
  return c.body(bytes, 200, {
    "Content-Type": "application/vnd.apache.parquet",
    "Content-Disposition": `attachment; filename="${name}"`,
    "Cache-Control": "private, max-age=86400, immutable",
  });
}

/** `/export`: what is written to the lake for other programs, the switch for it, and its files. */
export function createExportRoutes(context: AppContext): Hono {
  const routes = new Hono();
  routes.get("/export", async (c) => c.html(await page(context, c)));
  routes.post("/export", (c) => change(context, c));
  routes.get(`${filesPath}*`, (c) => download(context, c));
  return routes;
}
