import { readdir, readFile } from "node:fs/promises";

/** Processor time of a set of processes over time, in seconds. */
export type ProcessorWatch = {
  /** Used from the start of the watch to an instant, read off between two looks; null where the system does not tell (no /proc). */
  until(instant: Date): number | null;
  stop(): Promise<void>;
};

/** What /proc counts in: a hundredth of a second, on every Linux that there is. */
const ticksPerSecond = 100;

/** Looks every `intervalMs` at what processes and all their children have used. */
export async function watchProcessor(pids: readonly number[], intervalMs: number): Promise<ProcessorWatch> {
  const looks: { at: number; seconds: number }[] = [];
  let looking: Promise<void> | undefined;
  const look = async () => {
    const seconds = await processorSeconds(pids);
    // A child that ends while it is looked at is in no sum for that once.
    if (seconds !== null) looks.push({ at: Date.now(), seconds: Math.max(seconds, looks.at(-1)?.seconds ?? 0) });
    looking = undefined;
  };
  await look();
  const timer = setInterval(() => {
    looking ??= look();
  }, intervalMs);
  return {
    until: (instant) => between(looks, instant.getTime()),
    async stop() {
      clearInterval(timer);
      await looking;
      await look();
    },
  };
}

/** The value at an instant on the line through what was seen, from the first look on. */
function between(looks: readonly { at: number; seconds: number }[], at: number): number | null {
  const [first] = looks;
  if (!first) return null;
  const after = looks.findIndex((look) => look.at >= at);
  const next = looks[after] ?? looks.at(-1) ?? first;
  const before = looks[after === -1 ? looks.length - 1 : after - 1] ?? first;
  const share = next.at === before.at ? 0 : (at - before.at) / (next.at - before.at);
  return before.seconds + share * (next.seconds - before.seconds) - first.seconds;
}

/** Seconds that processes and all their children have used so far, those that have ended among them; null without /proc. */
export async function processorSeconds(pids: readonly number[]): Promise<number | null> {
  const tree = new Set<number>();
  for (const pid of pids) await addTree(pid, tree);
  const used = (await Promise.all([...tree].map(ticksOf))).filter((ticks) => ticks !== null);
  return used.length === 0 ? null : used.reduce((sum, ticks) => sum + ticks, 0) / ticksPerSecond;
}

async function addTree(pid: number, tree: Set<number>): Promise<void> {
  tree.add(pid);
  for (const thread of await readdir(`/proc/${pid}/task`).catch(() => [])) {
    const children = await readFile(`/proc/${pid}/task/${thread}/children`, "utf8").catch(() => "");
    for (const child of children.split(" ").filter(Boolean).map(Number)) await addTree(child, tree);
  }
}

/** Its own and its waited-for children's, in and out of the kernel. */
async function ticksOf(pid: number): Promise<number | null> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // The name in brackets may have anything in it: what comes after the last of them is counted from the third field on.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const ticks = fields.slice(11, 15).map(Number);
  return ticks.length === 4 ? ticks.reduce((sum, one) => sum + one, 0) : null;
}
