import { openPool } from "../db/client.ts";
import { createExportHandler } from "./export-job.ts";
import { createFetchHandler } from "./ingest-job.ts";
import { openLake } from "./lake/open.ts";
import { createStageHandler } from "./load-job.ts";
import { createMarketClient } from "./market/client.ts";
import { toReport } from "./observe.ts";
import type { BatchHandler } from "./orchestrator/types.ts";
import type { WorkerSetup } from "./orchestrator/worker-runtime.ts";
import { marketCalls, type WorkerSettings } from "./settings.ts";

/** The functions that a Bun worker runs batches with, by the name that a job's mapped task gives. */
export function createHandlers({ settings, permit, report }: WorkerSetup): Record<string, BatchHandler> {
  const { lake: lakeOptions, market, databaseUrl, distributed } = settings as WorkerSettings;
  const lake = openLake(lakeOptions);
  const client = createMarketClient({
    ...market,
    limiter: { acquire: (signal) => permit(marketCalls, signal) },
    observe: (call) => report(toReport(call)),
  });
  const sql = openPool(databaseUrl, "work", { max: 3, name: "barline worker", distributed });
  return {
    fetch: createFetchHandler({ client, lake, sql }),
    stage: createStageHandler({ sql, lake }),
    export: createExportHandler({ sql, lake }),
  };
}
