import { describe, expect, test } from "bun:test";
import { createTestApp } from "../support.ts";

type Schema = { type?: string; properties?: Record<string, Schema>; required?: string[]; default?: unknown };
type Call = {
  operationId: string;
  summary: string;
  parameters?: { name: string; in: string; required?: boolean; schema: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, { content: Record<string, { schema: { $ref?: string } }> }>;
  security?: unknown[];
};
type Document = {
  openapi: string;
  paths: Record<string, Record<string, Call>>;
  components: { schemas: Record<string, unknown> };
};

async function readDocument() {
  const app = createTestApp();
  const response = await app.get("/api/openapi.json");
  return { app, document: (await response.json()) as Document };
}

const callsOf = (document: Document) =>
  Object.entries(document.paths).flatMap(([path, calls]) =>
    Object.entries(calls).map(([method, call]) => ({ path, method, call })),
  );

describe("the OpenAPI document", () => {
  test("describes every route of the API, and no other", async () => {
    const { app, document } = await readDocument();
    const routes = app.app.routes
      .filter(({ path, method }) => method !== "ALL" && (path.startsWith("/api") || path.endsWith("z")))
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, "{$1}")}`);
    const described = callsOf(document).map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    expect(described.toSorted()).toEqual([...new Set(routes)].toSorted());
  });

  test("has the calls of the contract", async () => {
    const { document } = await readDocument();
    const calls = callsOf(document).map(({ method, path }) => `${method} ${path}`);
    const contract = [
      "get /healthz",
      "get /readyz",
      "get /api/status",
      "patch /api/jobs/{job}",
      "post /api/jobs/{job}/runs",
      "post /api/jobs/{job}/backfills",
      "get /api/backfills",
      "get /api/backfills/{id}",
      "patch /api/backfills/{id}",
      "get /api/backfills/{id}/sessions",
      "post /api/backfills/{id}/retry",
      "post /api/backfills/{id}/cancel",
      "get /api/runs",
      "get /api/runs/{id}",
      "post /api/runs/{id}/retry",
      "post /api/runs/{id}/cancel",
      "get /api/bars/{ticker}",
      "get /api/tickers",
      "post /api/backtests",
      "get /api/openapi.json",
    ];
    expect(calls).toEqual(expect.arrayContaining(contract));
  });

  test("is valid where validators look first: parameters, ids, references, answers", async () => {
    const { document } = await readDocument();
    expect(document.openapi).toBe("3.1.1");
    const calls = callsOf(document);
    expect(new Set(calls.map(({ call }) => call.operationId)).size).toBe(calls.length);
    for (const { path, call } of calls) {
      const inPath = (call.parameters ?? []).filter((parameter) => parameter.in === "path");
      const placeholders = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? "");
      expect(inPath.map(({ name }) => name)).toEqual(placeholders);
      expect(inPath.every(({ required }) => required === true)).toBe(true);
      expect(call.responses.default?.content["application/json"]?.schema.$ref).toBe("#/components/schemas/Error");
    }
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)];
    expect(references.length).toBeGreaterThan(10);
    for (const [, name] of references) expect(Object.keys(document.components.schemas)).toContain(name ?? "?");
  });

  test("tells types and defaults as they are sent", async () => {
    const { document } = await readDocument();
    const parameters = document.paths["/api/runs"]?.get?.parameters ?? [];
    const limit = parameters.find(({ name }) => name === "limit");
    expect(limit).toMatchObject({ in: "query", schema: { type: "integer", minimum: 1, maximum: 1000, default: 50 } });
    const adjusted = document.paths["/api/bars/{ticker}"]?.get?.parameters?.find(({ name }) => name === "adjusted");
    expect(adjusted?.schema).toMatchObject({ type: "boolean", default: true });
    const backfill =
      document.paths["/api/jobs/{job}/backfills"]?.post?.requestBody?.content["application/json"]?.schema;
    expect(backfill?.required?.toSorted()).toEqual(["from", "to"]);
    expect(backfill?.properties?.strategy?.default).toBe("auto");
  });
});
