import { lagsWithReturn } from "../../../db/queries/research/universe.ts";
import { sessionsBetween } from "../../../jobs/market/calendar.ts";
import type { BacktestOffer } from "../../../views/research/backtest-view.ts";
import { leastSessions } from "../../backtest/backtest.ts";
import type { Strategy } from "../../backtest/strategies/index.ts";
import { sessionParameters } from "../../backtest/strategy.ts";
import { HttpError } from "../../http/errors.ts";
import { listStrategies } from "../workspace/catalogue.ts";
import type { RecentRuns } from "./recent-runs.ts";
import type { Lack } from "./too-few-sessions.ts";
import { requestFromQuery } from "./url.ts";

/** Parts of the parameters that are tried, from the longest. */
const parts = [1 / 2, 1 / 4, 1 / 8, 1 / 16];

/** Returns over these many sessions stand in the bars; others are counted back one by one. */
const knownLags = [0, ...lagsWithReturn].toSorted((one, other) => other - one);

/** A parameter's number of sessions, shortened; of the universe's one that the bars have. */
function shortened(value: unknown, part: number, scope: Strategy["scope"]): unknown {
  if (typeof value !== "number") return value;
  const sessions = Math.floor(value * part);
  if (scope === "ticker") return Math.max(1, sessions);
  return knownLags.find((lag) => lag <= sessions) ?? 0;
}

/** The parameters with shorter windows that are valid, from the longest; for one ticker those alone that need no more than is there. */
async function shorterParameters({ strategy: id, parameters, published }: Lack): Promise<Record<string, unknown>[]> {
  const strategy = listStrategies().find((one) => one.id === id);
  if (strategy === undefined) return [];
  const counted = sessionParameters(strategy.parameters);
  const tried = parts.map((part) => ({
    ...parameters,
    ...Object.fromEntries(counted.map((name) => [name, shortened(parameters[name], part, strategy.scope)])),
  }));
  const different = tried.filter((one, at) => JSON.stringify(one) !== JSON.stringify(tried[at - 1]));
  const fitting = await Promise.all(
    different.map(async (candidate) => {
      if (strategy.scope === "universe") return (await strategy.configure(candidate)).success;
      const configured = await strategy.configure(candidate);
      return configured.success && leastSessions(configured.strategy) <= published;
    }),
  );
  return different.filter((_, at) => fitting[at]);
}

function withParameters(query: URLSearchParams, parameters: Record<string, unknown>): URLSearchParams {
  const changed = new URLSearchParams(query);
  for (const [name, value] of Object.entries(parameters)) changed.set(`params.${name}`, String(value));
  return changed;
}

/** The same with the longest windows with which it runs; null where it runs with none of them. */
async function offerShorter(runs: RecentRuns, query: URLSearchParams, lack: Lack): Promise<BacktestOffer | null> {
  for (const parameters of await shorterParameters(lack)) {
    const changed = withParameters(query, parameters);
    const { request } = requestFromQuery(changed);
    if (request === null) continue;
    try {
      await runs.run(request);
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      continue;
    }
    const different = Object.entries(parameters).filter(([name, value]) => lack.parameters[name] !== value);
    const changes = different.map(([name, value]) => ({ name, value: Number(value) }));
    return { kind: "shorter", url: `/backtest?${changed}`, changes };
  }
  return null;
}

/** Days enough to have so many sessions in them. */
const daysFor = (sessions: number) => sessions * 2 + 30;

/** A backfill of the sessions that are missing before the first; null where nothing is published to reckon from. */
function offerBackfill({ first, needed, published }: Lack): BacktestOffer | null {
  if (first === null) return null;
  // A strategy that chooses at the ends of months needs one more of them.
  const missing = Math.max(1, needed - published) + 23;
  const start = new Date(Date.parse(first) - daysFor(missing) * 86_400_000).toISOString().slice(0, 10);
  const before = sessionsBetween(start, first).filter((session) => session < first);
  const [from, to] = [before.at(-missing), before.at(-1)];
  if (from === undefined || to === undefined) return null;
  return { kind: "backfill", url: `/backfills/new?${new URLSearchParams({ from, to })}`, from, to };
}

/**
 * What would make a run of a history that is too short for it: shorter windows, or more history. `published` is the first session that there
 * is; null where that is not known. Where the range alone leaves it out nothing has to be fetched.
 */
export async function offersOf(
  runs: RecentRuns,
  query: URLSearchParams,
  lack: Lack,
  published: string | null,
): Promise<BacktestOffer[]> {
  const isCut = published !== null && lack.first !== null && published < lack.first;
  const offers = [await offerShorter(runs, query, lack), isCut ? null : offerBackfill(lack)];
  return offers.filter((offer) => offer !== null);
}
