import postgres from "postgres";
import { connectionOptions } from "./client.ts";

const lookEveryMs = 1000;

/**
 * Tells who keeps the session `pid` waiting for a lock, once each, until the function that it answers is called. On a connection
 * of its own, opened at the first look only.
 */
export function watchLocks(url: string, pid: number, onWait: (holder: string) => void): () => Promise<void> {
  const sql = postgres({ ...connectionOptions(url, "barline lock watch"), max: 1 });
  const told = new Set<string>();
  let looking: Promise<void> = Promise.resolve();
  const look = async () => {
    for (const holder of await selectBlockers(sql, pid)) {
      if (!told.has(holder)) onWait(holder);
      told.add(holder);
    }
  };
  const timer = setInterval(() => {
    // What cannot be seen now is looked for again; whoever waits hears of a lost database himself.
    looking = looking.then(look).catch(() => {});
  }, lookEveryMs);
  return async () => {
    clearInterval(timer);
    await looking;
    await sql.end({ timeout: 1 });
  };
}

async function selectBlockers(sql: postgres.Sql, pid: number): Promise<string[]> {
  const rows = await sql<{ pid: number; name: string; login: string; since: string }[]>`
    select pid, application_name as name, usename::text as login,
      to_char(coalesce(xact_start, backend_start), 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as since
    from pg_stat_activity where pid = any (pg_blocking_pids(${pid}::int)) order by pid`;
  return rows.map(
    ({ name, login, since, ...row }) => `process ${row.pid} of ${login} (${name || "no name"}), since ${since}`,
  );
}
