import { Hono } from "hono";
import { replaceCredential } from "../../../db/queries/operations/access.ts";
import { adoptPasswords } from "../../../server/http/password.ts";
import { createTestDatabase } from "../../support/database.ts";
import { createTestApp, type TestApp } from "../support.ts";

export const password = "correct horse battery";
export const form = { "Content-Type": "application/x-www-form-urlencoded" };

/** Apps behind a password, each a process of its own on one database. */
export async function openAccess() {
  const { url, sql, drop } = await createTestDatabase();
  const adopt = (admin: string, viewer: string | null = null) =>
    adoptPasswords(sql, { admin, viewer }, new Date("2026-03-02T15:00:00Z"));
  // As an earlier start may have kept it; hashed as cheaply as it may be, since tests guess a lot.
  const hash = await Bun.password.hash(password, { algorithm: "argon2id", memoryCost: 64, timeCost: 2 });
  await replaceCredential(sql, { name: "admin", hash, changedAt: new Date("2026-03-01T00:00:00Z") });
  await adopt(password);
  const guarded = (environment: Record<string, string> = {}): TestApp => {
    const dashboard = new Hono()
      .get("/", (c) => c.text("home"))
      .get("/jobs/:id", (c) => c.text("a job"))
      .get("/who", (c) => c.json(c.get("actor" as never)))
      .get("/api/who", (c) => c.json(c.get("actor" as never)));
    const assets = new Hono().get("/assets/styles.css", (c) => c.text("css"));
    const settings = { HOST: "0.0.0.0", ADMIN_PASSWORD: password, ...environment };
    return createTestApp({ environment: settings, access: sql, dashboard, assets });
  };
  const actions = () =>
    sql<{ kind: string; actor: string; via: string; details: unknown }[]>`
      select kind, actor, via, details from barline.actions order by id`;
  return { url, sql, drop, adopt, guarded, actions };
}

export type AccessHarness = Awaited<ReturnType<typeof openAccess>>;

export const signIn = ({ send }: TestApp, fields: Record<string, string>, headers: Record<string, string> = {}) =>
  send("POST", "/sign-in", new URLSearchParams(fields).toString(), { ...form, ...headers });

/** Signs in and answers the cookie to send. */
export async function sessionOf(app: TestApp, fields: Record<string, string> = {}): Promise<string> {
  const cookie = (await signIn(app, { password, ...fields })).headers.get("Set-Cookie") ?? "";
  return cookie.split(";")[0] ?? "";
}

/** Asks as a client at `address` does, whose proxies say `headers`. */
export const askFrom = async (
  { app }: TestApp,
  address: string,
  path: string,
  init: { method?: string; headers?: Record<string, string>; body?: string } = {},
) =>
  await app.request(`http://localhost:3000${path}`, init, {
    requestIP: () => ({ address, family: address.includes(":") ? "IPv6" : "IPv4", port: 50_000 }),
  });
