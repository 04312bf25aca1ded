import { runCommand } from "./backup/command.ts";
import { backUp } from "./backup/write.ts";

await runCommand("bun run backup FILE [--lake]", ["--lake"], backUp);
