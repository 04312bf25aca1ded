import type { BackfillPlan, BackfillRequest } from "../../jobs/pipeline.ts";
import {
  type BackfillDraft,
  type BackfillForm,
  type BackfillPreview,
  type SkippedGroup,
  tellRange,
} from "../../views/backfill-form.tsx";
import { fieldOf } from "./request.ts";

export const backfillFields = ["from", "to", "reprocess", "strategy", "tickers"];

const reprocesses = ["missing", "failed", "all"] as const;
const strategies = ["auto", "grouped", "per_ticker"] as const;

/** The form before anybody typed: missing sessions of the range that is wanted. */
export const emptyDraft = (from: string, to: string): BackfillDraft => ({
  from,
  to,
  reprocess: "missing",
  strategy: "auto",
  tickers: "",
});

/** What was typed, as it was typed. */
export const readDraft = (form: Record<string, unknown>): BackfillDraft => ({
  from: fieldOf(form, "from"),
  to: fieldOf(form, "to"),
  reprocess: fieldOf(form, "reprocess"),
  strategy: fieldOf(form, "strategy"),
  tickers: fieldOf(form, "tickers"),
});

const isDate = (text: string) => /^\d{4}-\d{2}-\d{2}$/.test(text);

/** The request that a draft makes, or the message beside each field that makes none. */
export function toRequest(
  jobId: string,
  draft: BackfillDraft,
): { request: BackfillRequest; errors: null } | { request: null; errors: BackfillForm["errors"] } {
  const errors: BackfillForm["errors"] = {};
  if (!isDate(draft.from)) errors.from = "Choose the first date, such as 2025-01-02.";
  if (!isDate(draft.to)) errors.to = "Choose the last date, such as 2025-12-31.";
  const reprocess = reprocesses.find((value) => value === draft.reprocess);
  const strategy = strategies.find((value) => value === draft.strategy);
  if (!reprocess) errors.reprocess = "Choose missing, failed or all.";
  if (!strategy) errors.strategy = "Choose how to fetch.";
  if (Object.keys(errors).length > 0 || !reprocess || !strategy) return { request: null, errors };
  const tickers = draft.tickers.split(/[\s,;]+/).filter(Boolean);
  const request = { jobId, from: draft.from, to: draft.to, reprocess, strategy };
  return { request: tickers.length > 0 ? { ...request, tickers } : request, errors: null };
}

const rangesShown = 24;
/** Dates no further apart than this are told as one range: a weekend, or a long one. */
const sameRangeMs = 4 * 86_400_000;

function rangesOf(dates: string[]): string[] {
  const ranges: [string, string][] = [];
  for (const date of dates) {
    const last = ranges.at(-1);
    if (last && Date.parse(date) - Date.parse(last[1]) <= sameRangeMs) last[1] = date;
    else ranges.push([date, date]);
  }
  const told = ranges.slice(0, rangesShown).map(([first, last]) => tellRange(first, last));
  return ranges.length > rangesShown ? [...told, `and ${ranges.length - rangesShown} more`] : told;
}

/** A reason without the run that it names: a year of sessions is one line, not one a session. */
const sharedReason = (reason: string) => reason.replace(/^run \d+ /, "");

/** Days that will not be run, by reason, most first. Weekends are only counted: nobody needs their dates. */
export function groupSkipped(skipped: BackfillPlan["skipped"]): SkippedGroup[] {
  const groups = Map.groupBy(skipped, ({ reason }) => sharedReason(reason));
  return [...groups]
    .map(([reason, days]) => ({
      reason,
      count: days.length,
      ranges: /weekend/i.test(reason) ? [] : rangesOf(days.map(({ date }) => date)),
    }))
    .sort((a, b) => b.count - a.count);
}

/** A plan as the form shows it. */
export const toPreview = (plan: BackfillPlan, callsPerMinute: number | null): BackfillPreview => ({
  strategy: plan.strategy,
  calls: plan.calls,
  alternative: plan.alternative,
  minutes: plan.minutes,
  callsPerMinute,
  dates: plan.dates,
  skipped: groupSkipped(plan.skipped),
});
