import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

/** Who may enter: the password, and the signed tokens given to those who knew it. */
export type Sessions = {
  /** In constant time. */
  isPassword(given: string): boolean;
  /** A token for a cookie, valid for {@link sessionSeconds}. */
  issue(): string;
  isValid(token: string): boolean;
  /** Ends a session before its time. */
  revoke(token: string): void;
};

export const sessionSeconds = 7 * 24 * 3600;

/**
 * Makes the sessions of one process: its keys are drawn at the start and never leave it, so that a token says nothing about the
 * password, and everybody signs in again after a restart or with a new password.
 */
export function createSessions(options: { password: string; now: () => Date; key?: Buffer }): Sessions {
  const key = options.key ?? randomBytes(32);
  const digest = (purpose: string, text: string) => createHmac("sha256", key).update(`${purpose}\0${text}`).digest();
  const expected = digest("password", options.password);
  // Signed with the password too, so that a kept key would not outlive a changed password.
  const signingKey = digest("session", options.password);
  const sign = (claim: string) => createHmac("sha256", signingKey).update(claim).digest();
  /** Ids of ended sessions, until they would have ended anyway. */
  const revoked = new Map<string, number>();

  const read = (token: string): { id: string; expiresAt: number } | null => {
    const [id, expires, signature, ...rest] = token.split(".");
    if (!id || !expires || !signature || rest.length > 0) return null;
    const given = Buffer.from(signature, "base64url");
    const right = sign(`${id}.${expires}`);
    if (given.length !== right.length || !timingSafeEqual(given, right)) return null;
    return { id, expiresAt: Number(expires) };
  };

  return {
    isPassword: (given) => timingSafeEqual(digest("password", given), expected),
    issue: () => {
      const claim = `${randomBytes(16).toString("base64url")}.${options.now().getTime() + sessionSeconds * 1000}`;
      return `${claim}.${sign(claim).toString("base64url")}`;
    },
    isValid: (token) => {
      const session = read(token);
      return session !== null && session.expiresAt > options.now().getTime() && !revoked.has(session.id);
    },
    revoke: (token) => {
      const session = read(token);
      const now = options.now().getTime();
      for (const [id, expiresAt] of revoked) if (expiresAt <= now) revoked.delete(id);
      if (session !== null) revoked.set(session.id, session.expiresAt);
    },
  };
}
