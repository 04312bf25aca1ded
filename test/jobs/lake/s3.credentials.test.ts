import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createS3Store } from "../../../jobs/lake/s3.ts";

let folder: string;
let server: ReturnType<typeof Bun.serve> | undefined;
/** The session tokens that the server was sent. */
let tokens: (string | null)[];
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "barline-credentials-"));
  tokens = [];
});
afterEach(async () => {
  await server?.stop(true);
  await rm(folder, { recursive: true });
});

function serve(answer: () => Response = () => new Response()): string {
  server = Bun.serve({
    ...{ hostname: "127.0.0.1", port: 0 },
    fetch(request) {
      tokens.push(request.headers.get("x-amz-security-token"));
      return answer();
    },
  });
  return `http://127.0.0.1:${server.port}`;
}

/** A machine that lends credentials by a program, which works while the file `works` is there. */
async function lendByProgram(): Promise<{ environment: Record<string, string>; works: string }> {
  const works = path.join(folder, "works");
  const program = path.join(folder, "lend");
  const lent = { Version: 1, AccessKeyId: "AKIDLENT", SecretAccessKey: "s", SessionToken: "lent-token" };
  const told = `echo "--password hunter2-hunter2" >&2`;
  await writeFile(
    program,
    `#!/bin/sh\nif [ -e '${works}' ]; then echo '${JSON.stringify(lent)}'; else ${told}; exit 1; fi\n`,
  );
  await chmod(program, 0o700);
  const config = path.join(folder, "config");
  await writeFile(config, `[default]\ncredential_process = ${program} --password hunter2-hunter2\n`);
  return { environment: { AWS_CONFIG_FILE: config }, works };
}

/** Runs `steps` with a store that has no keys of its own, in a process whose environment lends those of `environment` only. */
async function onMachine(environment: Record<string, string>, endpoint: string, steps: string): Promise<unknown[]> {
  const script = `
    const { createS3Store } = await import("./jobs/lake/s3.ts");
    const store = createS3Store({ bucket: "test", region: "us-east-1", endpoint: ${JSON.stringify(endpoint)} });
    const outcomes = [];
    const put = () => store.put("a", new Uint8Array(1)).then(
      () => outcomes.push("stored"),
      ({ name, outage, message, advice }) => outcomes.push({ name, outage, message, advice }),
    );
    ${steps}
    process.stdout.write(JSON.stringify(outcomes));`;
  const nowhere = path.join(folder, "nowhere");
  const bare = { PATH: process.env.PATH ?? "", AWS_EC2_METADATA_DISABLED: "true" };
  const env = { ...bare, AWS_CONFIG_FILE: nowhere, AWS_SHARED_CREDENTIALS_FILE: nowhere, ...environment };
  const child = Bun.spawn([process.execPath, "-e", script], { env, stdout: "pipe", stderr: "inherit" });
  return JSON.parse(await new Response(child.stdout).text());
}

test("credentials that the machine cannot lend just now are an outage, which ends with it", async () => {
  const { environment, works } = await lendByProgram();
  const steps = `await put(); await Bun.write(${JSON.stringify(works)}, ""); await put();`;
  const [failed, then] = await onMachine(environment, serve(), steps);
  expect(failed).toMatchObject({ name: "RetryableError", outage: true });
  expect(failed).toMatchObject({
    message: expect.stringContaining("cannot be had just now (CredentialsProviderError"),
  });
  expect(JSON.stringify(failed)).not.toContain("hunter2");
  expect(then).toBe("stored");
  expect(tokens).toEqual(["lent-token"]);
});

test("a machine that lends none at all is told so, with the variables that help", async () => {
  const [failed] = await onMachine({}, serve(), "await put();");
  expect(failed).toMatchObject({ outage: true, advice: expect.stringContaining("set S3_ACCESS_KEY_ID") });
  expect(tokens).toHaveLength(0);
});

test("lent credentials that the server finds outdated are asked for again", async () => {
  const { environment, works } = await lendByProgram();
  await writeFile(works, "");
  const outdated = '<?xml version="1.0"?><Error><Code>ExpiredToken</Code></Error>';
  const endpoint = serve(() => (tokens.length === 1 ? new Response(outdated, { status: 400 }) : new Response()));
  const renewed = (await Bun.file(path.join(folder, "lend")).text()).replace("lent-token", "renewed-token");
  const program = JSON.stringify(path.join(folder, "lend"));
  const steps = `await put(); await Bun.write(${program}, ${JSON.stringify(renewed)}); await put(); await put();`;
  const [failed, ...then] = await onMachine(environment, endpoint, steps);
  expect(failed).toMatchObject({ name: "RetryableError", outage: true });
  expect(then).toEqual(["stored", "stored"]);
  expect(tokens).toEqual(["lent-token", "renewed-token", "renewed-token"]);
});

test("a session token goes with the keys that one is given, and whoever gave it is told when it has run out", async () => {
  const outdated = '<?xml version="1.0"?><Error><Code>ExpiredToken</Code></Error>';
  const endpoint = serve(() => (tokens.length === 1 ? new Response() : new Response(outdated, { status: 400 })));
  const keys = { accessKeyId: "a", secretAccessKey: "b", sessionToken: "given-token" };
  const store = createS3Store({ bucket: "test", endpoint, ...keys });
  await store.put("a", new Uint8Array(1));
  expect(tokens).toEqual(["given-token"]);
  const error = await store.put("a", new Uint8Array(1)).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ name: "PermanentError", advice: expect.stringContaining("S3_SESSION_TOKEN") });
  await store.close();
});
