import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { openPool } from "../../db/client.ts";
import { StartError } from "../../db/errors.ts";
import { PermanentError } from "../../jobs/orchestrator/errors.ts";
import { type Check, type CheckedNode, checkWorkspace } from "../../jobs/workspace/check.ts";
import { writeDbtProject } from "../../jobs/workspace/dbt-layout.ts";
import { openDatabase } from "../backup/database.ts";
import { type Config, ConfigError, readConfig } from "../config.ts";

/** `faulty` is also where it could not be done. */
const exitCodes = { well: 0, faulty: 1, badUse: 2 } as const;
type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

const usage = `Usage: bun run workspace check        builds and tests your models without publishing them
       bun run workspace dbt FOLDER   writes a project for real dbt, of yours and the shipped one`;

type Say = (line: string) => void;

/** Runs a command about the workspace; what it finds goes to `say`, why it refuses to `complain`. Answers the exit code. */
export async function runWorkspaceCommand(
  words: readonly string[],
  environment: Record<string, string | undefined>,
  { say, complain }: { say: Say; complain: Say },
): Promise<ExitCode> {
  const [command, target, ...more] = words;
  const isCheck = command === "check" && target === undefined;
  const isDbt = command === "dbt" && target !== undefined && more.length === 0;
  if (!isCheck && !isDbt) {
    complain(usage);
    return exitCodes.badUse;
  }
  try {
    // Nothing is listened on, so that no password is asked for.
    const { HOST: _, ...known } = environment;
    const config = readConfig(known, new Date());
    if (isCheck) return await check(config, say);
    writeDbtProject({ projectDir: projectDir(), folder: resolve(config.workspaceDir), target: resolve(target ?? "") });
    say(`dbt build --project-dir ${target} --profiles-dir ${target}`);
    return exitCodes.well;
  } catch (error) {
    if (error instanceof ConfigError || error instanceof StartError || error instanceof PermanentError)
      complain(error.message);
    else complain(`It could not be done: ${error instanceof Error ? error.message : String(error)}`);
    return error instanceof ConfigError ? exitCodes.badUse : exitCodes.faulty;
  }
}

const projectDir = () => fileURLToPath(new URL("../../db/warehouse", import.meta.url));

async function check(config: Config, say: Say): Promise<ExitCode> {
  const database = await openDatabase(config);
  const sql = openPool(database.url, "work", { max: 3, name: "barline check" });
  try {
    const reading = {
      ...{ projectDir: projectDir(), folder: resolve(config.workspaceDir), variables: {} },
      ...{ environment: config.dbtEnvironment, database: sql.options.database, refusesUndefined: () => true },
    };
    const limitMs = config.workspaceModelSeconds * 1000;
    return report(await checkWorkspace({ sql, reading, limitMs, now: () => new Date() }), say);
  } finally {
    await sql.end({ timeout: 1 });
    await database.close();
  }
}

function report({ problem, nodes }: Check, say: Say): ExitCode {
  if (problem !== null) {
    say(problem);
    return exitCodes.faulty;
  }
  for (const node of nodes) say(tell(node));
  const faulty = nodes.filter(({ verdict }) => verdict === "fault").length;
  if (nodes.length === 0) say("Nothing is in the workspace.");
  else say(faulty === 0 ? "No fault was found; nothing was published." : `${faulty} at fault; nothing was published.`);
  return faulty === 0 ? exitCodes.well : exitCodes.faulty;
}

const reasons = { skipped: "something of its group is at fault", waiting: "what it reads is not published yet" };

function tell({ verdict, kind, name, file, fault }: CheckedNode): string {
  if (verdict === "ok") return `ok       ${kind} ${name} (${file})`;
  if (verdict !== "fault") return `${verdict.padEnd(8)} ${kind} ${name} (${file}): ${reasons[verdict]}`;
  const line = fault?.line === undefined || fault.line === null ? "" : `:${fault.line}`;
  return `fault    ${kind} ${name}: ${fault?.file ?? file}${line}: ${fault?.message ?? ""}`;
}
