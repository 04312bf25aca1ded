import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { z } from "zod";
import type { JsonValue, Sql } from "../db/client.ts";
import type { LoadedAnswer } from "../db/queries/market/answers.ts";
import {
  addMerge,
  allowMergeMemory,
  analyzeStaging,
  clearBatch,
  copyToStaging,
  countStaged,
  deleteSuperseded,
  emptyStaging,
  insertRejects,
  isOvertaken,
  lockBatch,
  type NewReject,
  recordUniverse,
  type UniverseFilter,
} from "../db/queries/market/load.ts";
import { endConfirmed } from "../db/queries/market/quarantine.ts";
import { lockRawTables } from "../db/queries/market/raw-lock.ts";
import { removeBars } from "../db/queries/market/removed-bars.ts";
import { beginCancellable } from "../db/queries/pipeline/cancel.ts";
import { manifestsDataset } from "./ingest-job.ts";
import { type LandedObject, readManifest, readRaw } from "./lake/manifest.ts";
import type { ObjectStore } from "./lake/store.ts";
import { type Bar, type BarReject, parseBars } from "./market/bars.ts";
import { judgeDates } from "./market/split-judgement.ts";
import type { Universe } from "./market/universe.ts";
import { findSuperseded, mergeAnswers } from "./merge.ts";
import { CancelledError } from "./orchestrator/errors.ts";
import { storableJson, storableText } from "./orchestrator/storable.ts";
import type { BatchHandler, JobDefinition, PlainTaskContext, TaskContext, TaskResult } from "./orchestrator/types.ts";
import { jobIds } from "./pipeline.ts";
import { findRepeats, keepWithheld, refetchRepeats, repeatsFound } from "./repeated-sessions.ts";

export type LoadOptions = {
  sql: Sql;
  lake: ObjectStore;
  universe: Universe;
  /** Queues a run that fetches a session again. */
  refetch(session: string): Promise<void>;
};

/** The dataset that load produces: the table of raw bars. */
export const barsDataset = "postgres_dwh://public/source_polygon_stock_bars_daily";

/** One batch of the `stage` task: objects with their place in the order of events. */
const stageBatch = z.object({
  objects: z.array(
    z.object({
      sequence: z.number(),
      key: z.string(),
      sha256: z.string(),
      rawSha256: z.string(),
      source: z.discriminatedUnion("kind", [
        z.object({ kind: z.literal("grouped"), session: z.string() }),
        // A batch that an earlier version planned does not name its range.
        z.object({
          ...{ kind: z.literal("range"), ticker: z.string() },
          ...{ from: z.string().optional(), to: z.string().optional() },
        }),
      ]),
    }),
  ),
});
type StageObject = z.infer<typeof stageBatch>["objects"][number];

/** `repeats` counts rows that said again what another of their answer said; `answers`, the good bars of each object of the batch. */
const stageOutput = z.object({
  ...{ rows: z.number(), rejects: z.number(), repeats: z.number().default(0) },
  // A batch that an earlier version staged does not tell.
  answers: z.array(z.number()).default([]),
});
type StageOutput = z.infer<typeof stageOutput>;

/** Some four sessions of the whole market: a second of work, and a few tens of megabytes at a time. */
const rowsPerBatch = 45_000;
/** A load of the whole market's month: a merge of some seconds, so that progress shows and a redo is cheap. */
const manifestsPerRun = 24;

/** Declares the job that brings landed answers into the raw table. */
export function createLoadJob(options: LoadOptions): JobDefinition {
  return {
    id: jobIds.load,
    title: "Load",
    description: "Parses and checks landed answers in Bun workers and merges them into the raw table.",
    triggeredBy: [manifestsDataset(options.lake)],
    produces: [barsDataset],
    // One at a time: the merge is one statement, and staging is emptied with it.
    maxActiveRuns: 1,
    maxClaims: manifestsPerRun,
    maxTries: 4,
    tasks: [
      {
        kind: "plain",
        name: "plan",
        description: "Reads the manifests of the claimed events and splits their objects into batches.",
        run: (context) => plan(options, context),
      },
      {
        kind: "mapped",
        name: "stage",
        description: "Checks every row; copies the good ones into staging and keeps the others with the reason.",
        handler: "stage",
      },
      {
        kind: "plain",
        name: "merge",
        description:
          "Merges staging into the raw table, leaving unchanged rows untouched, and records the dataset event.",
        run: (context) => merge(options, context),
      },
    ],
  };
}

