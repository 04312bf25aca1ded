import type { Service } from "../daily.ts";
import type { Actor } from "../orchestrator/types.ts";

/**
 * Words. A *problem* is something that needs a person, as computed from the database. An *alert* is a problem with the
 * times between which it stood; it *opens* and *recovers*. A *delivery* is one message about that to one *channel*.
 * An alert *on data* is what people ask to be told of prices and figures; a *crossing* is what it tells, and is over as it is told.
 */

export const channelNames = ["webhook", "email"] as const;
export type ChannelName = (typeof channelNames)[number];

export const alertKinds = [
  "run_failed",
  "test_failed",
  "quarantined",
  "stale_data",
  "drift",
  "split_set_aside",
  "workspace_failed",
  "data",
] as const;
export type AlertKind = (typeof alertKinds)[number];

/** Where alerts go, and when data counts as stale. Null: the channel is not configured. */
export type AlertSettings = {
  webhookUrl: string | null;
  email: { to: string[]; from: string; smtpUrl: string } | null;
  /** What links in messages begin with; null: messages have none. */
  publicUrl: string | null;
  /** After a session has settled, the hours in which it should be published. */
  staleAfterHours: number;
};

/** A problem that stands now. `key` is what it is about. */
export type Problem = {
  key: string;
  kind: AlertKind;
  title: string;
  message: string;
  advice: string | null;
  /** Path of the page that shows it. */
  path: string;
};

/** What is told to a channel. `id` stays the same when a message is sent again: by it a receiver tells a repetition. */
export type Message = {
  id: string;
  /** The same in all messages of one alert. */
  thread: string;
  event: "opened" | "recovered" | "crossed" | "test";
  kind: AlertKind | "test";
  title: string;
  message: string;
  advice: string | null;
  link: string | null;
  openedAt: Date | null;
  resolvedAt: Date | null;
};

/** How sending went. Errors are for people, and hold no secret. */
export type SendOutcome =
  | { sent: true; note: string | null }
  | { sent: false; error: string; retryAfterMs: number | null };

/** A way to tell somebody. */
export type Channel = {
  name: ChannelName;
  /** Where it leads, without secrets: the host of a webhook, the addresses of e-mail. */
  target: string;
  /** Never throws, but when `signal` aborts. */
  send(message: Message, signal: AbortSignal): Promise<SendOutcome>;
};

type ChannelInfo = { name: ChannelName; target: string };

/** What the server may ask of the alerts. */
export type AlertDesk = {
  channels: ChannelInfo[];
  /** Sends a test at once. Answers the delivery's id; its row says how it went. Throws a RequestError (`channel`). */
  test(channel: ChannelName, by: Actor): Promise<number>;
  /** Queues a failed delivery again. Throws a RequestError. */
  retry(deliveryId: number, by: Actor): Promise<void>;
};

/** The part of Barline that notices problems and tells of them. What a stop ends unsent is sent by whoever runs next. */
export type Alerts = AlertDesk & Service;
