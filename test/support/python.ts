import { join } from "node:path";

/** The interpreter that tests of Python run; null where there is none of 3.9 or newer. */
export const python: string | null = findPython();

/** Whether this interpreter has a library. */
export const hasLibrary = (name: string): boolean =>
  python !== null &&
  Bun.spawnSync([python, "-c", `import importlib.util, sys; sys.exit(importlib.util.find_spec("${name}") is None)`])
    .exitCode === 0;

function findPython(): string | null {
  const found = Bun.which("python3");
  if (found === null) return null;
  const asked = Bun.spawnSync([found, "-c", "import sys; sys.exit(sys.version_info < (3, 9))"]);
  return asked.exitCode === 0 ? found : null;
}

/** Runs a script beside the client, with warnings as errors, and answers the JSON that it prints last. */
export async function runPython(script: string, variables: Record<string, string> = {}): Promise<unknown> {
  const child = Bun.spawn([python ?? "python3", "-W", "error", "-c", script], {
    env: {
      PATH: process.env.PATH ?? "",
      HOME: process.env.HOME ?? "",
      PYTHONPATH: join(import.meta.dir, "../../server/clients"),
      PYTHONDONTWRITEBYTECODE: "1",
      ...variables,
    },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [printed, told] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  if ((await child.exited) !== 0) throw new Error(`The script failed:\n${told}`);
  return JSON.parse(printed.trim().split("\n").at(-1) ?? "null");
}
