import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openPool } from "../../db/client.ts";
import { until } from "./until.ts";

const program = Bun.which("pgbouncer", { PATH: `${process.env.PATH}:/usr/sbin` });

/** Whether Debian's `pgbouncer` is there, which `.ci/run` installs. */
export const hasPgBouncer = program !== null;

/** A real PgBouncer before a test's database, and its URL. */
export type PgBouncer = { url: string; stop(): Promise<void> };

/** Starts one on a free port, with lines of its own settings. */
export async function startPgBouncer(databaseUrl: string, settings: string[]): Promise<PgBouncer> {
  if (program === null) throw new Error("PgBouncer is not installed.");
  const folder = mkdtempSync(join(tmpdir(), "barline-bouncer-"));
  chmodSync(folder, 0o755);
  const url = new URL(databaseUrl);
  const serverPort = url.port;
  url.port = String(freePort());
  writeFileSync(join(folder, "users.txt"), `"${url.username}" "${decodeURIComponent(url.password)}"\n`);
  const lines = [
    ...["[databases]", `* = host=127.0.0.1 port=${serverPort}`, "[pgbouncer]", "listen_addr = 127.0.0.1"],
    ...[`listen_port = ${url.port}`, "auth_type = scram-sha-256", "auth_file = users.txt", "unix_socket_dir ="],
    ...settings,
  ];
  writeFileSync(join(folder, "pgbouncer.ini"), `${lines.join("\n")}\n`);
  // It refuses to run as root.
  const asUser = process.getuid?.() === 0 ? ["setpriv", "--reuid", "65534", "--clear-groups"] : [];
  const child = Bun.spawn([...asUser, program, "pgbouncer.ini"], { cwd: folder, stdout: "ignore", stderr: "ignore" });
  await until("PgBouncer answers", async () => child.exitCode !== null || (await answers(url.href)), 20_000);
  if (child.exitCode !== null) throw new Error(`PgBouncer ended with ${child.exitCode}.`);
  return {
    url: url.href,
    async stop() {
      child.kill("SIGKILL");
      await child.exited;
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

async function answers(url: string): Promise<boolean> {
  const sql = openPool(url, "work", { max: 1 });
  try {
    await sql`select 1`.simple();
    return true;
  } catch {
    return false;
  } finally {
    await sql.end({ timeout: 0 });
  }
}
