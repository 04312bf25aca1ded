import { CancelledError } from "./errors.ts";
import { type Member, startMember } from "./member.ts";
import type { WorkerPool, WorkerPoolOptions } from "./pool-types.ts";

/** Makes a pool; it starts no worker before the first batch. */
export function createWorkerPool(options: WorkerPoolOptions): WorkerPool {
  const members = new Set<Member>();
  const capacity = options.size * options.slotsPerWorker;
  let running = 0;
  const count = (change: number) => {
    running += change;
    options.observer?.batches(running, capacity);
  };
  count(0);

  const hire = (): Member => {
    const member = startMember(options, () => {
      members.delete(member);
      if (members.size === 0) options.rested?.();
    });
    members.add(member);
    return member;
  };

  const pick = (): Member => {
    const least = [...members].sort((a, b) => a.load() - b.load())[0];
    if (least && (least.load() === 0 || members.size >= options.size)) return least;
    return hire();
  };

  return {
    capacity,
    size: () => members.size,
    async run(batch, listener, signal) {
      if (signal.aborted) throw new CancelledError("Cancelled before it began.");
      count(1);
      try {
        return await pick().run(batch, listener, signal);
      } finally {
        count(-1);
      }
    },
    close() {
      for (const member of [...members]) member.end(new CancelledError("The process is stopping."));
    },
  };
}
