/** Takes pieces of work one after another, as long as there are any. */
export type Taker = {
  /** Looks for work now; where it is at work, once more after that. */
  wake(): void;
  /** Resolves once it has found nothing more to do. */
  idle(): Promise<void>;
  /** Takes nothing more. Resolves when what was taken is done. */
  stop(): Promise<void>;
};

/**
 * Makes a taker. `takeOne` does a piece and answers whether there was one; what it throws ends this round only, and of several that fail one
 * after another, as while the database is away, the first is told.
 */
export function createTaker(takeOne: () => Promise<boolean>, failed: (error: unknown) => void): Taker {
  let [asked, stopped, isFailing] = [false, false, false];
  let working: Promise<void> | undefined;
  const work = async () => {
    while (asked && !stopped) {
      asked = false;
      try {
        while (!stopped && (await takeOne())) asked = false;
        isFailing = false;
      } catch (error) {
        if (!isFailing) failed(error);
        isFailing = true;
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

/** Does something again and again, never twice at once: what is slow is waited for, and of failures in a row the first is told. */
export function repeat(what: () => Promise<void>, everyMs: number, failed: (error: unknown) => void): Repeating {
  let [isAtIt, isFailing] = [false, false];
  const attempt = async () => {
    try {
      await what();
      isFailing = false;
    } catch (error) {
      if (!isFailing) failed(error);
      isFailing = true;
    }
  };
  const now = () => {
    if (isAtIt) return;
    isAtIt = true;
    void attempt().finally(() => {
      isAtIt = false;
    });
  };
  const timer = setInterval(now, everyMs);
  return { now, stop: () => clearInterval(timer) };
}
