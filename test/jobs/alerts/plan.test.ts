import { describe, expect, test } from "bun:test";
import { nextDelayMs } from "../../../jobs/alerts/backoff.ts";
import { planAlerts, tellAt } from "../../../jobs/alerts/plan.ts";
import type { Problem } from "../../../jobs/alerts/types.ts";
import { minutesAfter, noon } from "./support.ts";

const problem = (key: string, message = "Wrong."): Problem => ({
  key,
  kind: "run_failed",
  title: key,
  message,
  advice: null,
  path: "/runs/1",
});
const open = (id: number, key: string, isRetried = false) => ({ ...problem(key), id, isRetried });

describe("planAlerts", () => {
  test("opens what is new, tells anew what changed, ends what is gone", () => {
    const plan = planAlerts([open(1, "gone"), open(2, "stays"), open(3, "changes")], {
      problems: [problem("stays"), problem("changes", "Worse."), problem("new")],
      undecided: [],
    });
    expect(plan.open.map(({ key }) => key)).toEqual(["new"]);
    expect(plan.update).toEqual([{ id: 3, problem: problem("changes", "Worse.") }]);
    expect(plan.resolve.map(({ key }) => key)).toEqual(["gone"]);
  });

  test("leaves alone what is undecided, or being tried again", () => {
    const plan = planAlerts([open(1, "a"), open(2, "b", true)], { problems: [], undecided: ["a", "c"] });
    expect(plan).toEqual({ open: [], update: [], resolve: [] });
  });
});

describe("tellAt", () => {
  const past = (resolvedMinutesAgo: number, toldMinutesAgo: number | null) => ({
    resolvedAt: minutesAfter(noon, -resolvedMinutesAgo),
    toldAt: toldMinutesAgo === null ? null : minutesAfter(noon, -toldMinutesAgo),
  });

  test("is now for a problem that is new, or was over for half an hour, or was never told", () => {
    expect(tellAt({ resolvedAt: null, toldAt: null }, noon)).toEqual(noon);
    expect(tellAt(past(30, 31), noon)).toEqual(noon);
    expect(tellAt(past(5, null), noon)).toEqual(noon);
  });

  test("is an hour after it was last told where it flaps", () => {
    expect(tellAt(past(5, 10), noon)).toEqual(minutesAfter(noon, 50));
    expect(tellAt(past(5, 90), noon)).toEqual(noon);
  });
});

describe("nextDelayMs", () => {
  const delays = (random: number) => {
    const all: number[] = [];
    for (let attempts = 1; ; attempts += 1) {
      const delay = nextDelayMs(attempts, null, () => random);
      if (delay === null) return all;
      all.push(delay);
    }
  };

  test("doubles from ten seconds to an hour, and gives up after half a day", () => {
    expect(delays(0).slice(0, 4)).toEqual([10_000, 20_000, 40_000, 80_000]);
    expect(Math.max(...delays(0))).toBe(3_600_000);
    for (const random of [0, 0.999]) {
      const hours = delays(random).reduce((sum, delay) => sum + delay, 0) / 3_600_000;
      expect(hours).toBeGreaterThan(9);
      expect(hours).toBeLessThan(13);
    }
  });

  test("is not before the receiver wants it, within an hour", () => {
    expect(nextDelayMs(1, 30_000, () => 0)).toBe(30_000);
    expect(nextDelayMs(1, 5000, () => 0)).toBe(10_000);
    expect(nextDelayMs(1, 10 * 86_400_000, () => 0)).toBe(3_600_000);
  });
});
