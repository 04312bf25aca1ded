import type { Context } from "hono";
import { countOpenAlerts } from "../../db/queries/operations/alerts.ts";
import { selectProblemWith } from "../../db/queries/pipeline/read-problems.ts";
import { selectUnpublished } from "../../db/queries/pipeline/read-unpublished.ts";
import { marketErrorCodes } from "../../jobs/market/failures.ts";
import { jobIds } from "../../jobs/pipeline.ts";
import packageJson from "../../package.json" with { type: "json" };
import type { Shell } from "../../views/shell.ts";
import type { AppContext } from "../context.ts";
import { assetUrls } from "./assets.ts";
import { accessOf } from "./request.ts";

/** What a page shows around its content, at the address that was asked or the one that it belongs to. */
export async function readShell(context: AppContext, c: Context, path = c.req.path): Promise<Shell> {
  const [assets, { refusal, openAlerts, unpublished }] = await Promise.all([
    assetUrls(),
    context.snapshots.of("shell", () => readNews(context)),
  ]);
  return {
    path,
    assets,
    version: packageJson.version,
    jobs: context.pipeline.orchestrator.jobs.map(({ id, title }) => ({ id, title })),
    isSimulated: context.config.market.source === "demo",
    keyRefusal: refusal && {
      runId: refusal.id,
      message: withoutAddress(refusal.error?.message ?? ""),
      advice: refusal.error?.advice ?? null,
    },
    unpublished,
    canSignOut: context.guard !== null,
    mayChange: accessOf(c) !== "read",
    openAlerts,
  };
}

/** The call that was refused is of one run; the key is refused on every page. */
const withoutAddress = (message: string) => message.replace(/ \((?:\/|https?:)[^\s)]*\)/, "");

/** What every page tells, wherever one is. */
async function readNews({ read }: AppContext) {
  const [refusal, openAlerts, unpublished] = await Promise.all([
    selectProblemWith(read, jobIds.ingest, marketErrorCodes.refusedKey),
    countOpenAlerts(read),
    selectUnpublished(read, jobIds.transform),
  ]);
  return { refusal, openAlerts, unpublished };
}
