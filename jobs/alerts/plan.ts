import type { AlertPast, OpenAlert } from "../../db/queries/operations/alerts.ts";
import type { Verdict } from "./conditions.ts";
import type { Problem } from "./types.ts";

/** What is to be done about the open alerts so that they say what stands now. */
export type Plan = { open: Problem[]; update: { id: number; problem: Problem }[]; resolve: OpenAlert[] };

const hasChanged = (alert: OpenAlert, problem: Problem) =>
  alert.title !== problem.title ||
  alert.message !== problem.message ||
  alert.advice !== problem.advice ||
  alert.path !== problem.path;

/**
 * Compares what stands with what is open. An alert whose run is being tried again stays: whether that helps is not known
 * yet.
 */
export function planAlerts(open: OpenAlert[], { problems, undecided }: Verdict): Plan {
  const known = new Map(open.map((alert) => [alert.key, alert]));
  const standing = new Set(problems.map(({ key }) => key));
  return {
    open: problems.filter(({ key }) => !known.has(key)),
    update: problems.flatMap((problem) => {
      const alert = known.get(problem.key);
      return alert && hasChanged(alert, problem) ? [{ id: alert.id, problem }] : [];
    }),
    resolve: open.filter(({ key, isRetried }) => !standing.has(key) && !undecided.includes(key) && !isRetried),
  };
}

/** A problem that comes back so soon after it was over counts as the same one, flapping. */
export const flapWindowMs = 30 * 60_000;
/** A flapping problem is told once in this time. */
export const flapQuietMs = 60 * 60_000;

/**
 * When to tell of a problem that opens now: at once, or, where it flaps, an hour after it was last told. One that is
 * over before then is not told at all.
 */
export function tellAt({ resolvedAt, toldAt }: AlertPast, now: Date): Date {
  const flaps = resolvedAt !== null && now.getTime() - resolvedAt.getTime() < flapWindowMs;
  if (!flaps || toldAt === null) return now;
  return new Date(Math.max(now.getTime(), toldAt.getTime() + flapQuietMs));
}
