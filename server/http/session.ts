import { createHash, randomBytes } from "node:crypto";
import type { Sql } from "../../db/client.ts";
import {
  deleteExpiredSignIns,
  deleteSignIn,
  deleteSignIns,
  insertSignIn,
  selectSignIn,
  selectSignIns,
} from "../../db/queries/operations/access.ts";
import { insertAction } from "../../db/queries/operations/actions.ts";
import type { Actor } from "../../jobs/orchestrator/types.ts";
import type { Access } from "./environment.ts";
import { accessBy, type Credential } from "./password.ts";

/** Somebody who is signed in, as the list shows them. */
type SignedIn = {
  name: string;
  address: string | null;
  createdAt: Date;
  expiresAt: Date;
  /** Whether it is the one who asks. */
  isOwn: boolean;
};

/** Who is signed in: kept in the database, so that a restart signs nobody out and all processes agree. */
export type Sessions = {
  /** A token for a cookie, valid for {@link sessionSeconds}; null where the password was replaced meanwhile. */
  issue(person: { name: string; address: string | null; credential: Credential }): Promise<string | null>;
  /** Whose the token is, and what their password lets them do; null where it is unknown or over. */
  find(token: string): Promise<{ name: string; access: Access } | null>;
  /** Ends one session before its time. */
  end(token: string): Promise<void>;
  /** Ends every session; answers how many there were. */
  endAll(by: Actor): Promise<number>;
  list(ownToken: string | undefined): Promise<SignedIn[]>;
};

export const sessionSeconds = 7 * 24 * 3600;

/** More people than share one password. */
const mostListed = 100;
/** 32 random bytes in base64url: anything else needs no look at the table. */
const tokenForm = /^[A-Za-z0-9_-]{43}$/;

/** A plain hash is enough for what is random and long; it keeps a copy of the table from being a bunch of keys. */
const hashOf = (token: string) => createHash("sha256").update(token).digest("base64url");

/** Makes the sessions of every process on the database behind `sql`, which has to be a pool that may write. */
export function createSessions({ sql, now }: { sql: Sql; now: () => Date }): Sessions {
  return {
    async issue({ name, address, credential }) {
      const token = randomBytes(32).toString("base64url");
      const createdAt = now();
      const expiresAt = new Date(createdAt.getTime() + sessionSeconds * 1000);
      const signIn = { tokenHash: hashOf(token), name, address, createdAt, expiresAt };
      return await sql.begin(async (transaction) => {
        await deleteExpiredSignIns(transaction, createdAt);
        if (!(await insertSignIn(transaction, signIn, credential))) return null;
        const details = address === null ? null : { address };
        await insertAction(transaction, { actor: name, via: "dashboard", kind: "access.sign_in", details });
        return token;
      });
    },
    async find(token) {
      const found = tokenForm.test(token) ? await selectSignIn(sql, hashOf(token), now()) : null;
      return found && { name: found.name, access: accessBy(found.credential) };
    },
    async end(token) {
      if (!tokenForm.test(token)) return;
      await sql.begin(async (transaction) => {
        const name = await deleteSignIn(transaction, hashOf(token));
        if (name === null) return;
        await insertAction(transaction, { actor: name, via: "dashboard", kind: "access.sign_out" });
      });
    },
    endAll: async (by) =>
      await sql.begin(async (transaction) => {
        await deleteExpiredSignIns(transaction, now());
        const ended = await deleteSignIns(transaction);
        const details = { ended };
        await insertAction(transaction, { actor: by.name, via: by.via, kind: "access.sign_out", details });
        return ended;
      }),
    async list(ownToken) {
      const own = ownToken === undefined ? null : hashOf(ownToken);
      const rows = await selectSignIns(sql, now(), mostListed);
      return rows.map(({ tokenHash, credential: _, ...row }) => ({ ...row, isOwn: tokenHash === own }));
    },
  };
}
