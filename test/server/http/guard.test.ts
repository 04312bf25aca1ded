import { afterEach, beforeEach, describe, expect, setDefaultTimeout, setSystemTime, test } from "bun:test";
import type { TestApp } from "../support.ts";
import { type AccessHarness, askFrom, form, openAccess, password, sessionOf, signIn } from "./access.ts";

setDefaultTimeout(60_000);

let access: AccessHarness;
beforeEach(async () => {
  access = await openAccess();
  setSystemTime(new Date("2026-03-02T15:00:00Z"));
}, 60_000);
afterEach(async () => {
  setSystemTime();
  await access.drop();
});

/** Lets time go by: the app's, and the machine's, by which attempts are counted. */
function passTime(app: TestApp, ms: number): void {
  app.clock.now = new Date(app.clock.now.getTime() + ms);
  setSystemTime(app.clock.now);
}

const bearer = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } });
const guess = (app: TestApp, address: string, token: string, headers: Record<string, string> = {}) =>
  askFrom(app, address, "/api/openapi.json", { headers: { ...headers, Authorization: `Bearer ${token}` } });

describe("a changed password", () => {
  test("signs everybody out, and is what counts from then on in every process", async () => {
    const app = access.guarded();
    const session = await sessionOf(app);
    expect((await app.get("/api/who", bearer(password).headers)).status).toBe(200);
    await access.adopt("another password");
    expect((await app.get("/", { Cookie: session })).status).toBe(303);
    expect((await app.get("/api/who", bearer(password).headers)).status).toBe(401);
    expect((await signIn(app, { password })).status).toBe(401);
    expect((await signIn(app, { password: "another password" })).status).toBe(303);
  });

  test("is not noticed where it is the same, by processes that start together either", async () => {
    const session = await sessionOf(access.guarded());
    await Promise.all([access.adopt(password), access.adopt(password), access.adopt(password)]);
    expect((await access.guarded().get("/", { Cookie: session })).status).toBe(200);
  });
});

describe("the kept password", () => {
  const keptHash = async () => {
    const [row] = await access.sql<{ hash: string }[]>`select hash from barline.credentials`;
    return row?.hash ?? "";
  };

  test("is an Argon2id hash", async () => {
    await access.adopt("another password");
    expect(await keptHash()).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  });

  test("may be given as a hash, which is then no password itself", async () => {
    const hash = await Bun.password.hash("only its hash is known here", { algorithm: "argon2id", memoryCost: 1024 });
    await access.adopt(hash);
    expect(await keptHash()).toBe(hash);
    const app = access.guarded({ ADMIN_PASSWORD: hash });
    const session = await sessionOf(app, { password: "only its hash is known here" });
    expect((await app.get("/", { Cookie: session })).status).toBe(200);
    expect((await signIn(app, { password: hash })).status).toBe(401);
    await access.adopt(hash);
    expect((await app.get("/", { Cookie: session })).status).toBe(200);
  });

  test("is not replaced by a hash that cannot be read", async () => {
    const before = await keptHash();
    await expect(access.adopt("$argon2id$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA")).rejects.toThrow("ADMIN_PASSWORD");
    expect(await keptHash()).toBe(before);
  });
});

