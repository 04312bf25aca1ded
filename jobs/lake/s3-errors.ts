import { CancelledError, PermanentError, RetryableError } from "../orchestrator/errors.ts";

/**
 * Where an error happened, in words that may be shown: what was tried, on which bucket, at which server. `ownKeys`: with the keys that
 * Barline was given, rather than those that the machine lends.
 */
export type S3Context = { action: string; bucket: string; endpoint: string; ownKeys: boolean };

const CREDENTIAL_FAULTS = new Set([
  "InvalidAccessKeyId",
  "SignatureDoesNotMatch",
  "InvalidToken",
  "ExpiredToken",
  "CredentialsProviderError",
  "InvalidClientTokenId",
  "Unauthorized",
]);
/** Of those, what passes with fresh credentials where somebody makes them. */
const STALE_CREDENTIALS = new Set(["ExpiredToken", "InvalidToken", "ExpiredTokenException", "TokenRefreshRequired"]);
const THROTTLING = new Set([
  "SlowDown",
  "Throttling",
  "ThrottlingException",
  "TooManyRequestsException",
  "RequestLimitExceeded",
  // 400 for a body that came too slowly.
  "RequestTimeout",
]);
/** 409 while another process creates or deletes the same bucket. */
const PASSING = new Set(["OperationAborted", "ConditionalRequestConflict"]);

type S3Fault = { name: string; status: number | undefined; code: string | undefined };

/** The name, HTTP status and system code of an SDK error, read without trusting its class. */
export function s3Fault(error: unknown): S3Fault {
  if (typeof error !== "object" || error === null) return { name: "Error", status: undefined, code: undefined };
  const metadata: unknown = "$metadata" in error ? error.$metadata : undefined;
  const status =
    typeof metadata === "object" && metadata !== null && "httpStatusCode" in metadata
      ? metadata.httpStatusCode
      : undefined;
  const name =
    "Code" in error && typeof error.Code === "string" ? error.Code : "name" in error ? error.name : undefined;
  return {
    name: typeof name === "string" ? name : "Error",
    status: typeof status === "number" ? status : undefined,
    code: "code" in error && typeof error.code === "string" ? error.code : undefined,
  };
}

/** The bucket itself is gone, as opposed to an object in it. */
export function isBucketMissing(error: unknown): boolean {
  return s3Fault(error).name === "NoSuchBucket";
}

/** The server takes the credentials for outdated. */
export function isStale(error: unknown): boolean {
  return STALE_CREDENTIALS.has(s3Fault(error).name);
}

/** The error of a provider of credentials that has none just now. Only names, codes and statuses are quoted: it may run any program. */
export function credentialsOutage(error: unknown): RetryableError {
  const { name, code, status } = s3Fault(error);
  const said = [name, code, status].filter((part) => part !== undefined).join(" ");
  return new RetryableError(`The machine's own credentials for S3 cannot be had just now (${said}).`, {
    advice:
      "See to what lends them (profile, credential_process, web identity, container or instance role); the work goes on when it does. " +
      "To need none of these, set S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY.",
    outage: true,
  });
}

/**
 * Turns an SDK error into one of the roots. Only names, codes and statuses are quoted, and no cause is kept: an SDK error
 * carries the signed request, and a server's text may echo what it was sent.
 */
export function s3Error(error: unknown, context: S3Context): Error {
  if (error instanceof RetryableError || error instanceof PermanentError || error instanceof CancelledError)
    return error;
  const fault = s3Fault(error);
  const { name, status } = fault;
  const said = [name, fault.code, status].filter((part) => part !== undefined).join(" ");
  const message = `The S3 server at ${context.endpoint} could not ${context.action} (${said}).`;
  if (name === "NoSuchBucket") {
    return new RetryableError(
      `The bucket ${context.bucket} has vanished from ${context.endpoint}: could not ${context.action}.`,
      {
        advice:
          "The next write creates it again. If it was renamed, set S3_BUCKET; runs whose objects are lost need a backfill.",
        outage: true,
      },
    );
  }
  if (!context.ownKeys && isStale(error)) {
    return new RetryableError(`${message} The credentials that the machine lends have run out.`, {
      advice: "Fresh ones are asked for; the work goes on with them.",
      outage: true,
    });
  }
  if (CREDENTIAL_FAULTS.has(name) || isStale(error) || status === 401) return refusedCredentials(message, context);
  if (name === "RequestTimeTooSkewed") {
    return new PermanentError(`${message} The clocks differ.`, {
      advice: "Set this machine's clock, or the server's.",
    });
  }
  if (PASSING.has(name))
    return new RetryableError(message, { advice: "Somebody else changes the same bucket just now." });
  if (THROTTLING.has(name) || (status !== undefined && (status >= 500 || status === 429 || status === 408))) {
    return new RetryableError(message, {
      advice: "The server is busy or failing; the work goes on when it is well.",
      outage: true,
    });
  }
  if (status !== undefined && status >= 300) return refusal(message, status, context);
  return new RetryableError(message, {
    advice: `Is the server running, and is ${context.endpoint} (S3_ENDPOINT) its address? The work goes on when it answers.`,
    outage: true,
  });
}

function refusedCredentials(message: string, { ownKeys }: S3Context): PermanentError {
  return new PermanentError(`${message} It refuses the credentials.`, {
    advice: ownKeys
      ? "Check S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY (S3_SESSION_TOKEN runs out), and that they belong to the server in S3_ENDPOINT."
      : "They are the machine's own: check its profile or role, and that it belongs to the server in S3_ENDPOINT.",
  });
}

function refusal(message: string, status: number, { bucket, ownKeys }: S3Context): PermanentError {
  if (status < 400)
    return new PermanentError(message, { advice: `${bucket} lives elsewhere: check S3_REGION and S3_ENDPOINT.` });
  if (status === 403) {
    return new PermanentError(message, {
      advice:
        `Let ${ownKeys ? "S3_ACCESS_KEY_ID" : "the machine's role"} get, put and delete the objects of ${bucket} (S3_BUCKET), and create it where it ` +
        `does not exist${ownKeys ? "; check S3_SECRET_ACCESS_KEY" : ""}. Where it may not list them, a missing object is refused too.`,
    });
  }
  return new PermanentError(message, { advice: "Check S3_BUCKET, S3_REGION and S3_ENDPOINT." });
}