async function plan(options: LoadOptions, context: PlainTaskContext): Promise<TaskResult> {
  const events = await context.claimedEvents();
  const manifests = await Promise.all(
    events.map(async ({ id, payload }) => {
      const { manifest } = z.object({ manifest: z.string() }).parse(payload);
      return { sequence: id, objects: (await readManifest(options.lake, manifest)).objects };
    }),
  );
  const repeats = await findRepeats(
    options.sql,
    manifests.flatMap(({ objects }) => objects),
  );
  const left = new Set(repeats.withheld.map(({ lakeKey }) => lakeKey));
  const batches: { objects: StageObject[] }[] = [];
  let rows = Number.POSITIVE_INFINITY;
  for (const { sequence, objects } of manifests) {
    for (const object of objects) {
      const planned = left.has(object.key) ? undefined : stageObject(object, sequence);
      if (!planned) continue;
      if (rows + object.rows > rowsPerBatch) {
        batches.push({ objects: [] });
        rows = 0;
      }
      batches.at(-1)?.objects.push(planned);
      rows += object.rows;
    }
  }
  context.log.info("planned the load", { events: events.length, batches: batches.length });
  return { output: { events: events.length, ...repeats }, batches: batches as unknown as JsonValue[] };
}

function stageObject(object: LandedObject, sequence: number): StageObject | undefined {
  const { key, sha256, rawSha256 } = object;
  if (object.route === "daily")
    return { sequence, key, sha256, rawSha256, source: { kind: "grouped", session: object.session } };
  if (object.route === "range") return { sequence, key, sha256, rawSha256, source: rangeOf(object) };
  return undefined;
}

function rangeOf({ ticker, from, to }: Extract<LandedObject, { route: "range" }>): StageObject["source"] {
  return { kind: "range", ticker, from, to };
}

/** Makes the `stage` handler for a worker. */
export function createStageHandler(options: { sql: Sql; lake: ObjectStore }): BatchHandler {
  return async (context) => {
    const { objects } = stageBatch.parse(context.input);
    const output = await options.sql.begin(async (transaction) => {
      await lockBatch(transaction, context.run.id, context.task.mapIndex);
      // A process that lost its lease without noticing may come late; what the later try staged must stand.
      if (await isOvertaken(transaction, context.task.id, context.task.try))
        throw new CancelledError("Another process has taken the batch over.");
      if (context.task.try > 1) await clearBatch(transaction, context.run.id, context.task.mapIndex);
      const counts: StageOutput = { rows: 0, rejects: 0, repeats: 0, answers: [] };
      const kept: NewReject[] = [];
      const copy = await copyToStaging(transaction);
      await pipeline(Readable.from(stageLines(options.lake, context, objects, counts, kept)), copy);
      if (kept.length > 0) await insertRejects(transaction, context.run.id, context.task.mapIndex, kept);
      return counts;
    });
    const { rows, rejects } = output;
    context.log.info("staged a batch", { objects: objects.length, rows, rejects });
    return { output };
  };
}

/** Lines of one COPY, object by object, so that one answer's rows are in memory at a time. */
async function* stageLines(
  lake: ObjectStore,
  context: TaskContext,
  objects: StageObject[],
  counts: StageOutput,
  kept: NewReject[],
): AsyncGenerator<string> {
  for (const [index, object] of objects.entries()) {
    if (context.signal.aborted) throw new CancelledError("The load was cancelled.");
    const parsed = parseBars(await readRaw(lake, object, { signal: context.signal }), object.source);
    kept.push(...parsed.rejects.map((row) => keptRow("reject", row, object.key)));
    kept.push(...parsed.notes.map((row) => keptRow("note", row, object.key)));
    const prefix = `${context.run.id}\t${context.task.mapIndex}\t${object.sequence}\t${object.source.kind === "range"}`;
    counts.rows += parsed.bars.length;
    counts.rejects += parsed.rejects.length;
    counts.answers.push(parsed.bars.length);
    counts.repeats += parsed.repeats;
    yield copyText(prefix, parsed.bars);
    context.progress(index + 1, objects.length, "answers");
  }
}

function keptRow(kind: NewReject["kind"], { ticker, session, reason, row }: BarReject, lakeKey: string): NewReject {
  const name = ticker === null ? null : storableText(ticker);
  return { kind, ticker: name, tradeDate: session, reason, lakeKey, row: storableJson(row as JsonValue) };
}

/** Rows in COPY's text format. No ticker has a character that would have to be escaped in it: the check of rows sees to that. */
function copyText(prefix: string, bars: Bar[]): string {
  let text = "";
  for (const bar of bars) {
    text += `${prefix}\t${bar.ticker}\t${bar.tradeDate}\t${bar.open}\t${bar.high}\t${bar.low}\t${bar.close}\t${bar.volume}\t${bar.vwap ?? "\\N"}\t${bar.transactions ?? "\\N"}\n`;
  }
  return text;
}

