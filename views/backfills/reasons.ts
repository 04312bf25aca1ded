import type { SessionReason } from "../../jobs/pipeline.ts";

/** Why a date of a backfill is run, or is not, as pages and API tell it. */
export type ShownReason =
  | SessionReason
  /** It was to be run, and has no run. */
  | { kind: "no_run" };

type WithoutRun<Reason> = Reason extends { runId: number } ? Omit<Reason, "runId"> : Reason;

/** What a reason has in common with those of other dates: all of it but the run. */
export type SharedReason = WithoutRun<ShownReason>;

/** A reason in words, such as `run 12 failed`. */
export const tellReason = (reason: ShownReason): string =>
  "runId" in reason ? `run ${reason.runId} ${tellSharedReason(reason)}` : tellSharedReason(reason);

/** What follows the run in `tellReason`; all of it where no run is named. */
export function tellSharedReason(reason: SharedReason): string {
  switch (reason.kind) {
    case "never_ran":
      return "never ran";
    case "under_way":
      return `is ${reason.state}`;
    case "ended":
      return reason.state === "cancelled" ? "was cancelled" : endings[reason.state];
    case "already_ran":
      return `already ran: ${endings[reason.state]}`;
    case "asked_by_ticker":
      return "asked for by ticker";
    case "closed":
      return reason.holiday ?? "weekend";
    case "unsettled":
      return `not settled until ${reason.until}`;
    case "no_run":
      return "no run was made for it";
    case "told":
      return reason.text;
  }
}

const endings = {
  queued: "queued",
  running: "running",
  success: "succeeded",
  failed: "failed",
  cancelled: "cancelled",
} as const;
