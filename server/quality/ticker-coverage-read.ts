import { selectTickerProfile } from "../../db/queries/market/read-tickers.ts";
import { selectPathsOf } from "../../db/queries/pipeline/read-calendar.ts";
import { selectRejectedSessions } from "../../db/queries/quality/read-rejects.ts";
import { selectBarSessions } from "../../db/queries/quality/read-session-counts.ts";
import { lastSettledSession, sessionsBetween } from "../../jobs/market/calendar.ts";
import { jobIds } from "../../jobs/pipeline.ts";
import type { TickerCoverage } from "../../views/quality/lineage-types.ts";
import { daysBetween } from "../pipeline/days.ts";
import { readWishes, wantedOf } from "../pipeline/schedule-read.ts";
import { type CoverageContext, gapReason } from "./gaps.ts";

const gapsShown = 100;

/** Which sessions between a ticker's first bar and its last day have none, and why; null where nobody knows the ticker. */
export async function readTickerCoverage(context: CoverageContext, ticker: string): Promise<TickerCoverage | null> {
  const { read } = context;
  const [profile, bars, refused] = await Promise.all([
    selectTickerProfile(read, ticker),
    selectBarSessions(read, ticker),
    selectRejectedSessions(read, ticker),
  ]);
  const [firstBar = null, lastBar = null] = [bars[0], bars.at(-1)];
  if (!profile && firstBar === null) return null;
  const delistedOn = profile?.delistedOn ?? null;
  const active = profile?.active ?? true;
  const expected = firstBar === null ? [] : listedSessions(context, { firstBar, lastBar, delistedOn, active });
  const there = new Set(bars);
  const missing = expected.filter((session) => !there.has(session)).reverse();
  const gaps = await explainGaps(
    context,
    missing.slice(0, gapsShown),
    new Map(refused.map((one) => [one.session, one.reason])),
  );
  const moreGaps = missing.length - gaps.length;
  return {
    ticker,
    firstBar,
    lastBar,
    delistedOn,
    active,
    bars: bars.length,
    expected: expected.length,
    gaps,
    moreGaps,
  };
}

type Listed = { firstBar: string; lastBar: string | null; delistedOn: string | null; active: boolean };

/** From the first bar, as nobody says when a ticker was listed, to its delisting or the last session there is. */
function listedSessions(context: CoverageContext, { firstBar, lastBar, delistedOn, active }: Listed): string[] {
  const settled = lastSettledSession(context.now()) ?? firstBar;
  const end = delistedOn !== null ? minimum(delistedOn, settled) : active ? settled : (lastBar ?? firstBar);
  // A share that trades on the day of its delisting has a bar; one that does not lacks none.
  return sessionsBetween(firstBar, end).filter((session) => delistedOn === null || session < delistedOn);
}

const minimum = (a: string, b: string) => (a < b ? a : b);

async function explainGaps(context: CoverageContext, missing: string[], refused: Map<string, string>) {
  const [to, from] = [missing[0], missing.at(-1)];
  if (from === undefined || to === undefined) return [];
  const knowledge = {
    paths: await selectPathsOf(context.read, jobIds, missing),
    wanted: new Set(wantedOf(await readWishes(context))),
    lastSettled: lastSettledSession(context.now()),
  };
  const days = new Map(daysBetween(from, to, knowledge).map((day) => [day.date, day]));
  return missing.map((date) => {
    const day = days.get(date);
    const reason = refused.get(date);
    const ofSession = day ? gapReason(day, context.config.startDate) : null;
    return {
      date,
      runId: day?.runId ?? null,
      refused: reason !== undefined,
      reason:
        reason !== undefined
          ? `its row was refused: ${reason}`
          : (ofSession ?? "not in the answer: halted, or not traded that day"),
    };
  });
}
