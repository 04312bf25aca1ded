import { resolve } from "node:path";
import type { Logger } from "pino";
import { byTimer, type Later, watchFolder } from "../../../jobs/workspace/watch.ts";
import { strategies as shipped } from "../../backtest/strategies/index.ts";
import { listOwnStrategies, type OwnFile } from "./catalogue.ts";
import type { FoundStrategy, OwnStrategies } from "./found.ts";
import { createStrategyHost, StrategyFailure, type StrategyHost, type StrategyLimits } from "./host.ts";
import { listOwn } from "./listed.ts";
import type { Failing, Questions } from "./messages.ts";
import { readStrategyFiles } from "./read-files.ts";
import { toSentence } from "./words.ts";

type Options = {
  /** The folder of strategies. It may be missing. */
  dir: string;
  log: Logger;
  now(): Date;
  limits?: StrategyLimits;
  later?: Later;
};

type Checked = Questions["check"]["answer"];

/** A file with what its worker said of it: what it declares, or what it failed with; nothing yet while it is asked. */
type Known = {
  file: OwnFile;
  foundAt: Date;
  checked: Checked | null;
  failing: Failing | null;
  /** What it was called when it could be used last, by which requests may still name it. */
  lastId: string | null;
};

/**
 * Finds the strategies of the workspace at start and whenever a file changes, runs each in a worker that is ended where it takes too long, and
 * lists those that can be used for requests.
 */
export function createOwnStrategies({ dir: folder, log, now, limits, later = byTimer }: Options): OwnStrategies {
  const dir = resolve(folder);
  const host = createStrategyHost({ later, ...(limits && { limits }) });
  const known = new Map<string, Known>();
  let isStopped = false;

  const list = () => {
    const found = foundOf([...known.values()]);
    listOwnStrategies(
      [...known.values()].flatMap(({ file, checked }) => {
        const isUsable = found.some((one) => one.file === file.name && one.state === "ok");
        return isUsable && checked !== null ? [listOwn(host, file, checked.description, checked.checks)] : [];
      }),
      new Map(found.flatMap((one) => (one.state === "broken" && one.id !== null ? [[one.id, brokenWords(one)]] : []))),
    );
    return found;
  };
  const changed = async () => {
    const files = await readStrategyFiles(dir);
    for (const name of known.keys()) if (!files.some((file) => file.name === name)) known.delete(name);
    const fresh = files.filter((file) => known.get(file.name)?.file.version !== file.version);
    for (const file of fresh) {
      if (!known.has(file.name))
        known.set(file.name, { file, foundAt: now(), checked: null, failing: null, lastId: null });
    }
    list();
    // One after the other: what runs on the same cores should not wait for all of them.
    for (const file of fresh) {
      const { checked, failing } = await ask(host, file);
      if (isStopped) return;
      const lastId = checked?.description.id ?? known.get(file.name)?.lastId ?? null;
      known.set(file.name, { file, foundAt: now(), checked, failing, lastId });
      tell(
        log,
        list().find((one) => one.file === file.name),
      );
    }
  };
  const watch = watchFolder({
    dir,
    changed,
    failed: (error) => log.error({ error }, "the workspace's strategies could not be looked through"),
    later,
  });
  return {
    list: () => foundOf([...known.values()]),
    look: () => watch.look(),
    stop: async () => {
      isStopped = true;
      // What is under way ends with its worker.
      host.close();
      await watch.stop();
      host.close();
      listOwnStrategies([], new Map());
    },
  };
}

async function ask(host: StrategyHost, file: OwnFile): Promise<Pick<Known, "checked" | "failing">> {
  try {
    return { checked: await host.ask(file, "check", {}), failing: null };
  } catch (error) {
    if (!(error instanceof StrategyFailure)) throw error;
    const { message, file: at, line } = error;
    return { checked: null, failing: { message, file: at ?? file.name, line } };
  }
}

/** What is told of each file, by name. Two that say the same id: the first has it. */
function foundOf(known: readonly Known[]): FoundStrategy[] {
  const holders = new Map(shipped.map(({ id }) => [id, "a strategy that is shipped"]));
  const inOrder = known.toSorted((a, b) => (a.file.name < b.file.name ? -1 : 1));
  return inOrder.map(({ file, foundAt, checked, failing, lastId }): FoundStrategy => {
    const { id = lastId, name = null, scope = null } = checked?.description ?? {};
    const holder = id === null ? undefined : holders.get(id);
    if (id !== null && checked !== null && holder === undefined) holders.set(id, file.name);
    const clash = checked && holder && `The id \`${id}\` is that of ${holder} already: choose another.`;
    const message = failing?.message ?? clash ?? null;
    const state = message !== null ? "broken" : checked === null ? "checking" : "ok";
    return {
      ...{ file: file.name, state, id, name, scope, message, foundAt },
      problemFile: message === null ? null : (failing?.file ?? file.name),
      line: failing?.line ?? null,
      checks: checked?.checks ?? [],
    };
  });
}

const brokenWords = ({ message, problemFile, line }: FoundStrategy): string =>
  toSentence({ message: message ?? "", file: problemFile, line });

function tell(log: Logger, found: FoundStrategy | undefined): void {
  if (found === undefined) return;
  const { file, state, id, message, line, checks } = found;
  const failed = checks.filter(({ passed }) => !passed).map((check) => check.id);
  if (state === "broken") log.warn({ file, line, reason: message }, "a strategy of the workspace is broken");
  else log.info({ file, strategy: id, failed }, "a strategy of the workspace was found");
}
