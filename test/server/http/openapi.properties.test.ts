import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import pino from "pino";
import { createHousekeeping } from "../../../jobs/housekeeping/housekeeping.ts";
import { openLake } from "../../../jobs/lake/open.ts";
import { RequestError } from "../../../jobs/orchestrator/types.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { type JsonSchema, type References, valuesOf } from "../../support/json-schema.ts";
import { fakeJobs, fakePipeline } from "../fake-pipeline.ts";
import { createTestApp, noAlerts, noDrift, type TestApp } from "../support.ts";

setDefaultTimeout(120_000);

type Parameter = { name: string; in: "path" | "query"; required?: boolean; schema: JsonSchema };
type Call = {
  parameters?: Parameter[];
  requestBody?: { content: { "application/json": { schema: JsonSchema } } };
};
type Document = { paths: Record<string, Record<string, Call>>; components: { schemas: References } };

let database: TestDatabase;
let app: TestApp;
let document: Document;

beforeAll(async () => {
  database = await createTestDatabase();
  const log = pino({ level: "silent" });
  const lake = openLake({ kind: "folder", root: join(tmpdir(), "barline-no-lake"), bucket: "test" });
  const busy = () => Promise.reject(new RequestError("conflict", "Somebody is at it."));
  app = createTestApp({
    read: database.sql,
    pipeline: fakePipeline(fakeJobs("2026-02-20", "2026-02-27")).pipeline,
    housekeeping: {
      ...createHousekeeping({ sql: database.sql, lake, log, now: () => new Date("2026-03-02T15:00:00Z") }),
      begin: busy,
    },
    drift: { ...noDrift, begin: busy },
    alerts: { ...noAlerts, test: busy, retry: busy },
    sweeps: { begin: busy, cancel: async () => false, idle: async () => {}, stop: async () => {} },
  });
  document = (await (await app.get("/api/openapi.json")).json()) as Document;
});
afterAll(() => database.drop());

type Sent = { path: Record<string, unknown>; query: Record<string, unknown>; body: unknown };

/** What the document says may be sent with a call. */
function requestsOf({ parameters = [], requestBody }: Call): fc.Arbitrary<Sent> {
  const references = document.components.schemas;
  const partOf = (place: Parameter["in"]) => {
    const own = parameters.filter((parameter) => parameter.in === place);
    const requiredKeys = own.filter(({ required }) => required === true).map(({ name }) => name);
    const values = Object.fromEntries(own.map(({ name, schema }) => [name, valuesOf(schema, references)]));
    return fc.record(values, { requiredKeys });
  };
  const schema = requestBody?.content["application/json"].schema;
  return fc.record({
    path: partOf("path"),
    query: partOf("query"),
    body: schema ? valuesOf(schema, references) : fc.constant(undefined),
  });
}

function send(method: string, template: string, { path, query, body }: Sent) {
  const pathname = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(path[name])));
  const search = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]));
  return app.send(method.toUpperCase(), `${pathname}?${search}`, body);
}

/** What a schema cannot tell: how fields go together, and what only the data knows. A sentence of each. */
const meant = [
  /^The first date is after the last\.$/,
  /^`to` has to be `from` or later\.$/,
  /^`from` \(.*\) is after `to` \(.*\)\.$/,
  /^No ticker ".*" is known\.$/,
  /^`(request\.)?ticker` is required\.$/,
  /^`(request\.)?\w+` has to be (given|left out|null|long): \w+ (trades|chooses|leaves|sells) .*\.$/,
  // Which they are depends on the strategy.
  /^`params\..*` is not known; .*$/s,
  /^`params\.\w+` has to be (less|more) than \w+, which is .*\.$/,
];
const sentencesOf = (message: string) => message.split(/(?<=[.?]) (?=`)/);

const refused = new Set([400, 405, 413, 415, 422]);

/** Like the browser's, our addresses have no segment that leads to another path. */
const isAddress = ({ path }: Sent) => !Object.values(path).some((value) => value === "." || value === "..");

test("what the document calls valid is never refused as invalid, and breaks nothing", async () => {
  for (const [template, calls] of Object.entries(document.paths)) {
    for (const [method, call] of Object.entries(calls)) {
      const property = fc.asyncProperty(requestsOf(call).filter(isAddress), async (sent) => {
        const response = await send(method, template, sent);
        expect(response.status).toBeLessThan(500);
        if (!refused.has(response.status)) return;
        const { error } = (await response.json()) as { error: { message: string } };
        expect(sentencesOf(error.message).filter((sentence) => !meant.some((form) => form.test(sentence)))).toEqual([]);
      });
      await fc.assert(property, { numRuns: 25, seed: 20260302 });
    }
  }
  expect(app.logged.filter(({ level }) => level === "error")).toEqual([]);
});

test("patterns mean the same to every engine: no flags, no classes of Unicode, nothing that looks around", () => {
  const patterns = [...JSON.stringify(document).matchAll(/"pattern":("(?:[^"\\]|\\.)*")/g)].map(
    ([, text]) => JSON.parse(text ?? "") as string,
  );
  expect(patterns.length).toBeGreaterThan(20);
  for (const pattern of new Set(patterns)) {
    expect(pattern).not.toMatch(/\\[pP]\{|\(\?[=!<]|\\[ux]\{|\[\^?[^\]]*&&/);
    expect(new RegExp(pattern).flags + new RegExp(pattern, "u").source).toBe(`${pattern}`);
  }
});

test("the path of one call is none of another, whatever the method", async () => {
  for (const method of ["PATCH", "DELETE", "POST"]) {
    const response = await app.send(method, "/api/scenarios/compare", {});
    expect({ method, status: response.status, allowed: response.headers.get("Allow") }).toEqual({
      method,
      status: 405,
      allowed: "GET, HEAD",
    });
  }
  expect((await app.get("/api/scenarios/compare?ids=1,2")).status).toBe(404);
});
