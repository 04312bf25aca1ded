import { afterAll, beforeAll, expect, test } from "bun:test";
import { selectBackfillPlan } from "../../../db/queries/backfills/read-backfills.ts";
import type { DatedReason } from "../../../jobs/pipeline.ts";
import { keptReasons, tellKeptPlan } from "../../../server/backfills/reasons.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { addBackfill } from "./sample.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const skipped: DatedReason[] = [
  { date: "2026-01-01", reason: { kind: "closed", holiday: "New Year's Day" } },
  { date: "2026-01-03", reason: { kind: "closed", holiday: null } },
  { date: "2026-01-06", reason: { kind: "under_way", runId: 9, state: "queued" } },
  { date: "2026-01-07", reason: { kind: "already_ran", runId: 10, state: "success" } },
  { date: "2026-01-08", reason: { kind: "unsettled", until: "2026-01-08T21:40:00.000Z" } },
  { date: "2026-01-09", reason: { kind: "asked_by_ticker" } },
  { date: "2026-01-12", reason: { kind: "told", text: "once upon a time" } },
];

test("a plan's reasons come back from the database as they were, and are told in words, in the order of old", async () => {
  const id = await addBackfill(database.sql, { dates: ["2026-01-02"], states: ["success"], skipped });
  const kept = await selectBackfillPlan(database.sql, id);
  expect(keptReasons.parse((kept as { skipped: unknown }).skipped)).toEqual(skipped);
  const { skipped: told } = tellKeptPlan(kept) as { skipped: unknown };
  expect(JSON.stringify(told)).toBe(
    JSON.stringify([
      { date: "2026-01-01", reason: "New Year's Day" },
      { date: "2026-01-03", reason: "weekend" },
      { date: "2026-01-06", reason: "run 9 is queued" },
      { date: "2026-01-07", reason: "run 10 already ran: succeeded" },
      { date: "2026-01-08", reason: "not settled until 2026-01-08T21:40:00.000Z" },
      { date: "2026-01-09", reason: "asked for by ticker" },
      { date: "2026-01-12", reason: "once upon a time" },
    ]),
  );
});

test("a sentence that an older process keeps beside this one is told as it is", () => {
  const plan = { calls: 1, skipped: [{ date: "2026-01-06", reason: "run 9 is queued" }] };
  expect(tellKeptPlan(plan)).toEqual(plan);
  expect(keptReasons.parse(plan.skipped)).toEqual([
    { date: "2026-01-06", reason: { kind: "told", text: "run 9 is queued" } },
  ]);
});

test.each([[null], [[]], ["x"], [{ skipped: [{ date: 5 }] }]])(
  "a plan of no known form is left as it is: %j",
  (plan) => {
    expect(tellKeptPlan(plan)).toEqual(plan);
  },
);
