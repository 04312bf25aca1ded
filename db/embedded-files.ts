import { randomBytes } from "node:crypto";
import { chown, mkdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Owner, run, writePrivately } from "./embedded-system.ts";

/** The password outlives `postgres.url`, which is rewritten at every start because the port changes. */
export async function readOrMakePassword(dataDir: string): Promise<string> {
  const path = join(dataDir, "postgres.password");
  const known = await readFile(path, "utf8").catch(() => "");
  if (known) return known.trim();
  const password = randomBytes(24).toString("base64url");
  await writePrivately(path, `${password}\n`);
  return password;
}

/** Makes the files of a new server in `cluster`. */
export async function initialize(
  initdb: string,
  cluster: string,
  { user, password }: { user: string; password: string },
  owner: Owner,
): Promise<void> {
  // In a folder beside it and renamed, so that a start that was killed here leaves nothing half made behind.
  const fresh = `${cluster}.new`;
  const passwordFile = `${cluster}.initial-password`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { mode: 0o700 });
  await writePrivately(passwordFile, `${password}\n`);
  if (owner) {
    await chown(fresh, owner.uid, owner.gid);
    await chown(passwordFile, owner.uid, owner.gid);
  }
  try {
    await run(
      [
        ...[initdb, "-D", fresh, "-U", user, "-A", "scram-sha-256", "--pwfile", passwordFile, "-E", "UTF8"],
        // Byte order with Unicode case rules, the same on every platform: an upgrade of libc cannot corrupt an index.
        ...["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"],
      ],
      owner,
    );
    await rename(fresh, cluster);
  } catch (cause) {
    if (!owner || !String(cause).includes("Permission denied")) throw cause;
    throw new Error(
      `PostgreSQL does not run as root, so the system's user "postgres" runs it, who may not enter ${dirname(cluster)}. ` +
        "Let others pass through that folder and those above it (chmod o+x), or start Barline as another user.",
      { cause },
    );
  } finally {
    await rm(passwordFile, { force: true });
  }
}