describe("failed attempts", () => {
  test("block their client after ten, also with the right password, until the ten minutes are over", async () => {
    const app = access.guarded();
    for (let i = 0; i < 10; i++) expect((await signIn(app, { password: `guess ${i}` })).status).toBe(401);
    const blocked = await signIn(app, { password });
    expect(blocked.status).toBe(429);
    expect(blocked.headers.get("Retry-After")).toBe("600");
    passTime(app, 600_000);
    expect((await signIn(app, { password })).status).toBe(303);
  });

  test("count before they are checked, so that many at once are no more", async () => {
    const app = access.guarded();
    const answers = await Promise.all(Array.from({ length: 30 }, (_, i) => guess(app, "192.0.2.1", `guess ${i}`)));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 401)).toHaveLength(10);
    expect(statuses.filter((status) => status === 429)).toHaveLength(20);
  });

  test("at the form do not block who sends the right password as a token, from the same address", async () => {
    const app = access.guarded();
    const attempt = (given: string) =>
      askFrom(app, "192.0.2.1", "/sign-in", {
        method: "POST",
        headers: form,
        body: new URLSearchParams({ password: given }).toString(),
      });
    for (let i = 0; i < 10; i++) await attempt(`guess ${i}`);
    expect((await attempt(password)).status).toBe(429);
    expect((await guess(app, "192.0.2.1", password)).status).toBe(200);
    for (let i = 0; i < 10; i++) await guess(app, "192.0.2.1", `guess ${i}`);
    expect((await guess(app, "192.0.2.1", password)).status).toBe(429);
  });

  test("count once where a script sends the same again and again, until the password is another", async () => {
    const app = access.guarded();
    for (let i = 0; i < 30; i++) expect((await guess(app, "192.0.2.1", "an old password")).status).toBe(401);
    expect((await guess(app, "192.0.2.1", password)).status).toBe(200);
    await access.adopt("an old password");
    expect((await guess(app, "192.0.2.1", "an old password")).status).toBe(200);
  });

  test("leave other clients and whoever is signed in alone", async () => {
    const app = access.guarded();
    const session = await sessionOf(app);
    for (let i = 0; i < 11; i++) await guess(app, "192.0.2.1", `guess ${i}`);
    const signedIn = await askFrom(app, "192.0.2.1", "/", { headers: { Cookie: session } });
    expect(signedIn.status).toBe(200);
    expect((await guess(app, "192.0.2.2", password)).status).toBe(200);
    expect((await guess(app, "192.0.2.1", password)).status).toBe(429);
  });

  test("of a whole IPv6 network count as one client's", async () => {
    const app = access.guarded();
    for (let i = 0; i < 10; i++) await guess(app, `2001:db8:1:2::${i.toString(16)}`, `guess ${i}`);
    expect((await guess(app, "2001:db8:1:2:ffff:1:2:3", password)).status).toBe(429);
    expect((await guess(app, "2001:db8:1:3::1", password)).status).toBe(200);
  });

  test("of many clients together are checked sixty times a minute, and the known token stays known", async () => {
    const app = access.guarded();
    expect((await guess(app, "198.51.100.1", password)).status).toBe(200);
    const statuses: number[] = [];
    for (let i = 0; i < 65; i++) statuses.push((await guess(app, `203.0.113.${i}`, `guess ${i}`)).status);
    expect(statuses.filter((status) => status === 401)).toHaveLength(60);
    const sixtyFirst = await guess(app, "203.0.113.200", "one more");
    expect(sixtyFirst.status).toBe(429);
    expect(sixtyFirst.headers.get("Retry-After")).toBe("60");
    expect((await guess(app, "198.51.100.1", password)).status).toBe(200);
    passTime(app, 60_000);
    expect((await guess(app, "203.0.113.201", "one more")).status).toBe(401);
  });

  test("are kept as actions, without the password and without flooding the list", async () => {
    const app = access.guarded();
    for (let i = 0; i < 15; i++) await guess(app, "192.0.2.1", `guess ${i}`);
    for (let i = 0; i < 40; i++) await guess(app, `203.0.113.${i}`, "guess");
    const kept = await access.actions();
    expect(kept).toHaveLength(30);
    expect(kept[0]).toEqual({
      kind: "access.refused",
      actor: "Somebody",
      via: "api",
      details: { address: "192.0.2.1", attempts: 1 },
    });
    expect(kept[1]?.details).toEqual({ address: "192.0.2.1", attempts: 10 });
    expect(JSON.stringify(kept)).not.toContain("guess");
  });
});

