import { getCookie } from "hono/cookie";
import type { Logger } from "pino";
import type { Sql } from "../../db/client.ts";
import { insertAction } from "../../db/queries/operations/actions.ts";
import { allowedFailures, createAttempts } from "./attempts.ts";
import { type Clients, countedAs, createClients } from "./client.ts";
import type { RequestContext } from "./environment.ts";
import { HttpError, isMachinePath } from "./errors.ts";
import { createPassword } from "./password.ts";
import { createSessions, type Sessions } from "./session.ts";

/** What guards the process where ADMIN_PASSWORD is set. */
export type Guard = {
  sessions: Sessions;
  clients: Clients;
  /**
   * The kept hash that `given` is the password of; null where it is not. Throws an HttpError with 429 once the client, or all
   * of them together, failed too often.
   */
  checkPassword(c: RequestContext, given: string, way: Way): Promise<string | null>;
};

/** How a password came: typed into the form, or sent by a program. Each is counted by itself. */
type Way = "form" | "bearer";

type GuardOptions = {
  /** A pool that may write. */
  sql: Sql;
  log: Logger;
  now(): Date;
  trustedProxies: readonly string[];
};

export const cookieName = "barline_session";

/** The token that the browser sent; undefined where it sent none. */
export const tokenOf = (c: RequestContext): string | undefined => getCookie(c, cookieName);

/** Makes the guard of one process over the password that adoptPassword has kept. */
export function createGuard({ sql, log, now, trustedProxies }: GuardOptions): Guard {
  const clients = createClients(trustedProxies);
  const attempts = createAttempts(sql);
  const password = createPassword({ sql });
  const tellRefusal = createRefusals({ sql, log, now });

  /** By client and text: who sends the same again meanwhile waits for the same answer, and it counts once. */
  const underWay = new Map<string, Promise<boolean>>();
  const refused = createRefused();

  return {
    sessions: createSessions({ sql, now }),
    clients,
    async checkPassword(c, given, way) {
      const address = clients.addressOf(c);
      // Who mistypes at the form must not stop the scripts that come from the same office, or through the same proxy.
      const client = way === "form" ? countedAs(address) : `${way} ${countedAs(address)}`;
      const [blockedSeconds, kept] = await Promise.all([attempts.blockedSeconds(client), password.kept()]);
      refuseFor(blockedSeconds);
      if (kept === null) return null;
      // Only where the client is not blocked: this look is quick enough to guess with.
      if (password.isRemembered(given, kept)) return kept;
      const name = `${client} ${password.nameOf(given)}`;
      // A script that was left with an old password sends the same for days: it guesses once, and blocks no other.
      if (refused.has(name, kept)) return null;
      const checking =
        underWay.get(name) ?? checkAnew(c, { address, client, given, kept }).finally(() => underWay.delete(name));
      underWay.set(name, checking);
      if (await checking) return kept;
      refused.add(name, kept);
      return null;
    },
  };

  async function checkAnew(c: RequestContext, attempt: Attempt): Promise<boolean> {
    const { address, client, given, kept } = attempt;
    const { waitSeconds, failures } = await attempts.begin(client);
    refuseFor(waitSeconds);
    const checking = password.verify(given, kept);
    if (checking === null) refuseFor(queueSeconds);
    const isRight = (await checking) === true;
    if (isRight) await attempts.succeed(client);
    else if (failures === 1 || failures === allowedFailures) await tellRefusal(c, address, failures);
    return isRight;
  }
}

type Attempt = { address: string | null; client: string; given: string; kept: string };

/** As many as all clients together are allowed in a quarter of an hour. */
const mostRefused = 1000;

/** What was refused, by client and text, for as long as the password of `kept` stays; the latest {@link mostRefused}. */
function createRefused() {
  const names = new Map<string, string>();
  return {
    has: (name: string, kept: string) => names.get(name) === kept,
    add: (name: string, kept: string) => {
      names.set(name, kept);
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
