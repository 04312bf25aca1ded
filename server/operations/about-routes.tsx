import { join, resolve } from "node:path";
import { type Context, Hono } from "hono";
import { selectLatestModels } from "../../db/queries/market/read-warehouse.ts";
import { jobIds } from "../../jobs/pipeline.ts";
import { aboutPage } from "../../views/operations/about.tsx";
import type { Config } from "../config.ts";
import type { AppContext } from "../context.ts";
import { readShell } from "../http/shell.ts";
import { createPublishedLoginRoutes, readLogins } from "./published-login-routes.tsx";

function lakeOf({ s3, bucket, dataDir }: Config): string {
  if (s3 === null) return join(resolve(dataDir), "lake");
  return s3.endpoint === null ? `s3://${bucket}` : `s3://${bucket} at ${new URL(s3.endpoint).host}`;
}

type ShownLogins = Parameters<typeof readLogins>[2];

async function page(context: AppContext, c: Context, shown: ShownLogins = {}): Promise<string | Promise<string>> {
  const { config, pipeline, read } = context;
  const [shell, models, logins] = await Promise.all([
    readShell(context, c, "/about"),
    selectLatestModels(read, jobIds.transform),
    readLogins(context, c, shown),
  ]);
  const datasets = pipeline.orchestrator.jobs.flatMap((job) => [...(job.produces ?? []), ...(job.triggeredBy ?? [])]);
  const isEmbedded = config.databaseUrl === null;
  return aboutPage({
    shell,
    isSimulated: shell.isSimulated,
    source: shell.isSimulated ? "demo exchange, in this process" : new URL(config.market.baseUrl).host,
    callsPerMinute: config.market.callsPerMinute,
    universe: config.universe,
    startDate: config.startDate,
    lake: lakeOf(config),
    database: isEmbedded ? "PostgreSQL, embedded" : "PostgreSQL, of DATABASE_URL",
    // The URL holds a password: its file is readable by its owner only, and the page names the file.
    psql: isEmbedded ? `psql "$(cat ${join(resolve(config.dataDir), "postgres.url")})"` : null,
    datasets: [...new Set(datasets)],
    models,
    connect: {
      origin: config.alerts.publicUrl ?? new URL(c.req.url).origin,
      needsToken: context.guard !== null,
      database: context.publishedLogins.place.database,
      embeddedPort: isEmbedded ? context.publishedLogins.place.port : null,
    },
    logins,
  });
}

/** `/about`. */
export function createAboutRoutes(context: AppContext): Hono {
  const routes = new Hono();
  routes.get("/about", async (c) => c.html(await page(context, c)));
  routes.route(
    "/",
    createPublishedLoginRoutes(context, (c, shown) => page(context, c, shown)),
  );
  return routes;
}
