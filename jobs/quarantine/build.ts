import { type RawBar, selectNewBars, selectPublishedMark, takeBack } from "../../db/queries/market/held-bars.ts";
import {
  endReplaced,
  type HeldOfRun,
  insertHeldBars,
  selectHeldOfRun,
  selectHeldTickers,
  undoHeldBars,
} from "../../db/queries/market/quarantine.ts";
import { lockRawTables } from "../../db/queries/market/raw-lock.ts";
import { judgeDates } from "../market/split-judgement.ts";
import type { BuildResult } from "../transform/transform.ts";
import { createJudge, type Judge } from "./failed-tests.ts";
import { findFaultyBars } from "./faulty-statements.ts";
import { findLakeKeys } from "./lake-keys.ts";
import { mostHeld } from "./limit.ts";
import type { BuilderOptions, BuildRequest, Hold, Holds } from "./types.ts";

/** A model's tests run together and those of the models after it only once they pass, so that each round finds what it can. */
const mostRounds = 6;

/** How a build ended, and what the run has held back. `refusal`: why nothing more was held so that the rest be published. */
export type BuiltAround = { result: BuildResult; held: HeldOfRun[]; refusal: string | null };

/**
 * Builds and publishes; where few tickers' new bars stand in the way, holds those and builds again. Each step is a transaction of its own,
 * and a run that is begun again finds what it has held already: killed between any two, it ends the same. Where nothing can be
 * published, what it has held is in the raw table again.
 */
export async function buildAround(options: BuilderOptions, request: BuildRequest): Promise<BuiltAround> {
  const { sql } = options;
  const heldBefore = new Set((await selectHeldOfRun(sql, request.runId)).map(({ ticker }) => ticker));
  for (let round = 1; ; round++) {
    const mark = await selectPublishedMark(sql);
    const judge = createJudge(sql, mark, heldBefore);
    const result = await options.transform.build({ ...request.optionsOf(), onTestFailure: judge.ask });
    if (result.published) return await published(options, request, result);
    const holds = await findHolds(options, request, { mark, judge, result });
    if ("refusal" in holds || round === mostRounds) {
      await undo(options, request);
      const refusal = "refusal" in holds ? holds.refusal : `Held back in ${mostRounds} rounds, rows still failed.`;
      return { result, held: [], refusal };
    }
    await hold(options, request, mark, holds.holds);
    for (const { ticker } of holds.holds) heldBefore.add(ticker);
  }
}

async function published(
  { sql }: BuilderOptions,
  { runId, log }: BuildRequest,
  result: BuildResult,
): Promise<BuiltAround> {
  const released = await endReplaced(sql, await selectPublishedMark(sql));
  for (const ticker of released) log.info("a later answer ends the quarantine", { ticker });
  return { result, held: await selectHeldOfRun(sql, runId), refusal: null };
}

/** What stood in the way of a build, as bars to be held; a refusal where there are too many. */
async function findHolds(
  options: BuilderOptions,
  request: BuildRequest,
  { mark, judge, result }: { mark: string; judge: Judge; result: BuildResult },
): Promise<Holds> {
  const { fault } = result;
  const found = fault ? await findFaultyBars({ options, request, mark, fault }) : judge.holds();
  if ("refusal" in found) return found;
  if (found.holds.length === 0) return { refusal: "It is no fault of single rows." };
  const sessions = [...new Set(found.holds.flatMap((hold) => hold.sessions))];
  const most = await mostHeld(options.sql, mark, sessions);
  const tickers = new Set(found.holds.map(({ ticker }) => ticker));
  for (const ticker of await selectHeldTickers(options.sql, sessions)) tickers.add(ticker);
  if (tickers.size <= most) return found;
  return { refusal: `${tickers.size} tickers would be held back, and at most ${most} may be.` };
}

async function hold(options: BuilderOptions, request: BuildRequest, mark: string, holds: Hold[]): Promise<void> {
  const { sql } = options;
  const bars = (await selectNewBars(sql, mark, [...new Set(holds.map(({ ticker }) => ticker))])).flatMap((bar) => {
    const why = holds.find(({ ticker, sessions }) => ticker === bar.ticker && sessions.includes(bar.session));
    return why ? [{ ...bar, test: why.test, reason: why.reason }] : [];
  });
  const keys = await findLakeKeys(sql, options.lake, bars);
  const wanted = bars.map((bar, index) => ({ ...bar, lakeKey: keys[index] ?? null }));
  await sql.begin(async (transaction) => {
    const at = await lockRawTables(transaction);
    // A bar that a load has changed in the meantime is another one, and may be good.
    const tickers = [...new Set(wanted.map(({ ticker }) => ticker))];
    const now = new Map((await selectNewBars(transaction, mark, tickers)).map((bar) => [keyOf(bar), bar]));
    const held = wanted.filter(({ test, reason, lakeKey, ...bar }) => Bun.deepEquals(now.get(keyOf(bar)), bar));
    await takeBack(transaction, mark, held, at);
    await insertHeldBars(transaction, request.runId, held, at);
    const dates = held.map(({ session }) => session);
    await judgeDates(transaction, request.log, at, dates);
  });
  for (const { ticker, test, reason } of holds)
    request.log.warn("held back, so that the rest is published", { ticker, test, reason });
}

const keyOf = ({ ticker, session }: RawBar) => `${session} ${ticker}`;

async function undo({ sql }: BuilderOptions, { runId, log }: BuildRequest): Promise<void> {
  const rows = await sql.begin(async (transaction) => {
    const at = await lockRawTables(transaction);
    const bars = await undoHeldBars(transaction, runId, at);
    const dates = bars.map(({ tradeDate }) => tradeDate);
    await judgeDates(transaction, log, at, dates);
    return bars.length;
  });
  if (rows > 0) log.warn("put back what was held, as nothing can be published", { rows });
}
