import { BackupError } from "../../db/backup/frames.ts";
import { StartError } from "../../db/errors.ts";
import { type Config, ConfigError, readConfig } from "../config.ts";
import type { Tell } from "./words.ts";

const exitCodes = { failed: 1, badUse: 2 } as const;

/** What a command is given: the configuration, the file, and whether `--lake` was said. */
type Command = (config: Config, options: { file: string; withLake: boolean; now: Date; tell: Tell }) => Promise<void>;

/** Runs a command of the terminal; says on standard error how far it is, and why it refuses. Ends the process. */
export async function runCommand(usage: string, flags: readonly string[], command: Command): Promise<never> {
  const say = (line: string) => process.stderr.write(`${line}\n`);
  const words = process.argv.slice(2);
  const [file, ...more] = words.filter((word) => !flags.includes(word));
  if (file === undefined || file.startsWith("-") || more.length > 0) {
    say(`Usage: ${usage}`);
    process.exit(exitCodes.badUse);
  }
  const now = new Date();
  try {
    // Nothing is listened on, so what that would take (a password, in the image) is not asked for.
    const { HOST: _, ...environment } = process.env;
    const { adminPassword: __, viewerPassword: ___, ...config } = readConfig(environment, now);
    await command(config, { file, withLake: words.includes("--lake"), now, tell: say });
    process.exit(0);
  } catch (error) {
    if (error instanceof ConfigError) {
      say(error.message);
      process.exit(exitCodes.badUse);
    }
    say(
      error instanceof BackupError || error instanceof StartError
        ? error.message
        : `It failed, and nothing was changed: ${describe(error)}`,
    );
    process.exit(exitCodes.failed);
  }
}

const describe = (error: unknown) => (error instanceof Error ? error.message : String(error));
