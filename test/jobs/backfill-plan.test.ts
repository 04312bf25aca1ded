import { afterAll, beforeAll, expect, test } from "bun:test";
import { type BackfillOptions, prepareBackfill } from "../../jobs/backfill-plan.ts";
import { type Orchestrator, RequestError } from "../../jobs/orchestrator/types.ts";
import { type BackfillRequest, jobIds } from "../../jobs/pipeline.ts";
import type { PipelineSettings } from "../../jobs/settings.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const settings: PipelineSettings = {
  lake: { kind: "folder", root: "/nonexistent", bucket: "test" },
  market: { baseUrl: "http://127.0.0.1:1", apiKey: "key" },
  databaseUrl: "",
  source: "demo",
  callsPerMinute: null,
  universe: { kind: "all" },
  startDate: "2018-01-02",
  catchup: "none",
  recheckSessions: 0,
};

function options(more: Partial<PipelineSettings> = {}): BackfillOptions {
  return {
    settings: { ...settings, ...more },
    sql: database.sql,
    orchestrator: {} as Orchestrator,
    // A Wednesday, in the morning of New York: Tuesday has settled.
    now: () => new Date("2025-07-09T14:00:00Z"),
  };
}

const asked = (more: Partial<BackfillRequest> = {}): BackfillRequest => ({
  ...{ jobId: jobIds.ingest, from: "2025-07-01", to: "2025-07-09", reprocess: "missing", strategy: "auto" },
  ...more,
});

async function planOf(request: BackfillRequest, more?: Partial<PipelineSettings>) {
  const prepared = await prepareBackfill(options(more), request);
  const wanted = prepared.sessions.map((partition) => ({ partition, reason: { kind: "never_ran" as const } }));
  return prepared.group({ wanted, skipped: [] });
}

/** Field and message of the refusal. */
async function refusal(request: BackfillRequest, more?: Partial<PipelineSettings>) {
  const error = await planOf(request, more).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof RequestError)) throw new Error("It was not refused as a request.", { cause: error });
  return [error.field, error.message];
}

async function listTickers(...tickers: string[]): Promise<void> {
  await database.sql`truncate public.source_polygon_tickers`;
  await database.sql`
    insert into public.source_polygon_tickers (ticker, name, type, active, inserted_at)
    select ticker, ticker, 'CS', true, now() from unnest(${tickers}::text[]) as ticker`;
}

test("a plan has every session, and says of each other date why it is left out", async () => {
  const { plan, runs } = await planOf(asked());
  expect(plan.dates).toEqual(["2025-07-01", "2025-07-02", "2025-07-03", "2025-07-07", "2025-07-08"]);
  expect(plan.skipped).toEqual([
    { date: "2025-07-04", reason: { kind: "closed", holiday: "Independence Day" } },
    { date: "2025-07-05", reason: { kind: "closed", holiday: null } },
    { date: "2025-07-06", reason: { kind: "closed", holiday: null } },
    { date: "2025-07-09", reason: { kind: "unsettled", until: expect.stringMatching(/^2025-07-/) } },
  ]);
  expect(plan).toMatchObject({ strategy: "grouped", calls: 5, sessions: 5, minutes: 0 });
  expect(runs.map((run) => run.partitions)).toEqual(plan.dates.map((date) => [date]));
});

test("few tickers are fetched one by one, in one run, and a slow plan's minutes are told", async () => {
  const universe = { kind: "tickers" as const, tickers: ["AAPL", "MSFT"] };
  const { plan, runs } = await planOf(asked({ from: "2025-01-02" }), { universe, callsPerMinute: 5 });
  expect(plan).toMatchObject({ strategy: "per_ticker", calls: 2, minutes: 1, alternative: { strategy: "grouped" } });
  expect(runs).toHaveLength(1);
  expect(runs[0]?.partitions).toEqual(plan.dates);
});

test("a range that ends before it begins names from", async () => {
  expect(await refusal(asked({ from: "2025-07-08", to: "2025-07-01" }))).toEqual([
    "from",
    "The range begins on 2025-07-08, after its end on 2025-07-01.",
  ]);
});

test("a future date names its field, and today in New York", async () => {
  const message = "2025-07-10 is in the future: in New York it is 2025-07-09.";
  expect(await refusal(asked({ to: "2025-07-10" }))).toEqual(["to", message]);
  expect(await refusal(asked({ from: "2025-07-10", to: "2025-07-10" }))).toEqual(["from", message]);
});

test("a date that does not exist, or from before the calendar, names its field", async () => {
  expect((await refusal(asked({ from: "2025-02-30" })))[0]).toBe("from");
  expect((await refusal(asked({ from: "1998-12-31" })))[0]).toBe("from");
});

test("an unknown ticker is named, with its case", async () => {
  await listTickers("AAPL", "KIMpL");
  const [field, message] = await refusal(asked({ tickers: ["AAPL", "KIMPL", "NOPE"] }));
  expect([field, message]).toEqual(["tickers", expect.stringContaining("KIMPL, NOPE")]);
  expect((await planOf(asked({ tickers: ["KIMpL", "KIMpL"] }))).plan.calls).toBe(1);
});

test("named tickers cannot be fetched with calls for the whole market", async () => {
  await listTickers("AAPL");
  expect((await refusal(asked({ tickers: ["AAPL"], strategy: "grouped" })))[0]).toBe("strategy");
});

test("calls per ticker of a market whose tickers nobody has read yet name the strategy", async () => {
  await listTickers();
  const [field, message] = await refusal(asked({ strategy: "per_ticker" }));
  expect([field, message]).toEqual(["strategy", expect.stringContaining("not known yet")]);
});

test("twenty years at five calls a minute are refused with their hours", async () => {
  const [field, message] = await refusal(asked({ from: "2005-07-01" }), { callsPerMinute: 5 });
  expect(field).toBe("from");
  expect(message).toMatch(/^5\d{3} calls take 16\.8 hours at 5 calls a minute/);
});

test("thousands of tickers one by one at five calls a minute name the strategy where the other way is quicker", async () => {
  await listTickers(...Array.from({ length: 4000 }, (_, index) => `T${index}`));
  const [field, message] = await refusal(asked({ strategy: "per_ticker" }), { callsPerMinute: 5 });
  expect([field, message]).toEqual(["strategy", expect.stringContaining("grouped")]);
});
