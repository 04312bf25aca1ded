/**
 * Waits for the end of its input, which whoever started it holds open and the system closes at its death, however it
 * died. Then it ends the server whose lock file the folder holds, at once, and removes the folder.
 */
const script = `
  trap '' INT TERM HUP
  read -r _
  lock=$1/postgres/postmaster.pid
  pid=$(head -n 1 "$lock" 2>/dev/null) && [ -n "$pid" ] && kill -QUIT "$pid" 2>/dev/null
  tries=0
  while [ -e "$lock" ] && [ $tries -lt 100 ]; do tries=$((tries + 1)); sleep 0.1; done
  rm -rf "$1"`;

/** Kept, as what nobody refers to is collected one day, and its input closed. */
const guards: Bun.Subprocess[] = [];

/**
 * Ends the PostgreSQL of a test's `dataDir`, and removes the folder, when this process ends: interrupted or killed too,
 * where nothing of its own is run any more. What is gone by then already is none of its business.
 */
export function endWithThisProcess(dataDir: string): void {
  // A session of its own, as a terminal's Ctrl-C goes to all processes of the one it starts.
  const guard = Bun.spawn(["sh", "-c", script, "sh", dataDir], {
    cwd: "/",
    stdin: "pipe",
    stdout: "ignore",
    stderr: "ignore",
    detached: true,
  });
  guard.unref();
  guards.push(guard);
}
