import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { isOpen } from "../../server/http/auth.ts";
import { createAssetRoutes, createDashboardRoutes } from "../../server/pages.ts";
import { type Asked, fakeJobs, fakePipeline } from "./fake-pipeline.ts";
import { type AccessHarness, openAccess, password, sessionOf } from "./http/access.ts";
import { createTestApp, type TestApp } from "./support.ts";

let access: AccessHarness;
/** The whole app with every page and call it has, behind a password. */
let opened: TestApp;
/** What the pipeline was asked for. */
let asked: Asked;
let session: string;
let routes: { method: string; path: string }[];

beforeAll(async () => {
  access = await openAccess();
  const fake = fakePipeline(fakeJobs("2026-02-20", "2026-02-27"));
  asked = fake.asked;
  opened = createTestApp({
    environment: { HOST: "0.0.0.0", ADMIN_PASSWORD: password },
    access: access.sql,
    read: access.sql,
    pipeline: fake.pipeline,
    dashboard: createDashboardRoutes,
    assets: await createAssetRoutes(),
  });
  session = await sessionOf(opened);
  // Middleware is registered for all methods; every parameter gets a value that could be meant.
  const all = opened.app.routes.filter(({ method }) => method !== "ALL");
  routes = all.map(({ method, path }) => ({ method, path: path.replaceAll(/:\w+(\{[^}]*\})?\??/g, "1") }));
}, 60_000);
afterAll(() => access.drop());

const ask = async (method: string, path: string, headers: Record<string, string> = {}) =>
  await opened.app.request(path, { method, headers });

describe("every route", () => {
  test("is among those looked at here", () => {
    expect(routes.length).toBeGreaterThan(40);
    expect(routes.filter(({ method }) => method === "POST").length).toBeGreaterThan(10);
    expect(routes.map(({ path }) => path)).toContain("/activity");
  });

  test("is closed to who has not signed in, but for the probes, the files and signing in", async () => {
    const open: string[] = [];
    for (const { method, path } of routes) {
      const { status, headers } = await ask(method, path);
      const isRefused = status === 401 || (status === 303 && headers.get("Location")?.startsWith("/sign-in") === true);
      if (!isRefused) open.push(path);
    }
    const unlisted = [...new Set(open)].filter((path) => !/^\/(assets|clients)\//.test(path)).sort();
    expect(unlisted).toEqual(["/favicon.ico", "/healthz", "/readyz", "/sign-in"].filter((path) => open.includes(path)));
    expect(unlisted).toEqual(expect.arrayContaining(["/healthz", "/readyz", "/sign-in"]));
    expect(open.every(isOpen)).toBe(true);
    expect(asked).toEqual([]);
  });

  test("that changes something refuses other sites, with whatever session and method", async () => {
    const changing = routes.filter(({ method }) => method !== "GET");
    const foreign = [{ "Sec-Fetch-Site": "cross-site" }, { "Sec-Fetch-Site": "same-site" }, { Origin: "null" }];
    for (const { method, path } of changing) {
      for (const headers of [...foreign, { Origin: "https://evil.example" }]) {
        const response = await ask(method, path, { Cookie: session, ...headers });
        expect({ method, path, status: response.status }).toEqual({ method, path, status: 403 });
      }
    }
    expect(asked).toEqual([]);
    expect((await ask("GET", "/", { Cookie: session })).status).toBe(200);
  });

  test("answers with the strict policy, and pages run nothing inline", async () => {
    for (const { path } of routes.filter(({ method, path: at }) => method === "GET" && !at.startsWith("/assets/"))) {
      const response = await ask("GET", path, { Cookie: session });
      const policy = response.headers.get("Content-Security-Policy") ?? "";
      expect(policy).toStartWith("default-src 'none'; script-src 'self'; style-src 'self';");
      expect(policy).not.toContain("unsafe");
      expect(response.headers.get("X-Content-Type-Options")).toBe("nosniff");
      if (!response.headers.get("Content-Type")?.startsWith("text/html")) continue;
      expect(await response.text()).not.toMatch(/<script(?![^>]* src=)|\son\w+=["']|\sstyle=["']|<style|javascript:/i);
    }
  });
});
