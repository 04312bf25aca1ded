/** What is watched, and what to do about its end. */
export type Supervision = {
  isRunning(): Promise<boolean>;
  start(): Promise<unknown>;
  /** Called after each attempt; without an error where it runs again. */
  onRestart(error?: unknown): void;
  intervalMs?: number;
};

const defaultIntervalMs = 1000;

/**
 * Starts what has ended without being asked to, and tries again until it runs. Answers the call that ends the watch, and
 * waits for a start that is under way: what it started could not be stopped otherwise.
 */
export function supervise(supervision: Supervision): () => Promise<void> {
  const { intervalMs = defaultIntervalMs } = supervision;
  let looking: Promise<void> = Promise.resolve();
  let busy = false;

  const look = async () => {
    if (await supervision.isRunning()) return;
    try {
      await supervision.start();
      supervision.onRestart();
    } catch (error) {
      supervision.onRestart(error);
    }
  };

  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    looking = look().finally(() => {
      busy = false;
    });
  }, intervalMs);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await looking;
  };
}
