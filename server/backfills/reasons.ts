import { z } from "zod";
import { runStates } from "../../jobs/orchestrator/types.ts";
import type { BackfillPlan, DatedReason, SessionReason } from "../../jobs/pipeline.ts";
import { type SharedReason, tellReason } from "../../views/backfills/reasons.ts";

/** Reasons as plans keep them, and as the API tells them. */

const keptReason: z.ZodType<SessionReason, unknown> = z.union([
  z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("never_ran") }),
    z.object({ kind: z.enum(["under_way", "ended", "already_ran"]), runId: z.number(), state: z.enum(runStates) }),
    z.object({ kind: z.literal("asked_by_ticker") }),
    z.object({ kind: z.literal("closed"), holiday: z.string().nullable() }),
    z.object({ kind: z.literal("unsettled"), until: z.string() }),
    z.object({ kind: z.literal("told"), text: z.string() }),
  ]),
  // A process of the version before, which kept sentences, may go on for a while beside one that has migrated its plans.
  z.string().transform((text) => ({ kind: "told" as const, text })),
]);

/** The lists of a kept plan. */
export const keptReasons = z.array(z.object({ date: z.string(), reason: keptReason }));

const keptLists = z.object({ reasons: keptReasons.optional(), skipped: keptReasons.optional() });

export const isWeekend = (reason: SharedReason): boolean => reason.kind === "closed" && reason.holiday === null;

export type ToldReason = { date: string; reason: string };

const tellReasons = (days: DatedReason[]): ToldReason[] =>
  days.map(({ date, reason }) => ({ date, reason: tellReason(reason) }));

/** A plan as the API answers it: its reasons in words. */
export const tellPlan = (plan: BackfillPlan) => ({
  ...plan,
  reasons: tellReasons(plan.reasons),
  skipped: tellReasons(plan.skipped),
});

/** The same of a plan that was kept; one that is of no known form is left as it is. */
export function tellKeptPlan(kept: unknown): unknown {
  const read = keptLists.safeParse(kept);
  if (!read.success) return kept;
  const { reasons, skipped } = read.data;
  return {
    ...(kept as object),
    ...(reasons && { reasons: tellReasons(reasons) }),
    ...(skipped && { skipped: tellReasons(skipped) }),
  };
}
