import { getCookie } from "hono/cookie";
import type { Logger } from "pino";
import type { Sql } from "../../db/client.ts";
import { insertAction } from "../../db/queries/operations/actions.ts";
import { allowedFailures, createAttempts } from "./attempts.ts";
import { type Clients, countedAs, createClients } from "./client.ts";
import type { RequestContext } from "./environment.ts";
import { HttpError, isMachinePath } from "./errors.ts";
import { type Credential, createPassword } from "./password.ts";
import { createSessions, type Sessions } from "./session.ts";
import { type ApiTokens, createApiTokens } from "./tokens.ts";

/** What guards the process where ADMIN_PASSWORD is set. */
export type Guard = {
  sessions: Sessions;
  tokens: ApiTokens;
  clients: Clients;
  /**
   * The credential that `given` is the password of; null where it is of none. Throws an HttpError with 429 once the client,
   * or all of them together, failed too often.
   */
  checkPassword(c: RequestContext, given: string, way: Way): Promise<Credential | null>;
};

/** How a password came: typed into the form, or sent by a program. Each is counted by itself. */
type Way = "form" | "bearer";

type GuardOptions = {
  /** A pool that may write. */
  sql: Sql;
  log: Logger;
  now(): Date;
  trustedProxies: readonly string[];
  /** Where people open Barline, as PUBLIC_URL says; null where it does not. */
  publicUrl: string | null;
};

/**
 * The session's cookie. Over TLS the browser holds its name to what `__Host-` says: no other host of the domain, and nobody on
 * the way who answers in plain HTTP, can have set it.
 */
export const cookieName = (isSecure: boolean) => (isSecure ? "__Host-barline_session" : "barline_session");

/** The session's token that the browser sent; undefined where it sent none. */
export const tokenOf = (c: RequestContext, { clients }: Pick<Guard, "clients">): string | undefined =>
  getCookie(c, cookieName(clients.isSecure(c)));

/** Makes the guard of one process over the passwords that adoptPasswords has kept. */
export function createGuard({ sql, log, now, trustedProxies, publicUrl }: GuardOptions): Guard {
  const clients = createClients(trustedProxies, publicUrl);
  const attempts = createAttempts(sql);
  const password = createPassword({ sql });
  const tellRefusal = createRefusals({ sql, log, now });

  /** By client and text: who sends the same again meanwhile waits for the same answer, and it counts once. */
  const underWay = new Map<string, Promise<Credential | null>>();
  const refused = createRefused();

  return {
    sessions: createSessions({ sql, now }),
    tokens: createApiTokens({ sql, now }),
    clients,
    async checkPassword(c, given, way) {
      const address = clients.addressOf(c);
      // Who mistypes at the form must not stop the scripts that come from the same office, or through the same proxy.
      const client = way === "form" ? countedAs(address) : `${way} ${countedAs(address)}`;
      const [blockedSeconds, kept] = await Promise.all([attempts.blockedSeconds(client), password.kept()]);
      refuseFor(blockedSeconds);
      // Only where the client is not blocked: this look is quick enough to guess with.
      const known = kept.find(({ hash }) => password.isRemembered(given, hash));
      if (known !== undefined) return known;
      const name = `${client} ${password.nameOf(given)}`;
      // A script that was left with an old password sends the same for days: it guesses once, and blocks no other.
      const hashes = kept.map(({ hash }) => hash).join();
      if (refused.has(name, hashes)) return null;
      const checking =
        underWay.get(name) ?? checkAnew(c, { address, client, given, kept }).finally(() => underWay.delete(name));
      underWay.set(name, checking);
      const right = await checking;
      if (right === null) refused.add(name, hashes);
      return right;
    },
  };

  async function checkAnew(c: RequestContext, attempt: Attempt): Promise<Credential | null> {
    const { address, client, given, kept } = attempt;
    const { waitSeconds, failures } = await attempts.begin(client);
    refuseFor(waitSeconds);
    for (const credential of kept) {
      const checking = password.verify(given, credential.hash);
      if (checking === null) refuseFor(queueSeconds);
      if ((await checking) !== true) continue;
      await attempts.succeed(client);
      return credential;
    }
    if (failures === 1 || failures === allowedFailures) await tellRefusal(c, address, failures);
    return null;
  }
}

type Attempt = { address: string | null; client: string; given: string; kept: Credential[] };

/** As many as all clients together are allowed in a quarter of an hour. */
const mostRefused = 1000;

/** What was refused, by client and text, for as long as the passwords of `hashes` stay; the latest {@link mostRefused}. */
function createRefused() {
  const names = new Map<string, string>();
  return {
    has: (name: string, hashes: string) => names.get(name) === hashes,
    add: (name: string, hashes: string) => {
      names.set(name, hashes);
      const [oldest] = names.keys();
      if (names.size > mostRefused && oldest !== undefined) names.delete(oldest);
    },
  };
}

/** What a full queue of passwords to check takes, and some more. */
const queueSeconds = 5;

function refuseFor(seconds: number): void {
  if (seconds <= 0) return;
  const wait = seconds < 60 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`;
  throw new HttpError(429, "too_many_attempts", `Too many failed attempts to sign in. Try again in ${wait}.`, {
    retryAfterSeconds: seconds,
  });
}

/** Rows that attackers with many addresses can make us keep. */
const refusalsKept = 30;
const refusalWindowMs = 10 * 60_000;

/** Keeps that somebody was refused: a client's first failure and the one that blocks it, and no flood of them. */
function createRefusals({ sql, log, now }: Pick<GuardOptions, "sql" | "log" | "now">) {
  let kept = { count: 0, until: 0 };
  return async (c: RequestContext, address: string | null, failures: number): Promise<void> => {
    const at = now().getTime();
    if (kept.until <= at) kept = { count: 0, until: at + refusalWindowMs };
    if (kept.count >= refusalsKept) return;
    kept.count += 1;
    log.warn({ address, failures, requestId: c.var.requestId }, "a password was refused");
    const details = { ...(address !== null && { address }), attempts: failures };
    const via = isMachinePath(c.req.path) ? "api" : "dashboard";
    await insertAction(sql, { actor: "Somebody", via, kind: "access.refused", details });
  };
}
