import { runDistributeCommand } from "./distribution/command.ts";

const say = (line: string) => void process.stderr.write(`${line}\n`);

process.exit(await runDistributeCommand(process.argv.slice(2), process.env, say));
