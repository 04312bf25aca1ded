import type { Logger } from "pino";
import type { Sql } from "../../db/client.ts";
import {
  type ClaimedDelivery,
  claimDelivery,
  failUnconfigured,
  selectNextDelivery,
  settleDelivery,
} from "../../db/queries/operations/alert-deliveries.ts";
import { nextDelayMs } from "./backoff.ts";
import { composeMessage } from "./message.ts";
import type { Channel, SendOutcome } from "./types.ts";

export type DispatcherOptions = {
  sql: Sql;
  channels: Channel[];
  publicUrl: string | null;
  log: Logger;
  now(): Date;
  random(): number;
};

/** Sends what waits in the outbox. */
export type Dispatcher = {
  /** Sends all that is due, each channel for itself. Answers for how many milliseconds nothing will be. */
  sendDue(signal: AbortSignal): Promise<number>;
  /** Sends one claimed message and keeps how it went. */
  send(delivery: ClaimedDelivery, signal: AbortSignal): Promise<void>;
};

/**
 * How long a claim lasts: longer than any channel takes to send or give up. Where a process dies meanwhile, another sends
 * the message then; a receiver that had got it sees it twice, with one id.
 */
export const leaseMs = 120_000;
/** A channel that this long nobody has configured is not coming back. */
const abandonedMs = 24 * 3_600_000;

/** Makes a dispatcher. Any number may run on one database: a claim gives each message to one of them. */
export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { sql, channels, now } = options;
  const names = channels.map(({ name }) => name);

  const send = async (delivery: ClaimedDelivery, signal: AbortSignal) => {
    const channel = channels.find(({ name }) => name === delivery.channel);
    if (!channel) return;
    const outcome = await channel.send(composeMessage(delivery, options.publicUrl), signal);
    await settle(options, delivery, outcome);
  };

  const drain = async (channel: Channel, signal: AbortSignal) => {
    while (!signal.aborted) {
      const at = now();
      const claim = { channel: channel.name, now: at, leasedUntil: new Date(at.getTime() + leaseMs) };
      const delivery = await claimDelivery(sql, claim);
      if (!delivery) return;
      await send(delivery, signal);
    }
  };

  return {
    send,
    async sendDue(signal) {
      await failUnconfigured(sql, names, new Date(now().getTime() - abandonedMs));
      await Promise.all(channels.map((channel) => drain(channel, signal)));
      return (await selectNextDelivery(sql, names, now())) ?? Number.POSITIVE_INFINITY;
    },
  };
}

/** Keeps how an attempt went: delivered, to be tried again, or given up. A test is tried once: somebody looks at it. */
async function settle(options: DispatcherOptions, delivery: ClaimedDelivery, outcome: SendOutcome): Promise<void> {
  const { sql, log } = options;
  const { id, event, channel, attempts } = delivery;
  const now = options.now();
  if (outcome.sent) {
    log.info({ delivery: id, event, channel, attempts }, "an alert was delivered");
    await settleDelivery(sql, delivery, { state: "delivered", error: outcome.note, nextAttemptAt: now, now });
    return;
  }
  const delayMs = event === "test" ? null : nextDelayMs(attempts, outcome.retryAfterMs, options.random);
  const reason = outcome.error;
  if (delayMs === null)
    log.error({ delivery: id, event, channel, attempts, reason }, "an alert could not be delivered");
  else log.warn({ delivery: id, event, channel, attempts, reason, retryMs: delayMs }, "an alert is sent again later");
  await settleDelivery(sql, delivery, {
    state: delayMs === null ? "failed" : "waiting",
    error: reason,
    nextAttemptAt: new Date(now.getTime() + (delayMs ?? 0)),
    now,
  });
}
