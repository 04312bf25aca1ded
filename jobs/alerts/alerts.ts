import type { Logger } from "pino";
import type { Sql } from "../../db/client.ts";
import { isTransientDatabaseError } from "../../db/errors.ts";
import { insertAction } from "../../db/queries/operations/actions.ts";
import { insertTest, retryDelivery, selectDeliveryState } from "../../db/queries/operations/alert-deliveries.ts";
import { notifyWake, wakeChannel } from "../../db/queries/pipeline/wake.ts";
import { type Loop, startLoop } from "../orchestrator/loop.ts";
import { type JobDefinition, RequestError } from "../orchestrator/types.ts";
import { checkData, type ReadData } from "./data-check.ts";
import { createDispatcher, type Dispatcher, leaseMs } from "./dispatcher.ts";
import { createEmail } from "./email.ts";
import { evaluate } from "./evaluate.ts";
import type { AlertDesk, AlertSettings, Alerts, Channel } from "./types.ts";
import { createWebhook } from "./webhook.ts";

export type AlertOptions = {
  /** Short transactions only. */
  sql: Sql;
  settings: AlertSettings;
  jobs: readonly Pick<JobDefinition, "id" | "title">[];
  startDate: string;
  catchup: "all" | "latest" | "none";
  /** Reads the published tables for alerts on data; where it is left out, none is checked. */
  readData?: ReadData;
  /** Of Barline; receivers see it. */
  version: string;
  log: Logger;
  now(): Date;
  random(): number;
};

/** What no wake announces (time that passes, a process that died) is found after so long. */
const longestMs = 60_000;
/** Hundreds of tasks a second wake during a catch-up: problems are looked for once in this time. */
const debounceMs = 2000;

/**
 * Makes the part that notices problems and tells of them. It does nothing until started; tests and retries work before.
 * Every process runs one: the database decides who opens an alert and who sends a message.
 */
export function createAlerts(options: AlertOptions): Alerts {
  const { sql, settings, log, now } = options;
  const channels: Channel[] = [
    ...(settings.webhookUrl === null
      ? []
      : [createWebhook(settings.webhookUrl, { userAgent: `Barline/${options.version}` })]),
    ...(settings.email === null ? [] : [createEmail(settings.email)]),
  ];
  const dispatcher = createDispatcher({ ...options, channels, publicUrl: settings.publicUrl });
  const stopping = new AbortController();
  const closers: (() => unknown)[] = [];
  let sending: Loop | undefined;

  const look = async () => {
    const found = await evaluate({
      ...options,
      titles: new Map(options.jobs.map(({ id, title }) => [id, title])),
      channels: channels.map(({ name }) => name),
      staleAfterHours: settings.staleAfterHours,
    });
    for (const { key, message } of found.opened) log.warn({ alert: key, reason: message }, "a problem needs somebody");
    for (const { key } of found.recovered) log.info({ alert: key }, "a problem is over");
    if (found.opened.length + found.recovered.length > 0) sending?.wake();
    return found.busy ? debounceMs : longestMs;
  };

  const check = async () => {
    if (!options.readData) return Number.POSITIVE_INFINITY;
    const { told } = await checkData({ sql, read: options.readData, channels: channels.map(({ name }) => name), now });
    for (const alert of told) log.info({ alert }, "an alert on data has something to tell");
    if (told.length > 0) sending?.wake();
    return longestMs;
  };

  const queued = () => wakeSending(sql, sending);
  return {
    ...createDesk({ sql, channels, dispatcher, now, signal: stopping.signal, queued }),
    async start() {
      const looking = startLoop({ turn: () => guarded(log, look), longestMs });
      const checking = startLoop({ turn: () => guarded(log, check), longestMs });
      sending = startLoop({ turn: () => guarded(log, () => dispatcher.sendDue(stopping.signal)), longestMs });
      closers.push(
        () => looking.stop(),
        () => checking.stop(),
        () => sending?.stop(),
      );
      const debounced = createDebounce(debounceMs, () => {
        looking.wake();
        checking.wake();
      });
      const listening = await sql.listen(wakeChannel, (what) => {
        if (what === "delivery") sending?.wake();
        debounced.ask();
      });
      closers.push(
        () => debounced.clear(),
        () => listening.unlisten(),
      );
      looking.wake();
      checking.wake();
      sending.wake();
    },
    async stop() {
      stopping.abort();
      for (const close of closers.splice(0).reverse()) await close();
    },
  };
}

/** Wakes the loop that sends; where this process has none, that of another. */
function wakeSending(sql: Sql, sending: Loop | undefined): void {
  if (sending) sending.wake();
  else notifyWake(sql, "delivery").catch(() => {});
}

/** A loop's turn, whose errors are logged; a database that is away is the orchestrator's to report. */
async function guarded(log: Logger, turn: () => Promise<number>): Promise<number> {
  try {
    return await turn();
  } catch (error) {
    const isStopped = error instanceof Error && error.name === "AbortError";
    if (!isStopped && !isTransientDatabaseError(error)) log.error({ error }, "the alerts raised an error");
    return debounceMs;
  }
}

/** Calls `act` once after any number of asks, `ms` after the first of them. */
function createDebounce(ms: number, act: () => void) {
  let timer: Timer | undefined;
  return {
    ask() {
      timer ??= setTimeout(() => {
        timer = undefined;
        act();
      }, ms);
    },
    clear: () => clearTimeout(timer),
  };
}

type DeskOptions = {
  sql: Sql;
  channels: Channel[];
  dispatcher: Dispatcher;
  now(): Date;
  signal: AbortSignal;
  /** Something waits to be sent. */
  queued(): void;
};

function createDesk({ sql, channels, dispatcher, now, signal, queued }: DeskOptions): AlertDesk {
  const requireChannel = (name: string) => {
    if (channels.some((channel) => channel.name === name)) return;
    const variables = name === "email" ? "SMTP_URL, ALERT_EMAIL_FROM and ALERT_EMAIL_TO" : "ALERT_WEBHOOK_URL";
    throw new RequestError("conflict", `The channel ${name} is not configured: set ${variables}.`, "channel");
  };
  return {
    channels: channels.map(({ name, target }) => ({ name, target })),
    async test(channel, by) {
      requireChannel(channel);
      const leasedUntil = new Date(now().getTime() + leaseMs);
      const delivery = await sql.begin(async (transaction) => {
        const written = await insertTest(transaction, { channel, leasedUntil, now: now() });
        const details = { channel, deliveryId: written.id };
        await insertAction(transaction, { actor: by.name, via: by.via, kind: "alert.test", details });
        return written;
      });
      await dispatcher.send(delivery, signal);
      return delivery.id;
    },
    async retry(deliveryId, by) {
      await sql.begin(async (transaction) => {
        const channel = await retryDelivery(transaction, deliveryId, now());
        if (channel === undefined) throw await refusal(transaction, deliveryId);
        requireChannel(channel);
        const details = { channel, deliveryId };
        await insertAction(transaction, { actor: by.name, via: by.via, kind: "alert.retry", details });
      });
      queued();
    },
  };
}

async function refusal(sql: Parameters<typeof selectDeliveryState>[0], id: number): Promise<RequestError> {
  const state = await selectDeliveryState(sql, id);
  if (state === undefined) return new RequestError("not_found", `There is no delivery ${id}.`, "id");
  return new RequestError("conflict", `Delivery ${id} is ${state}; only a failed one is sent again.`, "id");
}
