import { selectPartitionRange, selectPaths } from "../../db/queries/pipeline/read-calendar.ts";
import { selectFetchedCounts, selectPublishedCounts } from "../../db/queries/quality/read-session-counts.ts";
import { lastSettledSession, newYorkDate } from "../../jobs/market/calendar.ts";
import { addDays } from "../../jobs/market/dates.ts";
import { jobIds } from "../../jobs/pipeline.ts";
import { formatPercent } from "../../views/format.ts";
import type { Day } from "../../views/pipeline/calendar.tsx";
import type { CoverageView, CoveredSession } from "../../views/quality/lineage-types.ts";
import { daysBetween } from "../pipeline/days.ts";
import { readWishes, wantedOf } from "../pipeline/schedule-read.ts";
import { type CoverageContext, gapReason } from "./gaps.ts";
import { readTickerCoverage } from "./ticker-coverage-read.ts";

/** Sessions that the median is taken over: a month of them. */
const trailing = 21;
/** Calendar days that hold so many sessions, whatever the holidays. */
const trailingDays = 45;
/** Below this share of the median a session is worth a look: some tickers come and go every day. */
const thinShare = 0.95;

/** The sessions of a year with how many tickers each has, and of a ticker the sessions that it lacks. */
export async function readCoverage(
  context: CoverageContext,
  asked: { year: number | null; ticker: string },
): Promise<CoverageView> {
  const now = context.now();
  const thisYear = Number(newYorkDate(now).slice(0, 4));
  const [range, wishes] = await Promise.all([selectPartitionRange(context.read, jobIds.ingest), readWishes(context)]);
  const firsts = [range?.first, wishes.due[0]].filter((date) => date !== undefined).sort();
  const first = Number((firsts[0] ?? newYorkDate(now)).slice(0, 4));
  const years = Array.from({ length: Math.max(1, thisYear - first + 1) }, (_, index) => thisYear - index);
  const year = asked.year !== null && years.includes(asked.year) ? asked.year : thisYear;
  const [from, to] = [`${year}-01-01`, `${year}-12-31`];
  const before = addDays(from, -trailingDays);
  const [paths, published, fetched, ticker] = await Promise.all([
    selectPaths(context.read, jobIds, from, to),
    selectPublishedCounts(context.read, before, to),
    selectFetchedCounts(context.read, jobIds.ingest, before, to),
    asked.ticker === "" ? null : readTickerCoverage(context, asked.ticker),
  ]);
  const lastSettled = lastSettledSession(now);
  const days = daysBetween(from, to, {
    paths,
    wanted: new Set(wantedOf(wishes)),
    lastSettled,
  });
  const sessions = explain(days, published ?? fetched, lastSettled, context.config.startDate);
  const settled = sessions.filter(({ state }) => state !== "closed" && state !== "upcoming");
  return {
    year,
    years,
    sessions,
    published: settled.filter(({ state }) => state === "published").length,
    settled: settled.length,
    countedBy: published
      ? "those with a published bar"
      : "the rows of each whole-market answer, as its run counted them",
    ticker,
    asked: asked.ticker,
  };
}

type Count = { session: string; tickers: number };

function explain(days: Day[], counts: Count[], lastSettled: string | null, startDate: string): CoveredSession[] {
  const byDate = new Map(counts.map((count) => [count.session, count.tickers]));
  return days.map((day) => {
    const tickers = byDate.get(day.date) ?? null;
    const median = lastSettled === null || day.date > lastSettled ? null : medianOf(lastBefore(counts, day.date));
    return { ...day, tickers, median, reason: reasonOf(day, tickers, median, startDate) };
  });
}

const lastBefore = (counts: Count[], date: string) => {
  const end = counts.findIndex(({ session }) => session >= date);
  const until = end === -1 ? counts.length : end;
  return counts.slice(Math.max(0, until - trailing), until).map(({ tickers }) => tickers);
};

function medianOf(values: number[]): number | null {
  const sorted = values.sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low, high] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]];
  return low === undefined || high === undefined ? null : (low + high) / 2;
}

function reasonOf(day: Day, tickers: number | null, median: number | null, startDate: string): string | null {
  const reason = gapReason(day, startDate);
  if (reason !== null || day.state === "upcoming") return reason;
  if (tickers === null) return "fetched ticker by ticker, so that nobody counted the session";
  return median !== null && tickers < median * thinShare
    ? `thin: ${formatPercent(tickers / median)} of the median of the sessions before`
    : null;
}
