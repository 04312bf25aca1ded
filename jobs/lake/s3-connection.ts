import type { S3Client, S3ClientConfig } from "@aws-sdk/client-s3";
import { type Proxies, proxyFor } from "../network/proxy.ts";
import { CancelledError, PermanentError } from "../orchestrator/errors.ts";
import { credentialsOutage, isStale, s3Error } from "./s3-errors.ts";
import { throwIfCancelled } from "./store.ts";

/**
 * Any S3-compatible server. Without `endpoint` it is Amazon's for the region; without credentials the SDK's own chain (profile,
 * process, web identity, container or instance role) finds them. `timeoutMs` bounds one operation with its tries: 60 s unless told.
 */
export type S3StoreOptions = {
  bucket: string;
  endpoint?: string;
  region?: string;
  accessKeyId?: string;
  secretAccessKey?: string;
  /** Goes with keys that a token service lent. */
  sessionToken?: string;
  /** What the server is reached through. The SDK reads no environment for that. */
  proxies?: Proxies;
  timeoutMs?: number;
};

type Sdk = typeof import("@aws-sdk/client-s3");
type Call<T> = (tools: { client: S3Client; sdk: Sdk; http: { abortSignal: AbortSignal } }) => Promise<T>;

/** One SDK client, loaded when first needed, with the deadline and the error classes that every operation shares. */
export type S3Connection = {
  /** Runs the call under the deadline and lets the SDK's own error through, for callers that treat some as an answer. */
  attempt<T>(call: Call<T>, signal?: AbortSignal): Promise<T>;
  /** The error to throw for one that `attempt` let through. */
  explain(error: unknown, action: string, signal?: AbortSignal): Error;
  /** `attempt`, with every error explained. */
  send<T>(action: string, call: Call<T>, signal?: AbortSignal): Promise<T>;
  close(): Promise<void>;
};

const MAXIMUM_ATTEMPTS = 3;
const CONNECTION_TIMEOUT_MS = 5_000;
const OPERATION_TIMEOUT_MS = 60_000;

/** Opens nothing yet: the first operation loads the SDK and connects. */
export function connectS3(options: S3StoreOptions): S3Connection {
  const { bucket, timeoutMs = OPERATION_TIMEOUT_MS } = options;
  const endpoint = describeEndpoint(options.endpoint);
  const config = clientConfig(options);
  const ownKeys = options.accessKeyId !== undefined;
  let opening: Promise<{ client: S3Client; sdk: Sdk }> | undefined;
  /** The server took the credentials for outdated: the chain is to be asked again, whatever it says of their age. */
  let areStale = false;
  const open = async () => {
    const sdk = await import("@aws-sdk/client-s3");
    return { client: new sdk.S3Client(config), sdk };
  };

  const connection: S3Connection = {
    attempt: async (call, signal) => {
      throwIfCancelled(signal);
      opening ??= open();
      const tools = await opening;
      const deadline = AbortSignal.timeout(timeoutMs);
      const abortSignal = signal === undefined ? deadline : AbortSignal.any([signal, deadline]);
      if (!ownKeys) {
        await lendCredentials(tools.client, areStale, abortSignal);
        areStale = false;
      }
      try {
        return await call({ ...tools, http: { abortSignal } });
      } catch (error) {
        areStale = !ownKeys && isStale(error);
        throw error;
      }
    },
    explain: (error, action, signal) => {
      if (signal?.aborted) return new CancelledError(`Cancelled while it was to ${action}.`);
      return s3Error(error, { action, bucket, endpoint, ownKeys });
    },
    send: async (action, call, signal) => {
      try {
        return await connection.attempt(call, signal);
      } catch (error) {
        throw connection.explain(error, action, signal);
      }
    },
    close: async () => {
      (await opening)?.client.destroy();
      opening = undefined;
    },
  };
  return connection;
}

/**
 * Has the client get its credentials before it needs them, for only here is a failure known to be theirs: later it could be the S3
 * server's. Those that are still good are kept.
 */
async function lendCredentials(client: S3Client, forceRefresh: boolean, signal: AbortSignal): Promise<void> {
  const gaveUp = Promise.withResolvers<never>();
  const giveUp = () => gaveUp.reject(signal.reason);
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    await Promise.race([client.config.credentials({ forceRefresh }), gaveUp.promise]);
  } catch (error) {
    throw credentialsOutage(error);
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}

function clientConfig({
  endpoint,
  region = "us-east-1",
  accessKeyId,
  secretAccessKey,
  sessionToken,
  proxies,
}: S3StoreOptions): S3ClientConfig {
  const config: S3ClientConfig = {
    region,
    // Self-hosted servers seldom have a DNS name per bucket.
    forcePathStyle: true,
    maxAttempts: MAXIMUM_ATTEMPTS,
    requestHandler: { connectionTimeout: CONNECTION_TIMEOUT_MS, ...(proxies && agentsFor(proxies, endpoint, region)) },
    // The SDK's default adds CRC trailers to every upload; several S3-compatible servers refuse them.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
  };
  if (endpoint !== undefined) config.endpoint = endpoint;
  if (accessKeyId !== undefined && secretAccessKey !== undefined) {
    config.credentials = { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) };
  } else if (accessKeyId !== undefined || secretAccessKey !== undefined) {
    throw new PermanentError("Only one half of the S3 credentials is set.", {
      advice: "Set both S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY, or neither to use the machine's own credentials.",
    });
  }
  return config;
}

/** Agents that ask the proxy for the server, where there is one for it; where not, those that the SDK makes. */
function agentsFor(proxies: Proxies, endpoint: string | undefined, region: string): Record<string, unknown> {
  const proxy = proxyFor(new URL(endpoint ?? `https://s3.${region}.amazonaws.com`), proxies);
  if (proxy === null) return {};
  // The token service that a web identity is shown to is another host: the exceptions are for the agents, too.
  const proxyEnv = {
    HTTP_PROXY: proxies.http ?? "",
    HTTPS_PROXY: proxies.https ?? "",
    NO_PROXY: proxies.direct.join(","),
  };
  const agent = { keepAlive: true, proxyEnv };
  return { httpAgent: agent, httpsAgent: agent };
}

/** Scheme, host and port only: an address may carry a user name and a password. */
function describeEndpoint(endpoint: string | undefined): string {
  if (endpoint === undefined) return "Amazon S3";
  if (URL.canParse(endpoint)) return new URL(endpoint).origin;
  throw new PermanentError("S3_ENDPOINT is no URL.", { advice: "Write it with its scheme, as http://127.0.0.1:9000." });
}
