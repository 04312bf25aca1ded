/** Work that is done again at every wake, one turn at a time. */
export type Loop = {
  /** Asks for a turn now; several asks during one turn make one more. */
  wake(): void;
  /** Ends when the turn under way has ended; no other follows. */
  stop(): Promise<void>;
};

export type LoopOptions = {
  /** One turn. Answers for how many milliseconds nothing will be to do; it must not throw. */
  turn(): Promise<number>;
  /** The longest rest: what no wake announced is found after so long. */
  longestMs: number;
};

/** Starts a loop; its first turn is at the first wake. */
export function startLoop(options: LoopOptions): Loop {
  let stopped = false;
  let asked = false;
  let turning: Promise<void> | undefined;
  let timer: Timer | undefined;

  const turnUntilQuiet = async () => {
    while (asked && !stopped) {
      asked = false;
      clearTimeout(timer);
      const restMs = Math.max(1, Math.min(options.longestMs, await options.turn()));
      if (!stopped) timer = setTimeout(wake, restMs);
    }
    // Here and not in a later callback: a wake in between would find nobody turning and nobody to start.
    turning = undefined;
  };

  const wake = () => {
    if (stopped) return;
    asked = true;
    turning ??= turnUntilQuiet();
  };

  return {
    wake,
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await turning;
    },
  };
}
