import { describe, expect, test } from "bun:test";
import { Cron } from "croner";
import fc from "fast-check";
import { isSession, sessionsBetween, settledSessions, settlesAt } from "../../../jobs/market/calendar.ts";
import { ingestSchedule } from "./schedule-support.ts";

const minuteMs = 60_000;
const { cron, timeZone, due, upcoming } = ingestSchedule("2026-01-02", "all");

/** The instants at which the schedule looks, from one to another. */
function looksBetween(from: string, to: string): number[] {
  const clock = new Cron(cron, { timezone: timeZone, paused: true });
  const looks: number[] = [];
  for (let next = clock.nextRun(new Date(from)); next && next < new Date(to); next = clock.nextRun(next)) {
    looks.push(next.getTime());
  }
  return looks;
}

describe("the clock of the ingest's schedule", () => {
  test.each([
    ["spring", "2026-03-07T00:00:00Z", "2026-03-10T12:00:00Z"],
    ["autumn", "2026-10-31T00:00:00Z", "2026-11-03T12:00:00Z"],
  ])("goes forward over the change in %s, and rests no longer than the hour that changes", (_, from, to) => {
    const looks = looksBetween(from, to);
    const rests = looks.slice(1).map((at, index) => at - (looks[index] ?? 0));
    expect(Math.min(...rests)).toBeGreaterThan(0);
    expect(Math.max(...rests)).toBeLessThanOrEqual(70 * minuteMs);
  });

  test("looks within ten minutes of each settling, on both sides of either change", () => {
    for (const [from, to] of [
      ["2026-03-02", "2026-03-14"],
      ["2026-10-26", "2026-11-07"],
    ] as const) {
      const looks = looksBetween(`${from}T00:00:00Z`, `${to}T00:00:00Z`);
      for (const session of sessionsBetween(from, to).slice(0, -1)) {
        const settled = settlesAt(session).getTime();
        expect(looks.some((at) => at >= settled && at - settled <= 10 * minuteMs)).toBe(true);
      }
    }
  });

  test("a session settles at nine in the evening in New York, whichever its offset", () => {
    expect(settlesAt("2026-03-06").toISOString()).toBe("2026-03-07T02:00:00.000Z");
    expect(settlesAt("2026-03-09").toISOString()).toBe("2026-03-10T01:00:00.000Z");
    expect(settlesAt("2026-10-30").toISOString()).toBe("2026-10-31T01:00:00.000Z");
    expect(settlesAt("2026-11-02").toISOString()).toBe("2026-11-03T02:00:00.000Z");
  });
});

describe("what is due at any instant", () => {
  const instant = fc.date({
    min: new Date("2026-01-02T00:00:00Z"),
    max: new Date("2026-12-31T00:00:00Z"),
    noInvalidDate: true,
  });

  test("and what is upcoming are all sessions, each once, without a gap between them", () => {
    fc.assert(
      fc.property(instant, (now) => {
        const past = due(now);
        const next = upcoming(now, 5);
        const all = [...past, ...next.map(({ partition }) => partition)];
        expect(all.every(isSession)).toBe(true);
        expect(all).toEqual(sessionsBetween("2026-01-02", all.at(-1) ?? "2026-01-02"));
        expect(past.every((session) => settlesAt(session) <= now)).toBe(true);
        expect(next.every(({ dueAt }) => dueAt > now)).toBe(true);
      }),
    );
  });

  test("only grows as the clock goes on", () => {
    fc.assert(
      fc.property(instant, instant, (one, other) => {
        const [before, after] = one < other ? [one, other] : [other, one];
        const early = settledSessions("2026-01-02", before);
        expect(settledSessions("2026-01-02", after).slice(0, early.length)).toEqual(early);
      }),
    );
  });
});
