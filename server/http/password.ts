import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Sql } from "../../db/client.ts";
import {
  deleteSignIns,
  lockCredentials,
  replaceCredential,
  selectCredential,
} from "../../db/queries/operations/access.ts";
import { ConfigError, isPasswordHash } from "../config.ts";

/** The one credential there is, as the table names it. */
export const credentialName = "admin";

/** OWASP's least for Argon2id (19 MiB, two passes), some 40 ms here: several at once must fit beside a whole load. */
const hashing = { algorithm: "argon2id", memoryCost: 19_456, timeCost: 2 } as const;
/** Longer ones are no passwords, and would only be work. */
const longestPassword = 1024;

/**
 * Keeps the hash of `given`, which may be such a hash itself. Where it is another password than the last start's, everybody
 * who signed in with that one is signed out. Throws a ConfigError for a hash that cannot be read.
 */
export async function adoptPassword(sql: Sql, given: string, now: Date): Promise<void> {
  if (isPasswordHash(given)) await requireReadable(given);
  await sql.begin(async (transaction) => {
    await lockCredentials(transaction);
    const kept = await selectCredential(transaction, credentialName);
    if (kept !== null && (await isSame(given, kept))) return;
    const hash = isPasswordHash(given) ? given : await Bun.password.hash(given, hashing);
    await replaceCredential(transaction, { name: credentialName, hash, changedAt: now });
    await deleteSignIns(transaction);
  });
}

async function requireReadable(hash: string): Promise<void> {
  try {
    // Any text but none, to which the answer is no without a look at the hash.
    await Bun.password.verify("?", hash);
  } catch (cause) {
    throw new ConfigError("ADMIN_PASSWORD is set to a hash that cannot be read; allowed is Argon2id in PHC form.", {
      cause,
    });
  }
}

const isSame = async (given: string, kept: string) =>
  isPasswordHash(given) ? given === kept : await Bun.password.verify(given, kept);

/** Whether what somebody gives is the password. */
export type Password = {
  /** The kept hash, as of now: another process may have started with another password. */
  kept(): Promise<string | null>;
  /** Whether `given` was verified against `hash` before; costs no hashing. */
  isRemembered(given: string, hash: string): boolean;
  /** Names `given` among the texts that this process is given, without showing it. */
  nameOf(given: string): string;
  /**
   * Verifies by hashing, and remembers what was right; the same text at the same time is hashed once. Null where too many
   * wait already.
   */
  verify(given: string, hash: string): Promise<boolean> | null;
};

/** Bounds the memory that verifying may take: 19 MiB each. */
const verifiedAtOnce = 2;
const mostWaiting = 20;

/**
 * Makes the check of one process. What was right is remembered as a digest under a key that is drawn here and never leaves,
 * so that a script does not pay for hashing at every call.
 */
export function createPassword(options: { sql: Sql; key?: Buffer }): Password {
  const key = options.key ?? randomBytes(32);
  const enter = createGate(verifiedAtOnce);
  const underWay = new Map<string, Promise<boolean>>();
  /** One at most: there is one password. */
  let right: { digest: Buffer; hash: string } | null = null;
  const digestOf = (given: string) => createHmac("sha256", key).update(given).digest();

  const nameOf = (given: string) => digestOf(given).toString("base64");

  const check = async (given: string, hash: string) => {
    try {
      const isRight = given.length <= longestPassword && (await enter(() => Bun.password.verify(given, hash)));
      if (isRight) right = { digest: digestOf(given), hash };
      return isRight;
    } finally {
      underWay.delete(nameOf(given));
    }
  };

  return {
    kept: () => selectCredential(options.sql, credentialName),
    isRemembered: (given, hash) =>
      right !== null && right.hash === hash && timingSafeEqual(right.digest, digestOf(given)),
    nameOf,
    verify: (given, hash) => {
      const name = nameOf(given);
      const same = underWay.get(name);
      if (same) return same;
      if (underWay.size >= verifiedAtOnce + mostWaiting) return null;
      const checking = check(given, hash);
      underWay.set(name, checking);
      return checking;
    },
  };
}

/** Lets so many at once do their work; the others wait their turn. */
function createGate(places: number): <T>(work: () => Promise<T>) => Promise<T> {
  let free = places;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((enter) => waiting.push(enter));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      // Whoever waits takes over the place, so that nobody who comes meanwhile can slip in before.
      if (next) next();
      else free += 1;
    }
  };
}
