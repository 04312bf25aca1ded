/** A time by which something must be over. */
export type Deadline = {
  /** Waits for `work`, but no longer than the deadline; whether it was met is not told, nor is an error. */
  within(work: Promise<unknown>): Promise<void>;
  /** Frees the timer, which would keep the process from ending. */
  clear(): void;
};

export function startDeadline(ms: number): Deadline {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  return {
    within: (work) => Promise.race([work.then(() => {}).catch(() => {}), promise]),
    clear: () => clearTimeout(timer),
  };
}
