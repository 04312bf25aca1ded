import { openPool, type Sql, type TransactionSql } from "../../db/client.ts";
import { openCitus } from "../../db/distribution/citus.ts";
import { explainRefusal, readLayout, requireCluster } from "../../db/distribution/cluster.ts";
import { layRawTables, prepareShards, undistribute } from "../../db/distribution/distribute.ts";
import { abandonGrowth, copyBars, finishGrowth } from "../../db/distribution/grow.ts";
import { StartError } from "../../db/errors.ts";
import { lockKeys } from "../../db/locks.ts";
import { migrateDatabase } from "../../db/migrate.ts";
import { selectWorkingProcesses } from "../../db/queries/operations/read-system.ts";
import { type Config, ConfigError, readConfig } from "../config.ts";
import { chooseShards, requireServer } from "./open.ts";

const exitCodes = { done: 0, failed: 1, badUse: 2 } as const;
type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

const usage = `Usage: bun run distribute          lays the bars of the warehouse on the shards of Citus, behind DATABASE_URL
       bun run distribute --undo   brings all of it back to the coordinator, and drops what was copied so far

Bars are copied while Barline, and everybody who reads, goes on with the old table. Ended at any time, the next
run goes on where this one was. To put the copy in its place it waits until no Barline is at work on the database;
stop it then, and start it again with DISTRIBUTE=citus: its first build lays the models on the shards.
DISTRIBUTE_SHARDS says on how many; as many as the workers have processors by default.`;

/** Says how far it is, a line each time. */
type Say = (line: string) => void;

/** Runs the command; how far it is and why it refuses goes to `say`. Answers the exit code. */
export async function runDistributeCommand(
  words: readonly string[],
  environment: Record<string, string | undefined>,
  say: Say,
): Promise<ExitCode> {
  const [word, ...more] = words;
  if (more.length > 0 || (word !== undefined && word !== "--undo")) {
    say(usage);
    return word === "--help" ? exitCodes.done : exitCodes.badUse;
  }
  try {
    // Nothing is listened on, so that no password is asked for.
    const { HOST: _, ...known } = environment;
    await distribute(readConfig(known, new Date()), word === "--undo", say);
    return exitCodes.done;
  } catch (error) {
    const told = explainRefusal(error);
    const isOurs = told instanceof StartError || told instanceof ConfigError;
    say(isOurs ? told.message : `It failed, and what serves was not changed: ${describe(told)}`);
    return told instanceof ConfigError ? exitCodes.badUse : exitCodes.failed;
  }
}

const describe = (error: unknown) => (error instanceof Error ? error.message : String(error));

async function distribute(config: Config, isUndoing: boolean, say: Say): Promise<void> {
  const { databaseUrl } = config;
  if (databaseUrl === null)
    throw new ConfigError("There is no DATABASE_URL: the embedded PostgreSQL is one server. Name Citus' coordinator.");
  await requireServer(databaseUrl, { distribute: "citus" });
  await migrateDatabase(databaseUrl, { onWait: (holder) => say(`waits for a lock of ${holder}`) });
  const sql = openPool(databaseUrl, "work", { max: 2, name: "barline distribute" });
  try {
    if (isUndoing) await bringBack(sql, say);
    else await grow(sql, config, say);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

async function grow(sql: Sql, config: Config, say: Say): Promise<void> {
  const cluster = await requireCluster(sql);
  if ((await readLayout(sql)).isDistributed) {
    say("The warehouse is distributed already. Start Barline with DISTRIBUTE=citus.");
    return;
  }
  const log = { info: (_: object, message: string) => say(message) };
  await prepareShards(sql, await chooseShards(sql, cluster, config, log));
  const ground = await openCitus(sql);
  const shards = ground.shards;
  say(`The bars are copied to ${shards} shards on ${cluster.workers} workers; the old table goes on serving.`);
  await copyBars(sql, { ground, onProgress: (copied, of) => say(tellProgress(copied, of)) });
  const bars = await alone(sql, say, async (transaction) => {
    const rows = await finishGrowth(transaction, { ground });
    await layRawTables(transaction);
    return rows;
  });
  say(
    `${count(bars)} bars lie on ${shards} shards. Start Barline with DISTRIBUTE=citus; its first build lays the models there.`,
  );
}

async function bringBack(sql: Sql, say: Say): Promise<void> {
  await requireCluster(sql);
  say("All tables are brought back to the coordinator, in one transaction.");
  const tables = await alone(sql, say, async (transaction) => {
    await abandonGrowth(transaction);
    return await undistribute(transaction);
  });
  say(
    tables.length === 0
      ? "None was distributed."
      : `Brought back: ${tables.join(", ")}. Start Barline without DISTRIBUTE.`,
  );
}

const count = (rows: number) => rows.toLocaleString("en-US");

const tellProgress = (copied: number, of: number) =>
  `raw bars: ${count(copied)} of ${count(of)} (${of === 0 ? 100 : Math.floor((100 * copied) / of)} %)`;

const lookEveryMs = 1000;
/** How often the swap is tried that somebody's long reading of the raw bars holds up. */
const attempts = 30;

/** Does the last step in one transaction, as soon as no process is at work; one that starts meanwhile waits until it is done. */
async function alone<T>(sql: Sql, say: Say, work: (transaction: TransactionSql) => Promise<T>): Promise<T> {
  let told = "";
  for (let attempt = 1; ; ) {
    try {
      const { processes, answer } = await tryAlone(sql, work);
      if (answer) return answer.value;
      const names = processes.map(({ host, pid }) => `${host} (pid ${pid})`).join(", ");
      if (names !== told) say(`Waits until no Barline is at work on the database. Stop ${names}.`);
      told = names;
    } catch (error) {
      if (!isHeld(error) || ++attempt > attempts) throw error;
      say("Somebody reads the old table at length; it is tried again.");
    }
    await Bun.sleep(lookEveryMs);
  }
}

type Attempt<T> = { processes: { host: string; pid: number }[]; answer?: { value: T } };

async function tryAlone<T>(sql: Sql, work: (transaction: TransactionSql) => Promise<T>): Promise<Attempt<T>> {
  let attempt: Attempt<T> = { processes: [] };
  await sql.begin(async (transaction) => {
    await transaction`select pg_advisory_xact_lock(${lockKeys.migration}::bigint)`;
    const processes = await selectWorkingProcesses(transaction);
    attempt = processes.length > 0 ? { processes } : { processes, answer: { value: await work(transaction) } };
  });
  return attempt;
}

const isHeld = (error: unknown) =>
  error instanceof Error && "code" in error && (error.code === "55P03" || error.code === "40P01");
