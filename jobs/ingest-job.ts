import { z } from "zod";
import type { JsonValue, Sql } from "../db/client.ts";
import {
  forgetChangedDividends,
  isBuildToCome,
  selectChangedDividends,
  selectTickersTradedSince,
} from "../db/queries/market/reference.ts";
import { keepSessionPrint, selectAlikeSessions } from "../db/queries/market/session-prints.ts";
import { MANIFESTS } from "./lake/layout.ts";
import { type LandedObject, landAnswer, type Manifest, writeManifest } from "./lake/manifest.ts";
import type { ObjectStore } from "./lake/store.ts";
import { isRepeat, requireBars, requireSession } from "./market/answers.ts";
import { isSession, settledSessions, settlesAt, upcomingSessions } from "./market/calendar.ts";
import type { MarketClient } from "./market/client.ts";
import { printOf } from "./market/print.ts";
import { createRechecks } from "./market/rechecks.ts";
import type { ReferenceData } from "./market/reference-data.ts";
import type { Universe } from "./market/universe.ts";
import { PermanentError, RetryableError } from "./orchestrator/errors.ts";
import type { BatchHandler, JobDefinition, PlainTaskContext, TaskContext, TaskResult } from "./orchestrator/types.ts";
import { jobIds } from "./pipeline.ts";
import type { PipelineSettings } from "./settings.ts";

export type IngestOptions = {
  settings: PipelineSettings;
  sql: Sql;
  lake: ObjectStore;
  reference: ReferenceData;
  /** Queues a build of the models, for what no bar wakes it for. */
  rebuild(): Promise<void>;
  now(): Date;
};

/** What a run's parameters may say; a scheduled run has none and fetches its one session grouped. */
const ingestParameters = z.object({
  strategy: z.enum(["grouped", "per_ticker"]).default("grouped"),
  /** Named by the person who asked; the universe where left out. */
  tickers: z.array(z.string()).optional(),
  /** Whether it only compares: another run answers for the session. The orchestrator says it of what it queues by itself. */
  recheck: z.boolean().optional(),
  /** First day that the whole backfill wants, so that splits are read once for all its runs. */
  referenceFrom: z.string().optional(),
});

/** One batch of the `fetch` task. */
const fetchBatch = z.discriminatedUnion("strategy", [
  z.object({ strategy: z.literal("grouped"), session: z.string() }),
  z.object({ strategy: z.literal("per_ticker"), tickers: z.array(z.string()), from: z.string(), to: z.string() }),
]);
type FetchBatch = z.infer<typeof fetchBatch>;

/** Few enough that a batch that fails redoes little, many enough that its bookkeeping does not show. */
const tickersPerBatch = 25;

/** The dataset that ingest produces: the manifests of what it landed. */
export const manifestsDataset = (lake: ObjectStore): string => lake.uri(MANIFESTS);

/** Declares the job that fetches sessions into the lake. */
export function createIngestJob(options: IngestOptions): JobDefinition {
  const { settings } = options;
  return {
    id: jobIds.ingest,
    title: "Ingest",
    description: "Fetches each session's bars from the market API and lands the raw answers in the lake.",
    schedule: {
      // Looks every ten minutes; a session is due once its data has settled, whenever that is.
      cron: "*/10 * * * *",
      timeZone: "America/New_York",
      due: (now) => settledSessions(settings.startDate, now),
      upcoming: (now, count) =>
        upcomingSessions(now, count).map((session) => ({ partition: session, dueAt: settlesAt(session) })),
      catchup: settings.catchup,
      rechecks: createRechecks(settings.recheckSessions, settings.isFirstLook),
    },
    produces: [manifestsDataset(options.lake)],
    maxActiveRuns: 16,
    maxTries: 4,
    tasks: [
      {
        kind: "plain",
        name: "plan",
        description: "Reads the splits, gets the universe and splits the calls into batches.",
        run: (context) => plan(options, context),
      },
      {
        kind: "mapped",
        name: "fetch",
        description: "Calls the API and lands each answer byte for byte.",
        handler: "fetch",
      },
      {
        kind: "plain",
        name: "manifest",
        description: "Writes the manifest of what was landed and records its dataset event.",
        run: (context) => writeRunManifest(options, context),
      },
      {
        kind: "plain",
        name: "reference",
        description: "Reads names, types and dividends where they are older than a day, and has new dividends built.",
        run: (context) => refreshReference(options, context),
      },
    ],
  };
}

