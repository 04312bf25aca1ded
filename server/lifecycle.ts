import type { Logger } from "pino";

/** What was opened, and how to close it again, last first. */
export type Lifecycle = {
  /** Remembers how to close what was just opened. */
  onStop(what: string, close: () => unknown): void;
  /** Closes everything in reverse order; one that fails or is too slow does not hold up the others. */
  stop(): Promise<void>;
};

export function createLifecycle(options: { log: Logger; closePatienceMs: number }): Lifecycle {
  const opened: { what: string; close: () => unknown }[] = [];
  let stopping: Promise<void> | undefined;

  const closeAll = async () => {
    for (const { what, close } of opened.splice(0).reverse()) {
      const started = performance.now();
      try {
        const patience = Bun.sleep(options.closePatienceMs).then(() => "late" as const);
        const outcome = await Promise.race([Promise.resolve(close()), patience]);
        const fields = { what, durationMs: Math.round(performance.now() - started) };
        if (outcome === "late") options.log.warn(fields, "did not stop in time");
        else options.log.debug(fields, "stopped");
      } catch (error) {
        options.log.warn({ what, error }, "could not be stopped in good order");
      }
    }
  };

  return {
    onStop(what, close) {
      opened.push({ what, close });
    },
    stop() {
      stopping ??= closeAll();
      return stopping;
    },
  };
}
