import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import type { Sql } from "../../../db/client.ts";
import { sessionsBetween, settledSessions, settlesAt } from "../../../jobs/market/calendar.ts";
import { queueDueRuns } from "../../../jobs/orchestrator/triggers.ts";
import type { JobDefinition, Schedule } from "../../../jobs/orchestrator/types.ts";
import { until } from "../../support/until.ts";
import { createHarness, type Harness, runsOf, toyJob } from "./harness.ts";
import { crashWhileQueuing, ingestSchedule, type Mortal, startMortal } from "./schedule-support.ts";

setDefaultTimeout(60_000);

let harness: Harness;
beforeAll(async () => {
  harness = await createHarness();
}, 60_000);
afterEach(() => harness.reset());
afterAll(() => harness.close());

const hourMs = 3_600_000;
const firstDay = "2026-02-27";
const beginMs = Date.parse("2026-02-26T12:00:00Z");

/** Instants from February to November 2026: anywhere, to the millisecond around a settling, around each change of clocks. */
const instant = fc.oneof(
  fc.integer({ min: 0, max: 270 * 24 }).map((hours) => beginMs + hours * hourMs),
  fc
    .record({
      session: fc.constantFrom(...sessionsBetween(firstDay, "2026-11-20")),
      ms: fc.integer({ min: -1, max: 1 }),
    })
    .map(({ session, ms }) => settlesAt(session).getTime() + ms),
  fc
    .record({
      change: fc.constantFrom(Date.parse("2026-03-08T07:00:00Z"), Date.parse("2026-11-01T06:00:00Z")),
      hours: fc.integer({ min: -72, max: 72 }),
    })
    .map(({ change, hours }) => change + hours * hourMs),
);

const range = fc.tuple(fc.constantFrom(...sessionsBetween(firstDay, "2026-11-20")), fc.integer({ min: 0, max: 15 }));
const rangeOf = ([from, length]: [string, number]) => sessionsBetween(from, "2026-12-31").slice(0, length + 1);

type Step =
  | { kind: "look"; at: number; racers: number; atStart: boolean; crash: boolean }
  | { kind: "pause"; paused: boolean }
  | { kind: "backfill"; sessions: string[] };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("look" as const),
      at: instant,
      racers: fc.integer({ min: 1, max: 4 }),
      atStart: fc.boolean(),
      crash: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("pause" as const), paused: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("backfill" as const), sessions: range.map(rangeOf) }) },
);

/** What CATCHUP promises, told without a database: the sessions that must have a run after `steps`. */
function promised(catchup: Schedule["catchup"], steps: Step[]): string[] {
  const wanted = new Set<string>();
  let paused = false;
  let passed = "";
  for (const one of steps) {
    if (one.kind === "pause") paused = one.paused;
    if (one.kind === "backfill") for (const session of one.sessions) wanted.add(session);
    if (one.kind !== "look") continue;
    const due = settledSessions(firstDay, new Date(Math.max(one.at, Date.parse(firstDay))));
    const newest = due.at(-1) ?? "";
    if (catchup === "all" && !paused) for (const session of due) wanted.add(session);
    if (catchup === "latest" && paused) continue;
    // Nobody was there, or a person held the job: all of it was missed.
    const isMissed = catchup === "none" && (paused || one.atStart);
    if (catchup !== "all" && !isMissed && newest > passed) wanted.add(newest);
    if (catchup !== "all" && newest > passed) passed = newest;
  }
  return [...wanted].sort();
}

/** Queues a backfill of what has no run, as people ask for it from a process of their own. */
async function queueBackfill(jobs: JobDefinition[], jobId: string, partitions: string[]): Promise<void> {
  await harness.make(jobs).createBackfill(jobId, {
    from: partitions[0] ?? "",
    to: partitions.at(-1) ?? "",
    reprocess: "missing",
    partitions,
    plan: ({ wanted }) => ({
      plan: {},
      runs: wanted.map(({ partition }) => ({ partitions: [partition], parameters: {} })),
    }),
  });
}

async function play(sql: Sql, job: JobDefinition, steps: Step[]): Promise<void> {
  for (const one of steps) {
    if (one.kind === "pause") await sql`update barline.jobs set paused = ${one.paused} where id = ${job.id}`;
    else if (one.kind === "backfill") await queueBackfill([job], job.id, one.sessions);
    else {
      const now = new Date(one.at);
      const races = Array.from({ length: one.racers }, () => queueDueRuns(sql, job, now, one.atStart));
      if (one.crash) await crashWhileQueuing(sql, job, now);
      await Promise.all(races);
    }
  }
}

describe("whatever the clocks, crashes, pauses and backfills", () => {
  let serial = 0;
  test.each([
    ["all", "every session that was due has one run, and no other"],
    ["latest", "the newest session at each look has one run, and no other"],
    ["none", "the newest session at each look while somebody was there has one run, and no other"],
  ] as const)(
    "with catchup %s, %s",
    async (catchup) => {
      const { sql } = harness;
      const schedule = ingestSchedule(firstDay, catchup);
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
          const job = toyJob({ id: `property-${catchup}-${++serial}`, schedule });
          await sql`insert into barline.jobs (id) values (${job.id})`;
          await play(sql, job, steps);
          const partitions = (await runsOf(sql, job.id)).map((run) => run.partition ?? "");
          expect(partitions.sort()).toEqual(promised(catchup, steps));
          const owned = await sql<{ partition: string }[]>`
          select partition from barline.run_partitions where job_id = ${job.id} order by partition`;
          expect(owned.map(({ partition }) => partition)).toEqual(partitions);
        }),
        { numRuns: 40 },
      );
    },
    300_000,
  );
});

