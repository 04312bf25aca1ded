import type { Sql } from "../db/client.ts";
import { selectTickersTradedSince, selectUnknownTickers } from "../db/queries/market/reference.ts";
import {
  firstCalendarDate,
  holidayName,
  isIsoDate,
  newYorkDate,
  sessionsBetween,
  settledSessions,
  settlesAt,
} from "./market/calendar.ts";
import { datesBetween } from "./market/dates.ts";
import { planCalls } from "./market/planner.ts";
import { type Orchestrator, type PlannedRun, RequestError, type SelectedPartitions } from "./orchestrator/types.ts";
import { type BackfillPlan, type BackfillRequest, type DatedReason, jobIds, type SessionReason } from "./pipeline.ts";
import type { PipelineSettings } from "./settings.ts";

export type BackfillOptions = { settings: PipelineSettings; sql: Sql; orchestrator: Orchestrator; now(): Date };

/** What a request for a backfill becomes once it is checked; what it wants is decided under the job's lock. */
export type PreparedBackfill = {
  sessions: string[];
  group(selected: SelectedPartitions): { plan: BackfillPlan; runs: PlannedRun[] };
};

/** A backfill that would take longer is more likely a slip than a wish: it would hold the plan's calls for half a day. */
const longestBackfillHours = 12;

/** Checks a request and makes ready to plan it. Throws a RequestError that names the field. */
export async function prepareBackfill(options: BackfillOptions, request: BackfillRequest): Promise<PreparedBackfill> {
  if (request.jobId !== jobIds.ingest) {
    throw new RequestError("invalid", `${request.jobId} does not run by session, so it has no backfills.`, "job");
  }
  checkRange(request, options.now());
  const tickers = await checkTickers(options, request);
  const universe = options.settings.universe;
  const named = tickers ?? (universe.kind === "tickers" ? universe.tickers : null);
  const types = universe.kind === "types" ? universe.types : null;
  const listed = named ?? (await selectTickersTradedSince(options.sql, types, request.from));
  if (named === null && listed.length === 0 && request.strategy === "per_ticker") {
    throw new RequestError(
      "invalid",
      "The tickers of the market are not known yet: they are read with the first session. Choose grouped, or auto.",
      "strategy",
    );
  }
  const sessions = sessionsBetween(request.from, request.to);
  const settled = new Set(settledSessions(request.from, options.now()));
  return {
    sessions: sessions.filter((session) => settled.has(session)),
    group: (selected) => {
      // Named tickers are fetched whatever the sessions' own runs did: those fetched the universe.
      const reasons = tickers
        ? sessions
            .filter((session) => settled.has(session))
            .map((date): DatedReason => ({ date, reason: askedByTicker }))
        : selected.wanted.map(toDated);
      const wanted = reasons.map(({ date }) => date);
      const calls = planCalls({
        sessions: wanted,
        tickers: named,
        ...(listed.length > 0 && { universeSize: listed.length }),
        strategy: tickers ? "per_ticker" : request.strategy,
        callsPerMinute: options.settings.callsPerMinute,
      });
      const ran = tickers ? [] : selected.skipped.map(toDated);
      const skipped = [...ran, ...closedDates(request, new Set(sessions)), ...unsettled(sessions, settled)];
      skipped.sort((a, b) => (a.date < b.date ? -1 : 1));
      const plan: BackfillPlan = { ...calls, sessions: wanted.length, dates: wanted, reasons, skipped };
      checkDuration(plan, options.settings.callsPerMinute, tickers !== undefined);
      return { plan, runs: plannedRuns(plan, request, tickers) };
    },
  };
}

function checkRange({ from, to }: BackfillRequest, now: Date): void {
  const today = newYorkDate(now);
  for (const [field, date] of [
    ["from", from],
    ["to", to],
  ] as const) {
    if (!isIsoDate(date)) throw new RequestError("invalid", `"${date}" is not a date; write it as 2025-01-02.`, field);
    if (date < firstCalendarDate) {
      throw new RequestError(
        "invalid",
        `${date} is before the trading calendar begins, on ${firstCalendarDate}.`,
        field,
      );
    }
    if (date > today) throw new RequestError("invalid", `${date} is in the future: in New York it is ${today}.`, field);
  }
  if (from > to) throw new RequestError("invalid", `The range begins on ${from}, after its end on ${to}.`, "from");
}

/** The tickers that were named, once each; undefined where none were. */
async function checkTickers(options: BackfillOptions, request: BackfillRequest): Promise<string[] | undefined> {
  const named = [...new Set(request.tickers ?? [])];
  if (named.length === 0) return undefined;
  if (request.strategy === "grouped") {
    throw new RequestError(
      "invalid",
      "Grouped calls fetch the whole market: leave the tickers out, or choose per ticker.",
      "strategy",
    );
  }
  const unknown = await selectUnknownTickers(options.sql, named);
  if (unknown.length === 0) return named;
  const list = unknown.slice(0, 5).join(", ") + (unknown.length > 5 ? ` and ${unknown.length - 5} more` : "");
  throw new RequestError("invalid", `The market API does not list ${list}. Tickers are case-sensitive.`, "tickers");
}

function checkDuration(plan: BackfillPlan, callsPerMinute: number | null, isNamed: boolean): void {
  if (callsPerMinute === null || plan.minutes <= longestBackfillHours * 60) return;
  const hours = Math.round(plan.minutes / 6) / 10;
  // Named tickers can only be asked for one by one.
  const alternative = isNamed ? null : plan.alternative;
  const isOtherQuicker = alternative !== null && alternative.calls <= longestBackfillHours * 60 * callsPerMinute;
  const advice = isOtherQuicker
    ? `Fetched ${alternative.strategy}, it takes ${alternative.calls} calls.`
    : "Choose a shorter range.";
  throw new RequestError(
    "invalid",
    `${plan.calls} calls take ${hours} hours at ${callsPerMinute} calls a minute; one backfill may take ${longestBackfillHours}. ${advice}`,
    isOtherQuicker ? "strategy" : "from",
  );
}

const askedByTicker: SessionReason = { kind: "asked_by_ticker" };

const toDated = ({ partition, reason }: SelectedPartitions["wanted"][number]): DatedReason => ({
  date: partition,
  reason,
});

function closedDates({ from, to }: BackfillRequest, sessions: Set<string>): DatedReason[] {
  return datesBetween(from, to)
    .filter((date) => !sessions.has(date))
    .map((date) => ({ date, reason: { kind: "closed", holiday: holidayName(date) ?? null } }));
}

function unsettled(sessions: string[], settled: Set<string>): DatedReason[] {
  return sessions
    .filter((session) => !settled.has(session))
    .map((date) => ({ date, reason: { kind: "unsettled", until: settlesAt(date).toISOString() } }));
}

/**
 * Grouped: a run a session. Per ticker: one run for all, as each call answers the whole range. Neither a recheck nor one of
 * some tickers answers for its sessions from then on.
 */
function plannedRuns(
  plan: BackfillPlan,
  { from, reprocess }: BackfillRequest,
  tickers: string[] | undefined,
): PlannedRun[] {
  if (plan.dates.length === 0) return [];
  const isRecheck = reprocess === "recheck";
  const parameters = {
    ...{ strategy: plan.strategy, referenceFrom: from },
    ...(isRecheck && { recheck: true }),
    ...(tickers && { tickers }),
  };
  const partial = isRecheck || tickers !== undefined;
  const groups = plan.strategy === "grouped" ? plan.dates.map((date) => [date]) : [plan.dates];
  return groups.map((partitions) => ({ partitions, parameters, ...(partial && { partial }) }));
}
