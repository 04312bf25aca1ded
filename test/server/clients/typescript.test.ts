import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { typescriptClient } from "../../../server/clients/typescript.ts";
import { createTestApp } from "../support.ts";

type Client = {
  createBarline(
    url: string,
    options: { token?: string; retries?: number; fetch: (url: string, init: RequestInit) => Promise<Response> },
  ): (name: string, asked?: unknown) => Promise<unknown>;
};

const { app, get } = createTestApp();
let folder: string;
let client: Client;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "barline-client-"));
  await Bun.write(join(folder, "package.json"), '{ "type": "module" }');
  await Bun.write(join(folder, "barline.ts"), await (await get("/clients/barline.ts")).text());
  client = await import(join(folder, "barline.ts"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const overApp = async (url: string, init: RequestInit) => await app.request(url, init);

test("a program is checked against every call, its request and its answer", async () => {
  const program = `
    import { type Calls, createBarline } from "./barline.ts";
    const barline = createBarline("http://localhost:3000", { token: "barline_x" });
    const range = { path: { ticker: "AAPL" }, query: { from: "2020-01-01", adjusted: false } };
    export const closes: number[] = (await barline("GET /api/bars/{ticker}", range)).map((bar) => bar.close);
    export const isIdle: boolean = (await barline("GET /api/status")).idle;
    export const all = await barline("GET /api/bars/{ticker}", { path: { ticker: "AAPL" } });
    const run = await barline("POST /api/backtests", { body: { ticker: "AAPL", strategy: "momentum" } });
    export const sharpe: number | null = run.metrics.sharpe;
    await barline("GET /api/screener", { query: { rsi_14_max: 30, workspace: { "my_model.score_min": "1" } } });
    // @ts-expect-error: the ticker is missing
    await barline("GET /api/bars/{ticker}");
    // @ts-expect-error: there is no such call
    await barline("GET /api/prices");
    // @ts-expect-error: there is no such strategy
    await barline("POST /api/backtests", { body: { ticker: "AAPL", strategy: "momentm" } });
    // @ts-expect-error: bars have no such price
    export const prices = all.map((bar) => bar.price);
    export type Names = keyof Calls;`;
  await Bun.write(join(folder, "program.ts"), program);
  const options = ["--noEmit", "--strict", "--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess"];
  const modules = ["--module", "nodenext", "--target", "esnext", "--allowImportingTsExtensions", "--types", ""];
  const compiler = join(import.meta.dir, "../../../node_modules/.bin/tsc");
  const checked = Bun.spawn([compiler, ...options, ...modules, "program.ts"], { cwd: folder, stdout: "pipe" });
  expect(await new Response(checked.stdout).text()).toBe("");
  expect(await checked.exited).toBe(0);
}, 60_000);

test("knows every call of the document", async () => {
  const { paths } = (await (await get("/api/openapi.json")).json()) as { paths: Record<string, object> };
  const text = await (await get("/clients/barline.ts")).text();
  const names = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `"${method.toUpperCase()} ${path}": {`),
  );
  expect(names.length).toBeGreaterThan(60);
  expect(names.filter((name) => !text.includes(name))).toEqual([]);
});

test("makes a call of the app, and throws what it refuses in its words", async () => {
  const barline = client.createBarline("http://localhost:3000/", { fetch: overApp });
  expect(await barline("GET /healthz")).toEqual({ status: "ok" });
  const asked = { path: { ticker: "A/B" }, query: { from: "2020-02-30" } };
  const error = await barline("GET /api/bars/{ticker}", asked).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ name: "BarlineError", status: 422, code: "invalid", field: "from" });
  expect(String(error)).toContain("from");
});

test("asks again after a refusal for now, with its token, and no oftener than it may", async () => {
  const asked: Headers[] = [];
  const busy = async (_url: string, { headers }: RequestInit) => {
    asked.push(new Headers(headers));
    const refused = { error: { code: "busy", message: "Not now.", requestId: "1" } };
    return Response.json(refused, { status: 429, headers: { "Retry-After": "0" } });
  };
  const barline = client.createBarline("http://localhost:3000", { token: "barline_x", retries: 2, fetch: busy });
  const error = await barline("GET /api/status").catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ status: 429, code: "busy", message: "Not now.", requestId: "1" });
  expect(asked.map((headers) => headers.get("Authorization"))).toEqual(Array(3).fill("Bearer barline_x"));
});

test("comments end where they are meant to, and names are quoted where they have to be", async () => {
  const properties = { "a-b": { type: "string", description: "Ends */ early." } };
  const text = await typescriptClient({ paths: {}, components: { schemas: { One: { type: "object", properties } } } });
  expect(text).toContain('/** Ends * / early. */\n"a-b"?: string;');
});
