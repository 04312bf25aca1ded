import type { DeliveryRow } from "../../db/queries/operations/read-alerts.ts";
import { Instant, State } from "../components.tsx";
import { formatCount } from "../format.ts";

/** What each channel is called. */
export const channelLabels: Record<string, string> = { webhook: "Webhook", email: "E-mail" };
const events: Record<string, string> = { opened: "problem", recovered: "recovery", crossed: "crossing", test: "test" };

const RetryForm = ({ delivery }: { delivery: DeliveryRow }) => (
  <form method="post" action={`/alerts/deliveries/${delivery.id}/retry`}>
    <button type="submit" class="button small">
      Send again<span class="visually-hidden"> delivery {delivery.id}</span>
    </button>
  </form>
);

/** How the sending of one message stands, in words. */
export const Standing = ({ delivery, now }: { delivery: DeliveryRow; now: Date }) => {
  const { state, attempts, error } = delivery;
  if (state === "delivered")
    return (
      <>
        <State state="success" label="Delivered" /> <Instant at={delivery.deliveredAt} />
      </>
    );
  if (state === "failed")
    return (
      <>
        <State state="failed" label="Not delivered" /> <span>after {formatCount(attempts, "attempt")}</span>
      </>
    );
  if (attempts === 0 && delivery.nextAttemptAt > now)
    return (
      <>
        <State state="waiting" label="Held back" />{" "}
        <span>
          it comes and goes; told at <Instant at={delivery.nextAttemptAt} /> if it still stands
        </span>
      </>
    );
  return (
    <>
      <State state={error === null ? "waiting" : "retry"} label={error === null ? "Waiting" : "Tried again"} />{" "}
      {error !== null && (
        <span>
          {formatCount(attempts, "attempt")}, next at <Instant at={delivery.nextAttemptAt} />
        </span>
      )}
    </>
  );
};

const Delivery = ({ delivery, now }: { delivery: DeliveryRow; now: Date }) => (
  <li>
    <p class="where">
      <b>{channelLabels[delivery.channel] ?? delivery.channel}</b>
      <span>{events[delivery.event] ?? delivery.event}</span>
      <Standing delivery={delivery} now={now} />
    </p>
    {delivery.error && <p class={delivery.state === "delivered" ? "note" : "field-error"}>{delivery.error}</p>}
    {delivery.state === "failed" && <RetryForm delivery={delivery} />}
  </li>
);

/** What was told of an alert, or is to be. */
export const Deliveries = ({ deliveries, now }: { deliveries: DeliveryRow[]; now: Date }) =>
  deliveries.length === 0 ? (
    <p class="note">Nobody was told.</p>
  ) : (
    <ul class="deliveries">
      {deliveries.map((delivery) => (
        <Delivery delivery={delivery} now={now} />
      ))}
    </ul>
  );