/** The day from which splits and dividends are wanted for this run. */
function referenceFrom(options: IngestOptions, context: PlainTaskContext): string {
  const { referenceFrom: asked } = ingestParameters.parse(context.run.parameters);
  const dates = [asked, context.run.partition, options.settings.startDate].filter((date) => typeof date === "string");
  return dates.sort()[0] ?? options.settings.startDate;
}

/** A session's own run reads what stands once the session has settled, whatever was read on the day before that. */
function settledAfter({ run }: PlainTaskContext): { newerThan?: Date } {
  const last = run.partitionTo ?? run.partition;
  return last !== null && isSession(last) ? { newerThan: settlesAt(last) } : {};
}

async function plan(options: IngestOptions, context: PlainTaskContext): Promise<TaskResult> {
  const { partition, partitionTo } = context.run;
  const parameters = ingestParameters.parse(context.run.parameters);
  if (partition === null) throw new PermanentError("An ingest run needs a session.");
  // Before the first bar: prices without their splits would be published with jumps in them.
  await options.reference.ensure("splits", referenceFrom(options, context), { ...context, ...settledAfter(context) });
  const batches = await planBatches(options, context, parameters, { from: partition, to: partitionTo ?? partition });
  context.log.info("planned the calls", { strategy: parameters.strategy, batches: batches.length });
  return { output: { strategy: parameters.strategy, batches: batches.length }, batches };
}

async function planBatches(
  options: IngestOptions,
  context: PlainTaskContext,
  parameters: z.infer<typeof ingestParameters>,
  range: { from: string; to: string },
): Promise<FetchBatch[]> {
  if (parameters.strategy === "grouped") {
    if (options.settings.universe.kind === "types") await options.reference.ensure("tickers", range.from, context);
    const sessions = await context.partitions();
    return (sessions.length > 0 ? sessions : [range.from]).map((session) => ({ strategy: "grouped", session }));
  }
  const tickers = parameters.tickers ?? (await universeTickers(options, context, range.from));
  const batches: FetchBatch[] = [];
  for (let start = 0; start < tickers.length; start += tickersPerBatch) {
    batches.push({ strategy: "per_ticker", tickers: tickers.slice(start, start + tickersPerBatch), ...range });
  }
  return batches;
}

async function universeTickers(options: IngestOptions, context: PlainTaskContext, from: string): Promise<string[]> {
  const universe: Universe = options.settings.universe;
  if (universe.kind === "tickers") return universe.tickers;
  await options.reference.ensure("tickers", from, context);
  const tickers = await selectTickersTradedSince(options.sql, universe.kind === "types" ? universe.types : null, from);
  if (tickers.length > 0) return tickers;
  throw new PermanentError("The market API lists no ticker of this universe.", { advice: "Check UNIVERSE." });
}

/** Makes the `fetch` handler for a worker. */
export function createFetchHandler(options: FetchOptions): BatchHandler {
  return async (context) => {
    const batch = fetchBatch.parse(context.input);
    const objects =
      batch.strategy === "grouped"
        ? [await fetchSession(options, context, batch.session)]
        : await fetchTickers(options, context, batch);
    const rows = objects.reduce((sum, object) => sum + object.rows, 0);
    return { output: { objects: objects as unknown as JsonValue, rows, calls: objects.length } };
  };
}

type FetchOptions = { client: MarketClient; lake: ObjectStore; sql: Sql };

async function fetchSession(options: FetchOptions, context: TaskContext, session: string): Promise<LandedObject> {
  const { signal, log } = context;
  const started = performance.now();
  const answer = requireSession(requireBars(await options.client.grouped(session, { signal }), session), session);
  const place = { route: "daily" as const, date: session };
  const { body, path: request, resultsCount: rows, redacted } = answer;
  const object = await landAnswer(options.lake, { place, body, rows, request, redacted, signal });
  await requireNews(options.sql, session, object, answer.answer.results ?? []);
  log.info("landed a session", {
    session,
    rows,
    bytes: object.size,
    durationMs: Math.round(performance.now() - started),
  });
  return object;
}

