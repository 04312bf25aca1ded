import type { Honesty, Memory } from "./honesty.ts";
import type { UniverseHonesty } from "./universe/honesty.ts";

/** A check of a strategy as people read it: `detail` says what exactly was found. */
export type Badge = {
  id: "look-ahead" | "warm-up" | "repeatable" | "units";
  label: string;
  passed: boolean;
  detail: string;
};

const sessions = (count: number) => (count === 1 ? "1 session" : `${count} sessions`);

/** The badges of a strategy of one ticker. */
export const badgesOf = (honesty: Honesty): Badge[] => [lookAheadBadge(honesty), warmupBadge(honesty)];

function lookAheadBadge({ lookAhead: { passed, histories, found } }: Honesty): Badge {
  const detail =
    found === null
      ? `Run again on ${histories} histories that end earlier, it said of every session what it says with the whole history.`
      : `Of session ${found.session + 1} it said ${found.before} when ${sessions(found.length)} were known, and says ${found.after} now: it knows what came later.`;
  return { id: "look-ahead", label: passed ? "No look-ahead" : "Looks ahead", passed, detail };
}

const memories: Record<Memory, (settledAfter: number) => string> = {
  exact: () => "signals from the warm-up on are the same.",
  position: (settled) =>
    `signals are the same once the position from before was left, ${sessions(settled)} after the warm-up at the latest.`,
  fades: (settled) =>
    `signals are the same from ${sessions(settled)} after the warm-up on: its averages are recursive, and what came before fades from them.`,
  never: (settled) => `signals still differ ${sessions(settled)} after the warm-up: it remembers more than it says.`,
  unknown: () => "too few would be left to compare.",
};

function warmupBadge({ warmup }: Honesty): Badge {
  const { passed, sessions: needed, coldSession, cuts, memory, settledAfter } = warmup;
  const cold =
    coldSession === null
      ? needed === 0
        ? "It needs no warm-up."
        : `No signal in its warm-up of ${sessions(needed)}.`
      : `A signal in session ${coldSession + 1} of a warm-up of ${needed}.`;
  const compared =
    memory === "unknown" ? "With the first sessions cut off" : `With the first sessions cut off, ${cuts} times`;
  return {
    id: "warm-up",
    label: passed ? "Warm-up holds" : "Warm-up too short",
    passed,
    detail: `${cold} ${compared}, ${memories[memory](settledAfter)}`,
  };
}

/** The badges of a strategy of the universe. */
export function universeBadgesOf({ lookAhead, warmup }: UniverseHonesty): Badge[] {
  return [
    {
      id: "look-ahead",
      label: lookAhead.passed ? "No look-ahead" : "Looks ahead",
      passed: lookAhead.passed,
      detail: lookAhead.passed
        ? `Asked again at each of ${lookAhead.rebalances} rebalances without the others, it chose the same.`
        : `Asked again at the rebalance of ${lookAhead.changed} without the others, it chose differently: it knows more than that session's close.`,
    },
    {
      id: "warm-up",
      label: warmup.passed ? "Warm-up holds" : "Warm-up too short",
      passed: warmup.passed,
      detail: warmup.passed
        ? `Nobody was chosen who had no bar ${sessions(warmup.sessions)} before.`
        : `At the rebalance of ${warmup.changed} it chose a ticker that had no bar ${sessions(warmup.sessions)} before.`,
    },
  ];
}
