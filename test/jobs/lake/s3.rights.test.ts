import { afterAll, beforeAll, expect, test } from "bun:test";
import { landAnswer, type Manifest, readManifest, readRaw, writeManifest } from "../../../jobs/lake/manifest.ts";
import { createS3Store } from "../../../jobs/lake/s3.ts";
import { PermanentError } from "../../../jobs/orchestrator/errors.ts";
import { type S3Server, startS3 } from "../../support/s3.ts";

let s3: S3Server;
/** Before it, a door that lets through what a policy of GetObject, PutObject and DeleteObject allows. */
let door: ReturnType<typeof Bun.serve>;
let refused: string[];

beforeAll(async () => {
  s3 = await startS3();
  const owner = createS3Store({ bucket: "test", ...s3 });
  await owner.ensureReady();
  await owner.close();
  door = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: pass });
});
afterAll(async () => {
  await door.stop(true);
  await s3.stop();
});

async function pass(request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const [, , key = ""] = pathname.split("/");
  const { method, headers } = request;
  if (key === "" || !["GET", "HEAD", "PUT", "DELETE"].includes(method)) return refuse(request);
  const body = method === "PUT" ? await request.arrayBuffer() : null;
  const answer = await fetch(`${s3.endpoint}${pathname}${search}`, { method, headers, body });
  // Whoever may not list learns nothing of what is missing.
  return answer.status === 404 ? refuse(request, "AccessDenied") : answer;
}

function refuse({ method, url }: Request, code = "AccessDenied"): Response {
  refused.push(`${method} ${new URL(url).pathname}`);
  const body = `<?xml version="1.0"?><Error><Code>${code}</Code></Error>`;
  return new Response(method === "HEAD" ? null : body, { status: 403, headers: { "content-type": "application/xml" } });
}

const openAtDoor = () => {
  refused = [];
  const { region, accessKeyId, secretAccessKey } = s3;
  return createS3Store({
    bucket: "test",
    endpoint: `http://127.0.0.1:${door.port}`,
    region,
    accessKeyId,
    secretAccessKey,
  });
};

test("a bucket of which objects may be got, put and deleted, and nothing else, is a lake", async () => {
  const store = openAtDoor();
  await store.ensureReady();
  expect(refused).toEqual(["HEAD /test/"]);
  const place = { route: "daily", date: "2025-01-02" } as const;
  const answer = { place, body: new TextEncoder().encode("{}"), rows: 0, request: "/v2/aggs" };
  const entry = await landAnswer(store, answer);
  expect(await landAnswer(store, answer)).toEqual(entry);
  const manifest: Manifest = {
    ...{ version: 1, job: "ingest", runId: "1", sessions: { from: "2025-01-02", to: "2025-01-02" } },
    ...{ source: "demo", strategy: "grouped", createdAt: "2025-01-03T01:00:00.000Z", objects: [entry] },
  };
  const [object = entry] = (await readManifest(store, await writeManifest(store, manifest))).objects;
  expect(await readRaw(store, object)).toEqual(answer.body);
  expect(await store.head(entry.key)).toEqual({ size: entry.size });
  await store.delete(entry.key);
  expect(await store.head(entry.key)).toBeUndefined();
  const missing = await store.get(entry.key).catch((error: unknown) => error);
  expect(missing).toBeInstanceOf(PermanentError);
  expect(missing).toMatchObject({ advice: expect.stringContaining("a missing object is refused too") });
  await store.close();
});

test("the trial of a bucket leaves nothing behind", async () => {
  const owner = createS3Store({ bucket: "test", ...s3 });
  const before = await Array.fromAsync(owner.list(""));
  const store = openAtDoor();
  await store.ensureReady();
  expect(await Array.fromAsync(owner.list(""))).toEqual(before);
  await store.close();
  await owner.close();
});

test("wrong keys are not taken for a missing object", async () => {
  const wrong = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request) => refuse(request, "SignatureDoesNotMatch"),
  });
  refused = [];
  const store = createS3Store({ bucket: "test", ...s3, endpoint: `http://127.0.0.1:${wrong.port}` });
  for (const work of [() => store.ensureReady(), () => store.head("a"), () => store.put("a", new Uint8Array(1))]) {
    expect(await work().catch((error: unknown) => error)).toBeInstanceOf(PermanentError);
  }
  await store.close();
  await wrong.stop(true);
});
