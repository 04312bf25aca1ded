import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { chown, mkdir, readFile, rename, rm, stat } from "node:fs/promises";
import { arch } from "node:os";
import { dirname, join } from "node:path";
import { type Owner, run, writePrivately } from "./embedded-system.ts";
import { StartError } from "./errors.ts";

/** Where Debian and the others put nss_wrapper, which gives a program names that the system does not have. */
const wrappers = [
  `/usr/lib/${arch() === "arm64" ? "aarch64" : "x86_64"}-linux-gnu/libnss_wrapper.so`,
  "/usr/lib64/libnss_wrapper.so",
  "/usr/lib/libnss_wrapper.so",
];

/** A password in a file of `dataDir`. It outlives `postgres.url`, which is rewritten at every start because the port changes. */
export async function readOrMakePassword(dataDir: string, file: string): Promise<string> {
  const path = join(dataDir, file);
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
  const command = [
    ...[initdb, "-D", fresh, "-U", user, "-A", "scram-sha-256", "--pwfile", passwordFile, "-E", "UTF8"],
    // Byte order with Unicode case rules, the same on every platform: an upgrade of libc cannot corrupt an index.
    ...["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"],
  ];
  try {
    await run(command, owner).catch((error) => {
      if (!String(error).includes("could not look up effective user ID")) throw error;
      return runWithName(command, cluster);
    });
    await rename(fresh, cluster);
  } finally {
    await rm(passwordFile, { force: true });
  }
}

/** Runs what wants a name for its user where the system has none for that number, as `docker run --user 12345` makes it. */
async function runWithName(command: string[], cluster: string): Promise<string> {
  const { uid = 0, gid = 0 } = { uid: process.getuid?.(), gid: process.getgid?.() };
  const wrapper = wrappers.find((path) => existsSync(path));
  if (wrapper === undefined) {
    throw new StartError(
      `The system has no name for user ${uid}, which PostgreSQL asks for when it makes its files. Install libnss-wrapper, add the ` +
        "user to /etc/passwd, start Barline as a user that is there, or set DATABASE_URL to a PostgreSQL 15+ server.",
    );
  }
  const [passwd, group] = [`${cluster}.passwd`, `${cluster}.group`];
  await writePrivately(passwd, `barline:x:${uid}:${gid}::/:/bin/false\n`);
  await writePrivately(group, `barline:x:${gid}:\n`);
  try {
    const environment = { LD_PRELOAD: wrapper, NSS_WRAPPER_PASSWD: passwd, NSS_WRAPPER_GROUP: group };
    return await run(command, undefined, { environment });
  } finally {
    await Promise.all([passwd, group].map((path) => rm(path, { force: true })));
  }
}

/** Throws {@link StartError} where the server's user cannot use `cluster`, or may not come as far as that. */
export async function requireAccess(cluster: string, owner: Owner): Promise<void> {
  const folder = dirname(cluster);
  const mayEnter = await run(["test", "-x", folder], owner).then(
    () => true,
    () => false,
  );
  if (!mayEnter) {
    throw new StartError(
      `PostgreSQL does not run as root, so the system's user "postgres" runs it, who may not enter ${folder}. ` +
        "Let others pass through that folder and those above it (chmod o+x), or start Barline as another user.",
    );
  }
  const files = await stat(cluster).catch(() => undefined);
  const uid = owner?.uid ?? process.getuid?.();
  if (files === undefined || uid === undefined || files.uid === uid) return;
  throw new StartError(
    `The files in ${cluster} belong to user ${files.uid}, and user ${uid} is to run PostgreSQL on them. ` +
      `Start Barline as that user again, or give them away: chown -R ${uid} ${cluster}`,
  );
}
