import { lastSettledSession, sessionsBetween } from "../../jobs/market/calendar.ts";
import { type Actor, type JobDefinition, RequestError } from "../../jobs/orchestrator/types.ts";
import type { BackfillPlan, BackfillRequest, DatedReason, SessionReason } from "../../jobs/pipeline.ts";
import type { BackfillForm } from "../../views/backfills/backfill-form.tsx";
import {
  type BackfillPreview,
  type PreviewedChoice,
  type ReasonGroup,
  tellRange,
} from "../../views/backfills/backfill-preview.tsx";
import type { SharedReason } from "../../views/backfills/reasons.ts";
import type { AppContext } from "../context.ts";
import { fieldErrors, fieldOf, statusOf } from "../http/request.ts";
import { backfillFields, emptyDraft, readDraft, reprocesses, toRequest } from "./form.ts";
import { isWeekend } from "./reasons.ts";

/** The backfill form as it first shows: nothing typed but what the URL fills in, the wanted range else. */
export function freshBackfill(
  context: AppContext,
  job: JobDefinition,
  action: string,
  filled: Record<string, string> = {},
): BackfillForm {
  const to = lastSettledSession(context.now()) ?? "";
  const from = job.schedule?.due(context.now())[0] ?? context.config.startDate;
  const draft = emptyDraft(from, to);
  const given = Object.entries(filled).filter(([field]) => backfillFields.includes(field));
  return {
    action,
    maxActiveRuns: job.maxActiveRuns,
    draft: { ...draft, ...Object.fromEntries(given) },
    errors: {},
    preview: null,
  };
}

/** A started backfill's id, or the form with what was typed and what was wrong with it or would be done. */
export type BackfillAnswer = { form: BackfillForm; status: 200 | 409 | 422 } | { id: number };

/** Previews or starts what the form asks for; a refusal comes back in the form, with what was typed. */
export async function tryBackfill(
  context: AppContext,
  job: JobDefinition,
  sent: { action: string; body: Record<string, unknown>; by: Actor },
): Promise<BackfillAnswer> {
  const { action, body, by } = sent;
  const draft = readDraft(body);
  const form: BackfillForm = { action, maxActiveRuns: job.maxActiveRuns, draft, errors: {}, preview: null };
  const { request, errors } = toRequest(job, draft);
  if (!request) return { form: { ...form, errors }, status: 422 };
  try {
    if (fieldOf(body, "intent") === "start") {
      const { id, runs } = await context.pipeline.createBackfill(request, by);
      if (runs > 0) return { id };
    }
    return { form: { ...form, preview: await preview(context, request) }, status: 200 };
  } catch (error) {
    return { form: { ...form, errors: fieldErrors(error, backfillFields) }, status: statusOf(error) };
  }
}

/** What the request would do, beside what the other choices of sessions would. */
async function preview(context: AppContext, request: BackfillRequest): Promise<BackfillPreview> {
  const others = request.tickers ? [] : reprocesses.filter((reprocess) => reprocess !== request.reprocess);
  const [{ plan }, ...rest] = await Promise.all([
    context.pipeline.previewBackfill(request),
    ...others.map((reprocess) => previewOther(context, { ...request, reprocess })),
  ]);
  const { strategy, calls, alternative, minutes, dates } = plan;
  const choices = request.tickers ? [] : [toChoice(request.reprocess, plan, true), ...rest];
  return {
    ...{ strategy, calls, alternative, minutes, dates },
    callsPerMinute: context.config.market.callsPerMinute,
    skipped: groupSkipped(plan.skipped),
    choices: choices.sort((a, b) => indexOf(a) - indexOf(b)),
  };
}

const order: readonly string[] = reprocesses;
const indexOf = (choice: PreviewedChoice) => order.indexOf(choice.reprocess);

/** One that is not chosen may be refused, such as for taking too long, without standing in the way of the chosen. */
async function previewOther(context: AppContext, request: BackfillRequest): Promise<PreviewedChoice> {
  try {
    const { plan } = await context.pipeline.previewBackfill(request);
    return toChoice(request.reprocess, plan, false);
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    const nothing = { isChosen: false, sessions: 0, calls: 0, minutes: 0, reasons: [] };
    return { ...nothing, reprocess: request.reprocess, refusal: error.message };
  }
}

const toChoice = (reprocess: string, plan: BackfillPlan, isChosen: boolean): PreviewedChoice => ({
  reprocess,
  isChosen,
  sessions: plan.sessions,
  calls: plan.calls,
  minutes: plan.minutes,
  reasons: groupReasons(plan.reasons),
  refusal: null,
});

/** A reason without the run that it names: a year of sessions is one line, not one a session. */
function withoutRun(reason: SessionReason): SharedReason {
  if (!("runId" in reason)) return reason;
  const { runId: _, ...shared } = reason;
  return shared;
}

function group(days: DatedReason[], tell: (dates: string[], reason: SharedReason) => string[]): ReasonGroup[] {
  const shared = days.map(({ date, reason }) => ({ date, reason: withoutRun(reason) }));
  return [...Map.groupBy(shared, ({ reason }) => JSON.stringify(reason)).values()]
    .flatMap((ofReason) => {
      const [first] = ofReason;
      if (!first) return [];
      const dates = ofReason.map(({ date }) => date);
      return [{ reason: first.reason, count: dates.length, ranges: tell(dates, first.reason) }];
    })
    .sort((a, b) => b.count - a.count);
}

/** Sessions that will be run, by reason, most first. Exact: a range holds each session between its ends. */
export function groupReasons(days: DatedReason[]): ReasonGroup[] {
  const [first, last] = [days[0]?.date, days.at(-1)?.date];
  const sessions = first && last ? sessionsBetween(first, last) : [];
  const positions = new Map(sessions.map((session, position) => [session, position]));
  const follows = (date: string, before: string) => positions.get(date) === (positions.get(before) ?? Number.NaN) + 1;
  return group(days, (dates) => rangesOf(dates, follows));
}

const rangesShown = 24;
/** Dates no further apart than this are told as one range: a weekend, or a long one. */
const sameRangeMs = 4 * 86_400_000;

/** Days that will not be run, by reason, most first. Weekends are only counted: nobody needs their dates. */
export const groupSkipped = (skipped: DatedReason[]): ReasonGroup[] =>
  group(skipped, (dates, reason) => {
    if (isWeekend(reason)) return [];
    const ranges = rangesOf(dates, (date, before) => Date.parse(date) - Date.parse(before) <= sameRangeMs);
    const rest = ranges.length - rangesShown;
    return rest > 0 ? [...ranges.slice(0, rangesShown), `and ${rest} more`] : ranges;
  });

function rangesOf(dates: string[], follows: (date: string, before: string) => boolean): string[] {
  const ranges: [string, string][] = [];
  for (const date of dates) {
    const last = ranges.at(-1);
    if (last && follows(date, last[1])) last[1] = date;
    else ranges.push([date, date]);
  }
  return ranges.map(([first, last]) => tellRange(first, last));
}
