import type { Later } from "../../../jobs/workspace/watch.ts";

/** Bytes that the process holds. */
export type ReadMemory = () => number;

export const residentMemory: ReadMemory = () => process.memoryUsage.rss();

/** How often the process is weighed while a file of the workspace runs. */
const everyMs = 50;

/**
 * Weighs the process while something runs, as one worker cannot be weighed by itself, and tells once where it holds `most` bytes more than at the
 * beginning. Answers how to stop weighing.
 */
export function watchMemory(
  { read, later, most }: { read: ReadMemory; later: Later; most: number },
  exceeded: () => void,
): () => void {
  const before = read();
  let callOff = () => {};
  const weigh = () => {
    if (read() - before > most) return exceeded();
    callOff = later(weigh, everyMs);
  };
  callOff = later(weigh, everyMs);
  return () => callOff();
}
