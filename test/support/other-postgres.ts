import { chmodSync, existsSync, globSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run, serverOwner } from "../../db/embedded-system.ts";
import { until } from "./until.ts";

const embeddedMajor = 18;

/** Where Debian has the programs of PostgreSQL's majors; the newest that Barline works with and that is not the embedded one. */
const programs = globSync("/usr/lib/postgresql/*/bin")
  .map((path) => ({ path, major: Number(path.split("/").at(-2)) }))
  .filter(({ path, major }) => major >= 15 && major !== embeddedMajor && existsSync(join(path, "initdb")))
  .sort((a, b) => a.major - b.major)
  .at(-1);

/** Whether there is a server of another major, such as Debian's `postgresql`, which `.ci/run` installs. */
export const hasOtherPostgres = programs !== undefined;

/** A server of one's own, as an administrator hands it out: a login without any right but to one database. */
export type OtherPostgres = {
  major: number;
  /** Makes an empty database, owned by a login of its own; answers the login's URL. */
  createDatabase(name: string, options?: { mayMakeRoles?: boolean }): Promise<string>;
  /** Runs one of its programs, such as `pg_dump`; answers what it printed, and throws what it complained of. */
  run(program: string, ...words: string[]): Promise<string>;
  stop(): Promise<void>;
};

/** Starts one on a free port. */
export async function startOtherPostgres(): Promise<OtherPostgres> {
  if (programs === undefined) throw new Error("There is no other PostgreSQL.");
  const { path, major } = programs;
  const owner = await serverOwner();
  const folder = mkdtempSync(join(tmpdir(), "barline-other-"));
  chmodSync(folder, 0o777);
  const cluster = join(folder, "cluster");
  await run([join(path, "initdb"), "-D", cluster, "-U", "postgres", "-A", "trust", "-E", "UTF8"], owner);
  const port = freePort();
  const settings = { port, listen_addresses: "127.0.0.1", unix_socket_directories: "''", fsync: "off" };
  const flags = Object.entries(settings).flatMap(([name, value]) => [`-c ${name}=${value}`]);
  await run(
    [join(path, "pg_ctl"), "start", "-w", "-D", cluster, "-l", join(folder, "log"), "-o", flags.join(" ")],
    owner,
  );
  const administrator = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const sql = (statement: string) =>
    run([join(path, "psql"), "-qX", "-v", "ON_ERROR_STOP=1", administrator, "-c", statement]);
  await until("it answers", () =>
    sql("select 1").then(
      () => true,
      () => false,
    ),
  );
  return {
    major,
    async createDatabase(name, { mayMakeRoles = false } = {}) {
      const login = `${name}_login`;
      await sql(`create role ${login} login ${mayMakeRoles ? "createrole" : ""} password 'theirs'`);
      await sql(`create database ${name} owner ${login}`);
      return `postgres://${login}:theirs@127.0.0.1:${port}/${name}`;
    },
    run: (program, ...words) => run([join(path, program), ...words]),
    async stop() {
      await run([join(path, "pg_ctl"), "stop", "-m", "immediate", "-D", cluster], owner);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function freePort(): number {
  const probe = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = probe;
  probe.stop(true);
  return port;
}
