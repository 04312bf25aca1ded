import ipaddr from "ipaddr.js";
import { createTransport, type SMTPTransportOptions } from "nodemailer";
import { createScrubber, secretsOfUrl } from "./secrets.ts";
import type { AlertSettings, Channel, Message, SendOutcome } from "./types.ts";

const timeoutMs = 30_000;
const partTimeoutMs = 10_000;
const submissionPort = 587;
const secureSubmissionPort = 465;

type EmailSettings = NonNullable<AlertSettings["email"]>;

/** Tells people by e-mail: one message to all of them. */
export function createEmail(settings: EmailSettings, options: { timeoutMs?: number } = {}): Channel {
  const { to, from } = settings;
  const connection = connectionOf(settings.smtpUrl);
  const server = `${connection.host}:${connection.port}`;
  const scrub = createScrubber(secretsOfUrl(settings.smtpUrl));
  const limitMs = options.timeoutMs ?? timeoutMs;
  return {
    name: "email",
    target: to.join(", "),
    async send(message, signal) {
      const transport = createTransport(connection);
      const stopped = AbortSignal.any([signal, AbortSignal.timeout(limitMs)]);
      try {
        const info = await abortable(transport.sendMail({ from, to, ...toMail(message, from) }), stopped);
        const refused = info.rejected.map(String);
        return { sent: true, note: refused.length > 0 ? scrub(`${server} refused ${refused.join(", ")}.`) : null };
      } catch (error) {
        if (signal.aborted) throw error;
        const late: SendOutcome = {
          sent: false,
          error: `${server} did not answer within ${limitMs / 1000} s.`,
          retryAfterMs: null,
        };
        if (stopped.aborted) return late;
        const reason = error instanceof Error ? error.message : "unknown";
        return { sent: false, error: scrub(`${server} did not take the message: ${reason}`), retryAfterMs: null };
      } finally {
        transport.close();
      }
    },
  };
}

/** Waits for `work`, or for the signal. */
async function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    signal.throwIfAborted();
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/**
 * The server of an `smtp:` or `smtps:` URL. Certificates are verified, and a password travels only over TLS: where the
 * server of an `smtp:` URL offers none, the message is not sent. The machine itself needs none.
 */
export function connectionOf(smtpUrl: string): SMTPTransportOptions {
  const url = new URL(smtpUrl);
  const secure = url.protocol === "smtps:";
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const isThisMachine = host === "localhost" || (ipaddr.isValid(host) && ipaddr.parse(host).range() === "loopback");
  const user = decodeURIComponent(url.username);
  return {
    host,
    port: Number(url.port) || (secure ? secureSubmissionPort : submissionPort),
    secure,
    requireTLS: !secure && user !== "" && !isThisMachine,
    ...(user !== "" && { auth: { user, pass: decodeURIComponent(url.password) } }),
    connectionTimeout: partTimeoutMs,
    greetingTimeout: partTimeoutMs,
    socketTimeout: partTimeoutMs,
  };
}

/** The domain of a `name@domain` or `Name <name@domain>`. */
const domainOf = (from: string) => /@([^>\s]+)/.exec(from)?.[1] ?? "barline";

/** What is mailed. The Message-ID is the delivery's own: many servers drop a second message of one id. */
function toMail(message: Message, from: string) {
  const { title, message: said, advice, link, event, openedAt, resolvedAt } = message;
  const isLate = event === "opened" && resolvedAt !== null;
  const paragraphs = [
    said,
    advice && `What to do: ${advice}`,
    openedAt &&
      event !== "crossed" &&
      `Since ${openedAt.toISOString().slice(0, 16).replace("T", " ")} UTC${isLate ? "; it is over since" : ""}`,
    link,
    `--\nBarline, ${message.id}`,
  ];
  const domain = domainOf(from);
  return {
    subject: `[Barline] ${title}`,
    text: paragraphs.filter(Boolean).join("\n\n"),
    messageId: `<${message.id}@${domain}>`,
    // Mail programs show the messages of one alert together.
    ...(event !== "test" && { references: `<${message.thread}@${domain}>` }),
    headers: { "X-Barline-Delivery": message.id, "Auto-Submitted": "auto-generated" },
  };
}
