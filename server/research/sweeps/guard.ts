import type { Later } from "../../../jobs/workspace/watch.ts";
import { residentMemory, watchMemory } from "../workspace/memory.ts";
import { secondsOf } from "../workspace/words.ts";

/** How long workers may say nothing while they run a file of the workspace, and what the process may grow by meanwhile, in bytes. */
export const ownLimits = { silentMs: 60_000, memory: 2 * 1024 * 1024 * 1024 };

export type Guard = { signal: AbortSignal; listen(team: readonly Worker[]): void; stop(): void };

/** Ends the sweep of a file that says nothing for too long, or takes too much memory: its signal aborts as the one that was asked with does. */
export function guardOwn(asked: AbortSignal, { limits, later }: { limits: typeof ownLimits; later: Later }): Guard {
  const ended = new AbortController();
  let callOff = () => {};
  const wait = () => {
    callOff();
    callOff = later(() => {
      const message = `The strategy did not answer for ${secondsOf(limits.silentMs)}, and was ended: does it loop?`;
      ended.abort(new Error(message));
    }, limits.silentMs);
  };
  const stopWeighing = watchMemory({ read: residentMemory, later, most: limits.memory }, () =>
    ended.abort(new Error(`The sweep took more than ${limits.memory / 2 ** 20} MB of memory, and was ended.`)),
  );
  wait();
  return {
    signal: AbortSignal.any([asked, ended.signal]),
    listen: (team) => {
      for (const worker of team) worker.addEventListener("message", wait);
    },
    stop: () => {
      callOff();
      stopWeighing();
    },
  };
}