/**
 * Refuses an answer that is an earlier session's over again, and remembers one that is not. What was refused stays in the lake,
 * in no manifest. Where the earlier session is fetched later, the load sees to it.
 */
async function requireNews(sql: Sql, session: string, object: LandedObject, rows: readonly unknown[]): Promise<void> {
  const hashes = printOf(rows);
  const alike = (await selectAlikeSessions(sql, session, hashes)).filter(isRepeat);
  const earlier = alike.find((other) => other.session < session);
  if (earlier === undefined) return await keepSessionPrint(sql, { session, lakeKey: object.key, hashes });
  throw new RetryableError(
    `The market API's answer for ${session} is that of ${earlier.session} over again: of the ${earlier.of} most traded bars ${earlier.equal} are the same to the digit.`,
    { advice: `The answer is kept as ${object.key} and not loaded. Retry the run when the API has the session.` },
  );
}

async function fetchTickers(
  options: FetchOptions,
  context: TaskContext,
  batch: Extract<FetchBatch, { strategy: "per_ticker" }>,
): Promise<LandedObject[]> {
  const { signal, log } = context;
  const { tickers, from, to } = batch;
  const objects: LandedObject[] = [];
  for (const [index, ticker] of tickers.entries()) {
    let page = 0;
    for await (const answer of options.client.range(ticker, from, to, { signal })) {
      const { body, path: request, resultsCount: rows, redacted } = answer;
      page += 1;
      const place = { route: "range" as const, date: from, to, ticker, page };
      objects.push(await landAnswer(options.lake, { place, body, rows, request, redacted, signal }));
    }
    context.progress(index + 1, tickers.length, "tickers");
  }
  log.info("landed tickers", { tickers: tickers.length, answers: objects.length });
  return objects;
}

async function writeRunManifest(options: IngestOptions, context: PlainTaskContext): Promise<TaskResult> {
  const { run } = context;
  const { strategy, recheck } = ingestParameters.parse(run.parameters);
  const outputs = (await context.outputsOf("fetch")) as { objects: LandedObject[] }[];
  const objects = outputs.flatMap((output) => output.objects);
  const rows = objects.reduce((sum, object) => sum + object.rows, 0);
  const from = run.partition ?? "";
  const to = run.partitionTo ?? from;
  if (rows === 0) {
    throw new RetryableError(`The market API has no bar of any asked ticker from ${from} to ${to}.`, {
      advice: "Check the tickers and the range; then retry the run.",
    });
  }
  const manifest: Manifest = {
    version: 1,
    job: run.jobId,
    runId: String(run.id),
    sessions: { from, to },
    source: options.settings.source,
    strategy,
    createdAt: options.now().toISOString(),
    objects,
  };
  const key = await writeManifest(options.lake, manifest);
  const bytes = objects.reduce((sum, object) => sum + object.size, 0);
  const summary = { strategy, calls: objects.length, rows, bytes, manifest: key };
  context.log.info("wrote the manifest", summary);
  const payload = { manifest: key, from, to, rows, ...(recheck && { recheck }) };
  const event = { dataset: manifestsDataset(options.lake), payload };
  return { output: summary, summary, events: [event] };
}

/** After the bars: at five calls a minute the names would otherwise hold up the first chart by ten minutes. */
async function refreshReference(options: IngestOptions, context: PlainTaskContext): Promise<TaskResult> {
  const from = referenceFrom(options, context);
  await options.reference.refresh("tickers", from, context);
  await options.reference.refresh("dividends", from, { ...context, ...settledAfter(context) });
  await seeToDividends(options, context);
  return {};
}

/**
 * A dividend that came after the build of the bars around it would wait for the next session's: it is built for by itself,
 * unless a build is to come anyway. Killed in between, the next run sees to it.
 */
async function seeToDividends({ sql, rebuild }: IngestOptions, { log }: PlainTaskContext): Promise<void> {
  const changedAt = await selectChangedDividends(sql);
  if (changedAt === null) return;
  if (!(await isBuildToCome(sql, { load: jobIds.load, transform: jobIds.transform }))) {
    log.info("dividends have changed what is published; it is built again");
    await rebuild();
  }
  await forgetChangedDividends(sql, changedAt);
}
