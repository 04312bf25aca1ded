import { afterEach, describe, expect, test } from "bun:test";
import { createS3Store } from "../../../jobs/lake/s3.ts";
import type { S3StoreOptions } from "../../../jobs/lake/s3-connection.ts";
import { s3Error } from "../../../jobs/lake/s3-errors.ts";
import type { ObjectStore } from "../../../jobs/lake/store.ts";
import { CancelledError, PermanentError, RetryableError } from "../../../jobs/orchestrator/errors.ts";

const SECRET = "wJalrXUtnFEMI-the-secret";
const bytes = new TextEncoder().encode("x");
const releases: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const release of releases.splice(0).reverse()) await release();
});

/** A server that answers every request as the test wants; the SDK cannot tell it from S3. */
function serve(answer: (request: Request) => Response | Promise<Response>) {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: answer });
  releases.push(() => server.stop(true));
  return `http://127.0.0.1:${server.port}`;
}

function open(options: Partial<S3StoreOptions>): ObjectStore {
  const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: SECRET };
  const store = createS3Store({ bucket: "test", region: "us-east-1", ...credentials, ...options });
  releases.push(() => store.close());
  return store;
}

function refusal(status: number, code: string) {
  const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>sent ${SECRET}</Message></Error>`;
  return (request: Request) =>
    new Response(request.method === "HEAD" ? null : body, { status, headers: { "content-type": "application/xml" } });
}

async function failure(work: Promise<unknown>): Promise<Error> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof Error) return error;
  throw new Error("the operation was expected to fail");
}

function everythingSaid(error: Error): string {
  return `${Bun.inspect(error)} ${error.stack} ${JSON.stringify(error, Object.getOwnPropertyNames(error))}`;
}

describe("S3 store", () => {
  test.each([
    [403, "AccessDenied", "S3_BUCKET"],
    [403, "InvalidAccessKeyId", "S3_ACCESS_KEY_ID"],
    [403, "SignatureDoesNotMatch", "S3_SECRET_ACCESS_KEY"],
    [400, "ExpiredToken", "S3_SECRET_ACCESS_KEY"],
    [401, "Unauthorized", "S3_ACCESS_KEY_ID"],
    [301, "PermanentRedirect", "S3_REGION"],
    [400, "InvalidBucketName", "S3_BUCKET"],
  ])("stops at %d %s, advises on %s and tells no secret", async (status, code, variable) => {
    const store = open({ endpoint: serve(refusal(status, code)) });
    const list = () => Array.fromAsync(store.list(""));
    for (const work of [() => store.put("a", bytes), () => store.get("a"), list]) {
      const error = await failure(work());
      expect(error).toBeInstanceOf(PermanentError);
      expect(error).toMatchObject({ advice: expect.stringContaining(variable) });
      expect(everythingSaid(error)).not.toContain(SECRET);
    }
    expect(await failure(store.ensureReady())).toBeInstanceOf(PermanentError);
  });

  test.each([
    [500, "InternalError", true],
    [507, "XMinioStorageFull", true],
    [409, "OperationAborted", false],
  ])("retries after %d %s", async (status, code, outage) => {
    const store = open({ endpoint: serve(refusal(status, code)) });
    const error = await failure(store.put("a", bytes));
    expect(error).toBeInstanceOf(RetryableError);
    expect(error).toMatchObject({ outage });
    expect(everythingSaid(error)).not.toContain(SECRET);
  });

  // Not through a server: the SDK waits for seconds between its own tries when it is throttled.
  test.each([
    [503, "SlowDown"],
    [429, "TooManyRequests"],
    [400, "RequestTimeout"],
  ])("waits out %d %s as an outage", (httpStatusCode, name) => {
    const context = { action: "write s3://test/a", bucket: "test", endpoint: "http://127.0.0.1:9000", ownKeys: true };
    const error = s3Error(Object.assign(new Error(SECRET), { name, $metadata: { httpStatusCode } }), context);
    expect(error).toBeInstanceOf(RetryableError);
    expect(error).toMatchObject({ outage: true });
    expect(everythingSaid(error)).not.toContain(SECRET);
  });

  test("says that a bucket is missing and may not be created", async () => {
    const endpoint = serve((request) => {
      const missing = request.method === "HEAD" || new URL(request.url).pathname.length > "/test/".length;
      return refusal(missing ? 404 : 403, missing ? "NoSuchBucket" : "AccessDenied")(request);
    });
    const store = open({ endpoint });
    for (const work of [() => store.ensureReady(), () => store.put("a", bytes)]) {
      const error = await failure(work());
      expect(error).toBeInstanceOf(PermanentError);
      expect(error).toMatchObject({ advice: expect.stringContaining("S3_BUCKET") });
    }
  });

  test.each(["BucketAlreadyOwnedByYou", "BucketAlreadyExists"])(
    "accepts %s from a race for the bucket",
    async (code) => {
      let looks = 0;
      const endpoint = serve((request) => {
        if (request.method !== "HEAD") return refusal(409, code)(request);
        looks += 1;
        return new Response(null, { status: looks === 1 ? 404 : 200 });
      });
      await open({ endpoint }).ensureReady();
      expect(looks).toBe(code === "BucketAlreadyExists" ? 2 : 1);
    },
  );

  test("recreates a vanished bucket once, then leaves it to the task's retries", async () => {
    const calls: string[] = [];
    const endpoint = serve((request) => {
      const { pathname } = new URL(request.url);
      calls.push(`${request.method} ${pathname}`);
      if (request.method === "PUT" && pathname.replace(/\/$/, "") === "/test") return new Response();
      return refusal(404, "NoSuchBucket")(request);
    });
    expect(await failure(open({ endpoint }).put("a", bytes))).toBeInstanceOf(RetryableError);
    expect(calls.filter((call) => call === "PUT /test/a")).toHaveLength(2);
  });

  test("retries a server that is not there and names the variable that holds its address", async () => {
    const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
    const endpoint = `http://127.0.0.1:${server.port}`;
    await server.stop(true);
    const store = open({ endpoint });
    for (const work of [() => store.put("a", bytes), () => store.get("a"), () => store.head("a"), store.ensureReady]) {
      const error = await failure(work());
      expect(error).toBeInstanceOf(RetryableError);
      expect(error.message).toContain(endpoint);
      expect(error).toMatchObject({ advice: expect.stringContaining("S3_ENDPOINT"), outage: true });
      expect(everythingSaid(error)).not.toContain(SECRET);
    }
  });

  test("retries an answer that is no S3", async () => {
    const store = open({ endpoint: serve(() => new Response("<html>Bad gateway", { status: 502 })) });
    expect(await failure(store.put("a", bytes))).toBeInstanceOf(RetryableError);
  });

  test("gives up a server that never answers after its time limit", async () => {
    const store = open({ endpoint: serve(() => new Promise(() => undefined)), timeoutMs: 100 });
    expect(await failure(store.put("a", bytes))).toBeInstanceOf(RetryableError);
  });

  test("gives up a server that stops in the middle of an answer", async () => {
    const body = () => new ReadableStream({ start: (controller) => controller.enqueue(bytes) });
    const store = open({
      endpoint: serve(() => new Response(body(), { headers: { "content-length": "5" } })),
      timeoutMs: 200,
    });
    expect(await failure(store.get("a"))).toBeInstanceOf(RetryableError);
  });

  test("stops waiting when the work is cancelled", async () => {
    const cancel = new AbortController();
    const store = open({
      endpoint: serve(() => {
        cancel.abort();
        return new Promise(() => undefined);
      }),
    });
    expect(await failure(store.put("a", bytes, { signal: cancel.signal }))).toBeInstanceOf(CancelledError);
  });

  test("sends no checksum that older servers refuse, and keeps the bucket in the path", async () => {
    const requests: { path: string; headers: string[] }[] = [];
    const endpoint = serve((request) => {
      requests.push({ path: new URL(request.url).pathname, headers: [...request.headers.keys()] });
      return new Response();
    });
    await open({ endpoint }).put("a b", bytes);
    expect(requests.map(({ path }) => path)).toEqual(["/test/a%20b"]);
    expect(requests[0]?.headers).toContain("x-amz-content-sha256");
    expect(requests[0]?.headers.filter((name) => /checksum|trailer/.test(name))).toEqual([]);
  });

  test("tells the server what an object says of itself", async () => {
    const said: (string | null)[] = [];
    const endpoint = serve((request) => {
      said.push(request.headers.get("x-amz-meta-redacted"));
      return new Response();
    });
    await open({ endpoint }).put("a", bytes, { metadata: { redacted: "true" } });
    expect(said).toEqual(["true"]);
  });

  test("refuses half a pair of credentials and an address without a scheme, keeping them to itself", () => {
    expect(() => createS3Store({ bucket: "test", secretAccessKey: SECRET })).toThrow("one half");
    expect(() => createS3Store({ bucket: "test", endpoint: "not a url" })).toThrow("S3_ENDPOINT");
  });

  test("hides a password in the address", async () => {
    const server = serve(refusal(500, "InternalError"));
    const store = open({ endpoint: server.replace("//", `//user:${SECRET}@`) });
    expect(everythingSaid(await failure(store.put("a", bytes)))).not.toContain(SECRET);
  });
});

test("opening an S3 store loads no SDK before its first operation", async () => {
  const script = `
    const { openLake } = await import("./jobs/lake/open.ts");
    const loaded = () => Object.keys(require.cache).some((name) => name.includes("@aws-sdk"));
    const store = openLake({ kind: "s3", bucket: "test", endpoint: "http://127.0.0.1:1", accessKeyId: "a", secretAccessKey: "b" });
    const before = loaded();
    await store.head("a").catch(() => undefined);
    process.stdout.write(JSON.stringify([before, loaded()]));`;
  const child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe", stderr: "inherit" });
  expect(await new Response(child.stdout).text()).toBe("[false,true]");
});
