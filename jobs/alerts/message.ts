import type { ClaimedDelivery } from "../../db/queries/operations/alert-deliveries.ts";
import type { AlertKind, Message } from "./types.ts";

/** What a claimed delivery says. */
export function composeMessage(delivery: ClaimedDelivery, publicUrl: string | null): Message {
  const { alert, event } = delivery;
  // With its time, as another installation that tells the same receiver counts its deliveries from 1 too.
  const id = `barline-${delivery.id}-${delivery.createdAt.getTime().toString(36)}`;
  const linkTo = (path: string) => (publicUrl === null ? null : `${publicUrl}${path}`);
  if (!alert) {
    return {
      id,
      thread: id,
      event: "test",
      kind: "test",
      title: "Test from Barline",
      message: "Somebody asked for this test. Alerts reach you here.",
      advice: null,
      link: linkTo("/alerts"),
      openedAt: null,
      resolvedAt: null,
    };
  }
  const isOver = event === "recovered";
  const lastedMs = (alert.resolvedAt?.getTime() ?? 0) - alert.openedAt.getTime();
  return {
    id,
    thread: `barline-alert-${alert.id}-${alert.openedAt.getTime().toString(36)}`,
    event,
    kind: alert.kind as AlertKind,
    title: isOver ? `Recovered: ${alert.title}` : alert.title,
    message: isOver ? `It is over after ${tellDuration(lastedMs)}. It was: ${alert.message}` : alert.message,
    advice: isOver ? null : alert.advice,
    link: linkTo(alert.path),
    openedAt: alert.openedAt,
    // One that was late, and sent after its problem was over, says so. A crossing has no end to tell of.
    resolvedAt: event === "crossed" ? null : alert.resolvedAt,
  };
}

/** Milliseconds in words, coarsely. */
function tellDuration(ms: number): string {
  const minutes = Math.max(1, Math.round(ms / 60_000));
  const tell = (count: number, unit: string) => `${count} ${unit}${count === 1 ? "" : "s"}`;
  if (minutes < 120) return tell(minutes, "minute");
  return minutes < 48 * 60 ? tell(Math.round(minutes / 60), "hour") : tell(Math.round(minutes / 1440), "day");
}
