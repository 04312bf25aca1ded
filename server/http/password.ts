import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Sql, TransactionSql } from "../../db/client.ts";
import {
  type CredentialRow,
  deleteCredential,
  deleteSignInsBy,
  lockCredentials,
  replaceCredential,
  selectCredentials,
} from "../../db/queries/operations/access.ts";
import { ConfigError } from "../config.ts";
import { isPasswordHash } from "../variables.ts";
import type { Access } from "./environment.ts";

/** A password that lets in: whose it is, as the table names them, and its hash. */
export type Credential = CredentialRow;

/** Where each password is set. */
const variables = { admin: "ADMIN_PASSWORD", viewer: "VIEWER_PASSWORD" } as const;

/** What the password of `name` lets its people do: all of it, or look. */
export const accessBy = (name: string): Access => (name === "admin" ? "admin" : "read");

/** OWASP's least for Argon2id (19 MiB, two passes), some 40 ms here: several at once must fit beside a whole load. */
const hashing = { algorithm: "argon2id", memoryCost: 19_456, timeCost: 2 } as const;
/** Longer ones are no passwords, and would only be work. */
const longestPassword = 1024;

/** The passwords of a start, or hashes of them. */
export type Passwords = { admin: string; viewer: string | null };

/**
 * Keeps the hashes of `given`, which may be such hashes themselves. Where one is another password than the last start's, or
 * none any more, everybody who signed in with that one is signed out. Throws a ConfigError for a hash that cannot be read, and
 * where both are the same: nobody could tell whose it is.
 */
export async function adoptPasswords(sql: Sql, given: Passwords, now: Date): Promise<void> {
  for (const name of ["admin", "viewer"] as const) {
    const password = given[name];
    if (password !== null && isPasswordHash(password)) await requireReadable(password, variables[name]);
  }
  await sql.begin(async (transaction) => {
    await lockCredentials(transaction);
    const kept = await selectCredentials(transaction);
    const admin = await adoptOne(transaction, { name: "admin", given: given.admin, kept, now });
    if (given.viewer === null) {
      await deleteCredential(transaction, "viewer");
      await deleteSignInsBy(transaction, "viewer");
      return;
    }
    const viewer = await adoptOne(transaction, { name: "viewer", given: given.viewer, kept, now });
    if ((await isSame(given.viewer, admin)) || (await isSame(given.admin, viewer))) {
      throw new ConfigError("VIEWER_PASSWORD is the same as ADMIN_PASSWORD; set it to another, or leave it out.");
    }
  });
}

type Adopted = { name: string; given: string; kept: Credential[]; now: Date };

/** Answers the hash that is kept then. */
async function adoptOne(transaction: TransactionSql, { name, given, kept, now }: Adopted): Promise<string> {
  const former = kept.find((credential) => credential.name === name);
  if (former !== undefined && (await isSame(given, former.hash))) return former.hash;
  const hash = isPasswordHash(given) ? given : await Bun.password.hash(given, hashing);
  await replaceCredential(transaction, { name, hash, changedAt: now });
  await deleteSignInsBy(transaction, name);
  return hash;
}

async function requireReadable(hash: string, variable: string): Promise<void> {
  try {
    // Any text but none, to which the answer is no without a look at the hash.
    await Bun.password.verify("?", hash);
  } catch (cause) {
    throw new ConfigError(`${variable} is set to a hash that cannot be read; allowed is Argon2id in PHC form.`, {
      cause,
    });
  }
}

const isSame = async (given: string, kept: string) =>
  isPasswordHash(given) ? given === kept : await Bun.password.verify(given, kept);

/** Whether what somebody gives is one of the passwords. */
export type Password = {
  /** What is kept, as of now: another process may have started with other passwords. */
  kept(): Promise<Credential[]>;
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
/** The admin's and the viewers'. */
const mostRemembered = 2;

/**
 * Makes the check of one process. What was right is remembered as a digest under a key that is drawn here and never leaves,
 * so that a script does not pay for hashing at every call.
 */
export function createPassword(options: { sql: Sql; key?: Buffer }): Password {
  const key = options.key ?? randomBytes(32);
  const enter = createGate(verifiedAtOnce);
  const underWay = new Map<string, Promise<boolean>>();
  /** By hash, the latest few: there is a digest for each password. */
  const right = new Map<string, Buffer>();
  const digestOf = (given: string) => createHmac("sha256", key).update(given).digest();

  const nameOf = (given: string) => digestOf(given).toString("base64");

  const remember = (hash: string, digest: Buffer) => {
    right.set(hash, digest);
    const [oldest] = right.keys();
    if (right.size > mostRemembered && oldest !== undefined) right.delete(oldest);
  };

  const check = async (given: string, hash: string) => {
    try {
      const isRight = given.length <= longestPassword && (await enter(() => Bun.password.verify(given, hash)));
      if (isRight) remember(hash, digestOf(given));
      return isRight;
    } finally {
      underWay.delete(nameOf(given) + hash);
    }
  };

  return {
    kept: () => selectCredentials(options.sql),
    isRemembered: (given, hash) => {
      const digest = right.get(hash);
      return digest !== undefined && timingSafeEqual(digest, digestOf(given));
    },
    nameOf,
    verify: (given, hash) => {
      const name = nameOf(given) + hash;
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
