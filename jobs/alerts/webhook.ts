import { isThisMachine } from "../network/proxy.ts";
import { createScrubber, secretsOfUrl } from "./secrets.ts";
import type { Channel, Message, SendOutcome } from "./types.ts";

const timeoutMs = 15_000;
/** Of an answer, as much as may say what was wrong. */
const answerBytes = 2000;

/** Tells a receiver of JSON: Slack's incoming webhooks and what imitates them, or a program of one's own. */
export function createWebhook(url: string, options: { userAgent: string; timeoutMs?: number }): Channel {
  const { host } = new URL(url);
  const scrub = createScrubber(secretsOfUrl(url));
  const failed = (error: string, retryAfterMs: number | null = null): SendOutcome => ({
    sent: false,
    error: scrub(error),
    retryAfterMs,
  });
  return {
    name: "webhook",
    target: host,
    async send(message, signal) {
      const timeout = AbortSignal.timeout(options.timeoutMs ?? timeoutMs);
      try {
        const response = await fetch(url, {
          method: "POST",
          headers: {
            "Content-Type": "application/json",
            "User-Agent": options.userAgent,
            "Idempotency-Key": message.id,
          },
          body: JSON.stringify(toPayload(message)),
          // The address may be a secret, and what stands at another has not been chosen by anybody here.
          redirect: "manual",
          ...(isThisMachine(new URL(url)) && { proxy: false }),
          signal: AbortSignal.any([signal, timeout]),
        });
        const said = await readStart(response);
        if (response.ok) return { sent: true, note: null };
        if (response.status >= 300 && response.status < 400) {
          return failed(
            `${host} answered ${response.status}, a redirect, which is not followed. Set the final address.`,
          );
        }
        return failed(`${host} answered ${response.status}${said ? `: ${said}` : "."}`, retryAfter(response));
      } catch (error) {
        if (signal.aborted) throw error;
        if (timeout.aborted)
          return failed(`${host} did not answer within ${(options.timeoutMs ?? timeoutMs) / 1000} s.`);
        return failed(`${host} could not be reached: ${reasonOf(error)}`);
      }
    },
  };
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  const code: unknown = Reflect.get(error, "code");
  return typeof code === "string" && code !== error.message ? `${error.message} (${code})` : error.message;
}

/** The start of the answer's body; the rest is not waited for. */
async function readStart(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (!reader) return "";
  const decoder = new TextDecoder();
  let text = "";
  try {
    while (text.length < answerBytes) {
      const { done, value } = await reader.read();
      if (done) break;
      text += decoder.decode(value, { stream: true });
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
  return text.slice(0, answerBytes);
}

/** Milliseconds that the receiver asks to wait: seconds or a date (RFC 9110, 10.2.3). */
function retryAfter(response: Response): number | null {
  const text = response.headers.get("Retry-After")?.trim() ?? "";
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const at = Date.parse(text);
  const sentAt = Date.parse(response.headers.get("Date") ?? "");
  return Number.isNaN(at) || Number.isNaN(sentAt) ? null : Math.max(0, at - sentAt);
}

/** Text as Slack's markup reads it; what came from outside must not call a channel or make a link. */
const escapeSlack = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
const icons = { opened: "🔴", recovered: "🟢", crossed: "🔔", test: "🔵" } as const;
/** Slack refuses longer headers and sections. */
const longestHeader = 150;
const longestSection = 3000;

/** What is posted: `text` and `blocks` for Slack, the other fields for programs. */
function toPayload(message: Message): Record<string, unknown> {
  const { id, event, kind, title, message: said, advice, link } = message;
  const parts = [
    escapeSlack(said),
    advice && `*What to do:* ${escapeSlack(advice)}`,
    link && `<${link}|Open in Barline>`,
  ];
  const body = parts.filter(Boolean).join("\n");
  const header = { type: "plain_text", text: `${icons[event]} ${title}`.slice(0, longestHeader), emoji: true };
  return {
    text: `${icons[event]} *${escapeSlack(title)}*\n${body}`,
    blocks: [
      { type: "header", text: header },
      { type: "section", text: { type: "mrkdwn", text: body.slice(0, longestSection) } },
    ],
    id,
    event,
    kind,
    title,
    message: said,
    advice,
    link,
    openedAt: message.openedAt?.toISOString() ?? null,
    resolvedAt: message.resolvedAt?.toISOString() ?? null,
  };
}
