import { findColdSignal, findLookAhead, type LookAhead, lastBars } from "./look-ahead.ts";
import { at, type ConfiguredStrategy } from "./strategy.ts";
import type { Bars, Targets } from "./types.ts";

/** Histories that a run's look-ahead check is made on: evenly taken ends, and those right before the largest moves. */
const evenEnds = 16;
const endsBeforeMoves = 8;
/** Beginnings that a run's warm-up check cuts off, evenly taken from the first half. */
const evenCuts = 6;
/** In so many warm-ups the rest of what came before a recursive average falls below 1e-9 of it. */
const fadesIn = 8;

/**
 * How signals after the warm-up depend on what came before it, where that was cut off:
 *
 *   exact     not at all
 *   position  by the position that was held then, until it is left; never again after
 *   fades     recursive averages remember it, with a weight that falls each session; not after eight warm-ups
 *   never     they do not come to agree
 *   unknown   there are too few sessions to cut any off
 */
export type Memory = "exact" | "position" | "fades" | "never" | "unknown";

/** What the checks of a strategy on one history found. */
export type Honesty = {
  lookAhead: {
    passed: boolean;
    /** Cut-off histories that were compared. */
    histories: number;
    found: LookAhead | null;
  };
  warmup: {
    passed: boolean;
    /** What the strategy says that it needs. */
    sessions: number;
    /** The first session that has a signal before it; null where none has. */
    coldSession: number | null;
    /** Cut-off beginnings that were compared. */
    cuts: number;
    memory: Memory;
    /** Sessions after the warm-up in which signals still differed, at the most. */
    settledAfter: number;
  };
};

/**
 * Both checks on some cut-off histories each: enough to catch whoever peeks or remembers more than it says, and quick enough to be
 * made for every page. The tests make them on every history.
 */
export function checkHonesty(strategy: ConfiguredStrategy, bars: Bars): Honesty {
  const ends = endsOf(bars);
  const found = findLookAhead(strategy, bars, ends);
  const coldSession = findColdSignal(strategy, bars);
  const { memory, settledAfter, cuts } = findMemory(strategy, bars, cutsOf(bars, strategy.warmup));
  return {
    lookAhead: { passed: found === null, histories: ends.length, found },
    warmup: {
      passed: coldSession === null && memory !== "never",
      ...{ sessions: strategy.warmup, coldSession, cuts, memory, settledAfter },
    },
  };
}

/** Lengths of histories, ascending, each once. */
function endsOf({ close }: Bars): number[] {
  const { length } = close;
  const even = Array.from({ length: evenEnds }, (_, index) => Math.round(((index + 1) * length) / (evenEnds + 1)));
  // Who knows tomorrow has most to gain before a large move.
  const moves = Array.from({ length: Math.max(0, length - 1) }, (_, index) => index + 1)
    .map((session) => ({ session, size: Math.abs(Math.log(at(close, session) / at(close, session - 1))) }))
    .filter(({ size }) => Number.isFinite(size))
    .toSorted((a, b) => b.size - a.size)
    .slice(0, endsBeforeMoves);
  return [...new Set([...even, ...moves.map(({ session }) => session)])]
    .filter((end) => end > 0 && end < length)
    .toSorted((a, b) => a - b);
}

/** Beginnings to cut off that leave the strategy warm for half of the history or more. */
function cutsOf({ close }: Bars, warmup: number): number[] {
  const most = Math.floor((close.length - warmup) / 2);
  const cuts = Array.from({ length: evenCuts }, (_, index) => Math.round(((index + 1) * most) / evenCuts));
  return [...new Set(cuts)].filter((cut) => cut > 0);
}

type Remembered = { memory: Memory; settledAfter: number; cuts: number };

const mildestFirst: readonly Memory[] = ["unknown", "exact", "position", "fades", "never"];

/** Compares the signals of the whole history with those of histories without their first `cuts` sessions, from the warm-up on. */
export function findMemory(strategy: ConfiguredStrategy, bars: Bars, cuts: readonly number[]): Remembered {
  const whole = strategy.signals(bars);
  const found = cuts.map((cut) => {
    const late = strategy.signals(lastBars(bars, cut));
    return compareFrom(cut + strategy.warmup, whole, (session) => late[session - cut]);
  });
  // A position may be held to the end of a history; that all of them differ to the end is no such chance.
  const settled = found.filter(({ agreed }) => agreed !== -1);
  const judged = settled.length === 0 ? found : settled;
  const memories = judged.map((comparison) => memoryOf(comparison, strategy.warmup));
  return {
    memory: mildestFirst.findLast((memory) => memories.includes(memory)) ?? "unknown",
    settledAfter: Math.max(0, ...judged.map(({ settledAfter }) => settledAfter)),
    cuts: cuts.length,
  };
}

/** The first session of agreement and the last of disagreement, -1 where there is none, and how many sessions the latter is in. */
type ComparedSignals = { agreed: number; last: number; settledAfter: number };

function compareFrom(begin: number, whole: Targets, other: (session: number) => number | undefined): ComparedSignals {
  let agreed = -1;
  let last = -1;
  for (let session = begin; session < whole.length; session++) {
    if (whole[session] !== other(session)) last = session;
    else if (agreed === -1) agreed = session;
  }
  return { agreed, last, settledAfter: last === -1 ? 0 : last + 1 - begin };
}

function memoryOf({ agreed, last, settledAfter }: ComparedSignals, warmup: number): Memory {
  if (last === -1) return "exact";
  if (agreed === -1) return "never";
  if (last < agreed) return "position";
  return settledAfter <= fadesIn * warmup ? "fades" : "never";
}