describe("behind proxies", () => {
  const proxied = { TRUSTED_PROXIES: "127.0.0.1,10.0.0.0/8" };
  const signInFrom = (app: TestApp, address: string, headers: Record<string, string>) =>
    askFrom(app, address, "/sign-in", {
      method: "POST",
      headers: { ...form, ...headers },
      body: new URLSearchParams({ password }).toString(),
    });
  const cookieOf = (response: Response) => response.headers.get("Set-Cookie") ?? "";

  test("clients are told apart by the last address that no proxy of ours has", async () => {
    const app = access.guarded(proxied);
    const through = (client: string) => ({ "X-Forwarded-For": `${client}, 10.1.2.3` });
    for (let i = 0; i < 10; i++) await guess(app, "127.0.0.1", `guess ${i}`, through(`6.6.6.${i}, 192.0.2.1`));
    expect((await guess(app, "127.0.0.1", password, through("192.0.2.1"))).status).toBe(429);
    expect((await guess(app, "127.0.0.1", password, through("192.0.2.2"))).status).toBe(200);
  });

  test("nobody else's word for an address counts", async () => {
    const app = access.guarded(proxied);
    for (let i = 0; i < 10; i++) await guess(app, "192.0.2.1", `guess ${i}`, { "X-Forwarded-For": `6.6.6.${i}` });
    expect((await guess(app, "192.0.2.1", password, { "X-Forwarded-For": "6.6.6.66" })).status).toBe(429);
  });

  test("an unbelieved word is told of in the log, once a peer and hour", async () => {
    const app = access.guarded(proxied);
    const through = { headers: { "X-Forwarded-For": "6.6.6.6" } };
    const warnings = () => app.logged.filter(({ msg }) => String(msg).includes("TRUSTED_PROXIES"));
    for (const peer of ["192.0.2.1", "192.0.2.1", "10.0.0.1", "192.0.2.2"])
      await askFrom(app, peer, "/healthz", through);
    await askFrom(app, "192.0.2.3", "/healthz");
    expect(warnings().map(({ level, peer }) => [level, peer])).toEqual([
      ["warn", "192.0.2.1"],
      ["warn", "192.0.2.2"],
    ]);
    app.clock.now = new Date(app.clock.now.getTime() + 3_600_000);
    await askFrom(app, "192.0.2.1", "/healthz", through);
    expect(warnings()).toHaveLength(3);
    for (let i = 0; i < 200; i++) await askFrom(app, `203.0.113.${i}`, "/healthz", through);
    expect(warnings()).toHaveLength(2 + 100);
  });

  test("a cookie is Secure where the proxy says TLS, and not where somebody else does", async () => {
    const app = access.guarded(proxied);
    const tls = { "X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1" };
    expect(cookieOf(await signInFrom(app, "10.0.0.1", tls))).toContain("; Secure");
    expect(cookieOf(await signInFrom(app, "192.0.2.1", tls))).not.toContain("Secure");
    expect(cookieOf(await signInFrom(app, "10.0.0.1", {}))).not.toContain("Secure");
  });

  test("a cookie is Secure where anybody says TLS while no proxy is named: it only asks for more", async () => {
    const response = await signInFrom(access.guarded(), "192.0.2.1", { "X-Forwarded-Proto": "https" });
    expect(cookieOf(response)).toContain("; Secure");
  });

  test("the list of sign-ins shows the client's address", async () => {
    await signInFrom(access.guarded(proxied), "127.0.0.1", { "X-Forwarded-For": "[2001:db8::1]:4711" });
    const [row] = await access.sql<{ address: string }[]>`select address from barline.sign_ins`;
    expect(row?.address).toBe("2001:db8::1");
  });
});

test("signing in and out is kept with the name", async () => {
  const app = access.guarded();
  const session = await sessionOf(app, { name: "Ada" });
  await app.send("POST", "/sign-out", "", { ...form, Cookie: session });
  await app.send("POST", "/sign-out", "", { ...form, Cookie: session });
  expect((await access.actions()).map(({ kind, actor }) => `${actor} ${kind}`)).toEqual([
    "Ada access.sign_in",
    "Ada access.sign_out",
  ]);
});
