import { runWorkspaceCommand } from "./workspace/command.ts";

const to = (stream: NodeJS.WriteStream) => (line: string) => void stream.write(`${line}\n`);

process.exit(
  await runWorkspaceCommand(process.argv.slice(2), process.env, {
    say: to(process.stdout),
    complain: to(process.stderr),
  }),
);
