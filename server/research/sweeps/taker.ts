/** Takes pieces of work one after another, as long as there are any. */
export type Taker = {
  /** Looks for work now; where it is at work, once more after that. */
  wake(): void;
  /** Resolves once it has found nothing more to do. */
  idle(): Promise<void>;
  /** Takes nothing more. Resolves when what was taken is done. */
  stop(): Promise<void>;
};

/** Makes a taker. `takeOne` does a piece and answers whether there was one; what it throws is told, and ends this round only. */
export function createTaker(takeOne: () => Promise<boolean>, failed: (error: unknown) => void): Taker {
  let [asked, stopped] = [false, false];
  let working: Promise<void> | undefined;
  const work = async () => {
    while (asked && !stopped) {
      asked = false;
      try {
        while (!stopped && (await takeOne())) asked = false;
      } catch (error) {
        failed(error);
      }
    }
    // Here and not in a later callback: a wake in between would find nobody at work and nobody to begin.
    working = undefined;
  };
  const idle = async () => {
    while (working) await working;
  };
  return {
    wake: () => {
      asked = true;
      working ??= work();
    },
    idle,
    stop: async () => {
      stopped = true;
      await idle();
    },
  };
}

export type Repeating = { /** Does it now, where it is not being done. */ now(): void; stop(): void };

/** Does something again and again, never twice at once: what is slow is waited for. */
export function repeat(what: () => Promise<void>, everyMs: number, failed: (error: unknown) => void): Repeating {
  let isAtIt = false;
  const now = () => {
    if (isAtIt) return;
    isAtIt = true;
    what()
      .catch(failed)
      .finally(() => {
        isAtIt = false;
      });
  };
  const timer = setInterval(now, everyMs);
  return { now, stop: () => clearInterval(timer) };
}
