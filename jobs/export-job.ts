import { z } from "zod";
import type { Sql } from "../db/client.ts";
import { newManifest, publishManifest, removeUnneeded } from "./export/manifest.ts";
import type { ExportModes } from "./export/mode.ts";
import { exportModes, tablesOf } from "./export/tables.ts";
import { writeExport } from "./export/write-export.ts";
import type { ObjectStore } from "./lake/store.ts";
import type { BatchHandler, JobDefinition, PlainTaskContext, TaskResult } from "./orchestrator/types.ts";
import { jobIds } from "./pipeline.ts";
import { martsDataset } from "./transform-job.ts";

export type ExportOptions = {
  lake: ObjectStore;
  modes: Pick<ExportModes, "read">;
  now(): Date;
};

const writeInput = z.object({ mode: z.enum(exportModes) });

/** Declares the job that writes what is published to the lake, where other programs read it. */
export function createExportJob(options: ExportOptions): JobDefinition {
  return {
    id: jobIds.export,
    title: "Export",
    description:
      "Writes what changed of the published tables to Parquet files in the lake, and then shows readers the new build, whole.",
    triggeredBy: [martsDataset],
    // Events are of no use to one that is off, and would wait for ever.
    isSubscribed: async () => (await options.modes.read()).mode !== "off",
    produces: [options.lake.uri("marts")],
    // One at a time: it replaces what the one before has written.
    maxActiveRuns: 1,
    maxClaims: 1000,
    maxTries: 3,
    runsWithoutEvents: true,
    // A build replaces the one before: while they follow each other, the last is what readers wait for.
    coalesce: { whileActive: [jobIds.ingest, jobIds.load, jobIds.transform], restFactor: 4, endWithinMs: 30_000 },
    tasks: [
      {
        kind: "plain",
        name: "plan",
        description: "Reads what is to be exported.",
        run: async (context) => plan(options, context),
      },
      {
        kind: "mapped",
        name: "write",
        description:
          "Reads all tables from one snapshot, in a Bun worker, and writes the years that changed to new files.",
        handler: "export",
      },
      {
        kind: "plain",
        name: "publish",
        description: "Replaces the list of the current build, and removes files that nobody needs any more.",
        run: (context) => publish(options, context),
      },
    ],
  };
}

async function plan({ modes }: ExportOptions, context: PlainTaskContext): Promise<TaskResult> {
  const { mode } = await modes.read();
  context.log.info("planned the export", { mode });
  return { output: { mode }, batches: mode === "off" ? [] : [{ mode }] };
}

/** Makes the `export` handler for a worker. */
export function createExportHandler({ sql, lake }: { sql: Sql; lake: ObjectStore }): BatchHandler {
  return async ({ input, signal, log, progress }) => {
    const { mode } = writeInput.parse(input);
    let rows = 0;
    const made = await writeExport({
      ...{ sql, lake, tables: tablesOf(mode), signal, log },
      progress(more) {
        rows += more;
        progress(rows, rows, "rows");
      },
    });
    return { output: made };
  };
}

async function publish({ lake, now }: ExportOptions, context: PlainTaskContext): Promise<TaskResult> {
  const made = newManifest.nullable().parse((await context.outputsOf("write"))[0] ?? null);
  if (made) await publishManifest(lake, made, now());
  const removed = await removeUnneeded(lake, now());
  if (!made) {
    context.log.info("nothing differs from what is published", { removed });
    return { summary: { removed } };
  }
  const tables = Object.values(made.tables);
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  const bytes = tables.reduce((sum, table) => sum + table.bytes, 0);
  const summary = { build: made.build, tables: tables.length, rows, bytes, removed };
  context.log.info("published", summary);
  return { output: summary, summary, events: [{ dataset: lake.uri("marts"), payload: summary }] };
}