async function merge(options: LoadOptions, context: PlainTaskContext): Promise<TaskResult> {
  const outputs = z.array(stageOutput).parse(await context.outputsOf("stage"));
  const repeats = repeatsFound.parse((await context.outputsOf("plan"))[0]);
  const sum = (field: "rows" | "rejects" | "repeats") => outputs.reduce((total, output) => total + output[field], 0);
  const [expected, rejected, repeated] = [sum("rows"), sum("rejects"), sum("repeats")];
  const started = performance.now();
  if ((await countStaged(options.sql, context.run.id)) !== expected) await stageAgain(options, context);
  const superseded = await findSuperseded(options, context.run.id);
  const universe = universeFilter(options.universe);
  const withheld = repeats.withheld.reduce((total, { rows }) => total + rows, 0);
  const repeatedBars = await refetchRepeats(options, repeats, context);
  const answers = await readAnswers(context, outputs);
  const summary = await beginCancellable(options.sql, context.signal, async (transaction) => {
    const insertedAt = await lockRawTables(transaction);
    await allowMergeMemory(transaction);
    await analyzeStaging(transaction);
    if (superseded.length > 0) {
      const rows = await deleteSuperseded(transaction, context.run.id, superseded);
      context.log.warn("left out rows that a later answer has superseded", { rows });
    }
    await keepWithheld(transaction, context.run.id, repeats.withheld);
    if (repeatedBars.length > 0) await removeBars(transaction, repeatedBars, insertedAt);
    const staged = { runId: context.run.id, answers, universe };
    const counts = await mergeAnswers(transaction, staged, insertedAt);
    await recordUniverse(transaction, universe);
    const confirmed = await endConfirmed(transaction, context.run.id, insertedAt);
    for (const ticker of confirmed) context.log.info("a later answer ends the quarantine", { ticker });
    await emptyStaging(transaction);
    const dates = [counts.firstDate, counts.lastDate, ...repeatedBars.map(({ tradeDate }) => tradeDate)];
    const judged = await judgeDates(transaction, context.log, insertedAt, dates);
    const merged = { rows: expected, rejected, repeated, withheld, ...counts, ...judged };
    return await addMerge(transaction, context.run.id, merged);
  });
  context.log.info("merged", { ...summary, durationMs: Math.round(performance.now() - started) });
  // A recheck that found nothing changed wakes nobody; what it rejected is told of by the tests of a build.
  const changed = summary.new + summary.revised + summary.withdrawn + repeatedBars.length;
  const isNews = changed + rejected + withheld > 0 || !(await isRecheck(context));
  return { output: summary, summary, events: isNews ? [{ dataset: barsDataset, payload: summary }] : [] };
}

/** Whether all that the run claimed was fetched only to be compared. */
async function isRecheck(context: PlainTaskContext): Promise<boolean> {
  const payload = z.object({ recheck: z.literal(true) });
  return (await context.claimedEvents()).every((event) => payload.safeParse(event.payload).success);
}

/** What the run's answers are about, and how many bars each holds. */
async function readAnswers(context: PlainTaskContext, outputs: StageOutput[]): Promise<LoadedAnswer[]> {
  const batches = (await context.inputsOf("stage")).map((input) => stageBatch.parse(input));
  return batches.flatMap(({ objects }, batch) =>
    objects.flatMap(({ sequence, key: lakeKey, source }, index) => {
      const about = source.kind === "range" ? source : { ticker: null, from: source.session, to: source.session };
      const { ticker, from, to } = about;
      // A batch that an earlier version planned does not name its range: its answer is no evidence of anything.
      if (from === undefined || to === undefined) return [];
      return { sequence, lakeKey, ticker, from, to, bars: outputs[batch]?.answers[index] ?? 0 };
    }),
  );
}

/** Staging is not logged, so a crash of the server empties it under batches that had succeeded. The lake still has all. */
async function stageAgain(options: LoadOptions, context: PlainTaskContext): Promise<void> {
  context.log.warn("staging was lost with a crash of the database; staging again");
  const stage = createStageHandler(options);
  for (const [mapIndex, input] of (await context.inputsOf("stage")).entries()) {
    await stage({ ...context, input, task: { ...context.task, mapIndex, try: context.task.try + 1 } });
  }
}

function universeFilter(universe: Universe): UniverseFilter {
  return {
    types: universe.kind === "types" ? universe.types : null,
    tickers: universe.kind === "tickers" ? universe.tickers : null,
  };
}
