import type { BackfillOrder } from "../../jobs/orchestrator/types.ts";
import type { BackfillRequest } from "../../jobs/pipeline.ts";
import type { BackfillDraft, BackfillForm } from "../../views/backfills/backfill-form.tsx";
import { fieldOf } from "../http/request.ts";

/** Fields of the form that a refusal can be told beside. */
export const backfillFields = ["from", "to", "reprocess", "strategy", "tickers", "concurrency", "order"];

export const reprocesses = ["missing", "failed", "all", "recheck"] as const;
const strategies = ["auto", "grouped", "per_ticker"] as const;
const orders = ["oldest", "newest"] as const;

/** The form before anybody typed: missing sessions of the range that is wanted. */
export const emptyDraft = (from: string, to: string): BackfillDraft => ({
  from,
  to,
  reprocess: "missing",
  strategy: "auto",
  tickers: "",
  concurrency: "",
  order: "oldest",
});

/** What was typed, as it was typed. The last two are left out by who only asks what and how to fetch. */
export const readDraft = (form: Record<string, unknown>): BackfillDraft => ({
  from: fieldOf(form, "from"),
  to: fieldOf(form, "to"),
  reprocess: fieldOf(form, "reprocess"),
  strategy: fieldOf(form, "strategy"),
  tickers: fieldOf(form, "tickers"),
  concurrency: fieldOf(form, "concurrency"),
  order: fieldOf(form, "order") || "oldest",
});

/** Runs at a time as typed: a number, null where there is to be no limit, undefined where it is neither. */
export function readConcurrency(text: string, maxActiveRuns: number): number | null | undefined {
  if (text === "") return null;
  const number = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  return number >= 1 && number <= maxActiveRuns ? number : undefined;
}

/** What is said beside a number of runs that cannot be. */
export const concurrencyRefusal = (maxActiveRuns: number): string =>
  `Write a whole number from 1 to ${maxActiveRuns}, or leave it empty.`;

export const readOrder = (text: string): BackfillOrder | undefined => orders.find((value) => value === text);

const isDate = (text: string) => /^\d{4}-\d{2}-\d{2}$/.test(text);

/** The request that a draft makes, or the message beside each field that makes none. */
export function toRequest(
  job: { id: string; maxActiveRuns: number },
  draft: BackfillDraft,
): { request: BackfillRequest; errors: null } | { request: null; errors: BackfillForm["errors"] } {
  const errors: BackfillForm["errors"] = {};
  if (!isDate(draft.from)) errors.from = "Choose the first date, such as 2025-01-02.";
  if (!isDate(draft.to)) errors.to = "Choose the last date, such as 2025-12-31.";
  const reprocess = reprocesses.find((value) => value === draft.reprocess);
  const strategy = strategies.find((value) => value === draft.strategy);
  const order = readOrder(draft.order);
  const concurrency = readConcurrency(draft.concurrency, job.maxActiveRuns);
  if (!reprocess) errors.reprocess = "Choose missing, failed, all or recheck.";
  if (!strategy) errors.strategy = "Choose how to fetch.";
  if (!order) errors.order = "Choose oldest or newest.";
  if (concurrency === undefined) errors.concurrency = concurrencyRefusal(job.maxActiveRuns);
  if (Object.keys(errors).length > 0 || !reprocess || !strategy || !order) return { request: null, errors };
  const tickers = draft.tickers.split(/[\s,;]+/).filter(Boolean);
  const request: BackfillRequest = {
    ...{ jobId: job.id, from: draft.from, to: draft.to, reprocess, strategy, order },
    ...(typeof concurrency === "number" && { concurrency }),
    ...(tickers.length > 0 && { tickers }),
  };
  return { request, errors: null };
}