type Fate =
  | { kind: "start" }
  | { kind: "stop"; which: number }
  | { kind: "kill"; which: number }
  | { kind: "clock"; hours: number }
  | { kind: "pause"; paused: boolean }
  | { kind: "backfill"; after: number; length: number };

const which = fc.nat({ max: 3 });
const fate: fc.Arbitrary<Fate> = fc.oneof(
  fc.record({ kind: fc.constant("start" as const) }),
  fc.record({ kind: fc.constant("stop" as const), which }),
  fc.record({ kind: fc.constant("kill" as const), which }),
  // Six weeks, so that there is time for many fates: by hours, forward and backward.
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("clock" as const), hours: fc.integer({ min: 0, max: 42 * 24 }) }),
  },
  fc.record({ kind: fc.constant("pause" as const), paused: fc.boolean() }),
  fc.record({ kind: fc.constant("backfill" as const), after: fc.nat({ max: 30 }), length: fc.nat({ max: 10 }) }),
);
/** In the middle of each six weeks the clocks of New York change. */
const fleetStart = fc.constantFrom("2026-02-16", "2026-10-12");

/** Processes that race over one database, each with a clock some minutes beside the others'. */
function createFleet(jobs: JobDefinition[], beginMs: number) {
  const alive: Mortal[] = [];
  const all: Mortal[] = [];
  const clock = { ms: beginMs, furthest: beginMs };
  let serial = 0;
  const start = async () => {
    if (alive.length === 4) return;
    const skewMs = (serial++ % 3) * 7 * 60_000;
    const mortal = await startMortal(harness.database.url, jobs, {
      now: () => new Date(clock.ms - skewMs),
      pid: serial,
    });
    alive.push(mortal);
    all.push(mortal);
  };
  return {
    clock,
    start,
    end: async (index: number, how: "stop" | "kill") => {
      const [mortal] = alive.length > 1 ? alive.splice(index % alive.length, 1) : [];
      await mortal?.[how]();
    },
    set: (ms: number) => {
      clock.ms = ms;
      clock.furthest = Math.max(clock.furthest, ms);
    },
    someone: () => alive[0]?.orchestrator,
    close: async () => void (await Promise.all(all.map((mortal) => mortal.stop()))),
  };
}

test("processes that start, stop, die and race run each session exactly once, and lose none", async () => {
  const { sql } = harness;
  let serial = 0;
  await fc.assert(
    fc.asyncProperty(fleetStart, fc.array(fate, { minLength: 4, maxLength: 10 }), async (startDate, fates) => {
      const id = `fleet-${++serial}`;
      const finished: string[] = [];
      const schedule = { ...ingestSchedule(startDate, "all"), cron: "* * * * * *" };
      const run: Parameters<typeof toyJob>[0] = {
        id,
        schedule,
        maxActiveRuns: 50,
        run: async (context) => ({ output: finished.push(context.run.partition ?? "") }),
      };
      const fleet = createFleet([toyJob(run)], Date.parse(startDate));
      try {
        await Promise.all([fleet.start(), fleet.start()]);
        const backfilled: string[] = [];
        for (const one of fates) {
          if (one.kind === "start") await fleet.start();
          else if (one.kind === "stop" || one.kind === "kill") await fleet.end(one.which, one.kind);
          else if (one.kind === "clock") fleet.set(Date.parse(startDate) + one.hours * hourMs);
          else if (one.kind === "pause") await fleet.someone()?.setPaused(id, one.paused);
          else {
            const sessions = sessionsBetween(startDate, "2026-12-31").slice(one.after, one.after + one.length + 1);
            await queueBackfill([toyJob(run)], id, sessions);
            backfilled.push(...sessions);
          }
        }
        // Whatever was seen or slept through: at the end the furthest clock, and a job that goes on.
        // Not on the hour, at which sessions settle: all clocks are past it, those that are some minutes late too.
        fleet.set(fleet.clock.furthest + 1.5 * hourMs);
        await fleet.someone()?.setPaused(id, false);
        const due = settledSessions(startDate, new Date(fleet.clock.ms));
        const wanted = [...new Set([...due, ...backfilled])].sort();
        const runs = await until("each session has succeeded", async () => {
          const seen = await runsOf(sql, id);
          return seen.length >= wanted.length && seen.every(({ state }) => state === "success") && seen;
        });
        expect(runs.map(({ partition }) => partition ?? "").sort()).toEqual(wanted);
        const counted = await sql<{ partition: string; successes: number }[]>`
          select runs.partition, count(*)::int as successes
          from barline.tries join barline.tasks on tasks.id = tries.task_id join barline.runs on runs.id = tasks.run_id
          where runs.job_id = ${id} and tries.state = 'success' group by runs.partition`;
        expect(counted.length).toBe(wanted.length);
        expect(counted.filter(({ successes }) => successes !== 1)).toEqual([]);
        expect(new Set(finished)).toEqual(new Set(wanted));
      } finally {
        await fleet.close();
      }
    }),
    { numRuns: 12 },
  );
}, 300_000);
