import { runCommand } from "./backup/command.ts";
import { restore } from "./backup/restore.ts";

await runCommand("bun run restore FILE", [], restore);
