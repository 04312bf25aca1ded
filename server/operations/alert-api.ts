import { z } from "zod";
import {
  type AlertRow,
  type DeliveryRow,
  selectAlerts,
  selectDeliveries,
  selectDelivery,
} from "../../db/queries/operations/read-alerts.ts";
import { alertKinds, channelNames } from "../../jobs/alerts/types.ts";
import { HttpError } from "../http/errors.ts";
import { type ApiContext, answer, defineOperation, type Operation } from "../http/operation.ts";
import { id, idInUrl, limitInUrl, oneOf } from "../http/schemas.ts";

const instant = z.iso.datetime();

const deliveryAnswer = z
  .strictObject({
    id,
    event: z.enum(["opened", "recovered", "crossed", "test"]),
    channel: z.enum(channelNames),
    state: z.enum(["waiting", "delivered", "failed"]),
    attempts: z.int().min(0),
    nextAttemptAt: instant.nullable().meta({ description: "While it waits: not before then." }),
    error: z.string().nullable().meta({ description: "What the last attempt met." }),
    createdAt: instant,
    deliveredAt: instant.nullable(),
  })
  .meta({ id: "AlertDelivery" });

const alertAnswer = z
  .strictObject({
    id,
    key: z.string().meta({ description: "What it is about: one alert of a key is open at a time." }),
    kind: z.enum(alertKinds),
    state: z.enum(["open", "resolved"]),
    title: z.string(),
    message: z.string(),
    advice: z.string().nullable(),
    path: z.string().meta({ description: "The page that shows it." }),
    openedAt: instant,
    resolvedAt: instant.nullable(),
    deliveries: z.array(deliveryAnswer),
  })
  .meta({ id: "Alert" });

const theDelivery = { 200: { description: "The delivery.", schema: deliveryAnswer } };

export const alertOperations: Operation[] = [
  defineOperation({
    method: "get",
    path: "/api/alerts",
    summary: "Alerts, the newest first, with who was told",
    description: "What alerts on data told is of the kind `data`, and resolved as it is told.",
    request: {
      query: z.strictObject({
        state: oneOf(["open", "resolved"]).optional(),
        before: idInUrl
          .optional()
          .meta({ description: "Only alerts with a smaller id: the last id of the page before." }),
        limit: limitInUrl,
      }),
    },
    answers: { 200: { description: "The alerts.", schema: z.array(alertAnswer) } },
    handle: async ({ query: { state, before, limit } }, { read }) => {
      const alerts = await selectAlerts(read, { state: state ?? null, before: before ?? null, withData: true }, limit);
      const deliveries = await selectDeliveries(
        read,
        alerts.map((alert) => alert.id),
      );
      const deliveriesOf = Map.groupBy(deliveries, ({ alertId }) => alertId);
      return answer(
        200,
        alerts.map((alert) => toAlert(alert, deliveriesOf.get(alert.id) ?? [])),
      );
    },
  }),
  defineOperation({
    method: "post",
    path: "/api/alerts/test",
    summary: "Send a test to a channel, now",
    description: "Answers when it is delivered, or has failed: `state` and `error` say which.",
    request: { body: z.strictObject({ channel: oneOf(channelNames) }) },
    answers: theDelivery,
    handle: async ({ body }, context) => {
      const delivery = await context.alerts.test(body.channel, context.by);
      return answer(200, await readDelivery(context, delivery));
    },
  }),
  defineOperation({
    method: "post",
    path: "/api/alerts/deliveries/{id}/retry",
    summary: "Send a failed delivery again",
    request: { path: z.strictObject({ id: idInUrl }) },
    answers: theDelivery,
    handle: async ({ path }, context) => {
      await context.alerts.retry(path.id, context.by);
      return answer(200, await readDelivery(context, path.id));
    },
  }),
];

async function readDelivery({ read }: ApiContext, deliveryId: number): Promise<z.input<typeof deliveryAnswer>> {
  const row = await selectDelivery(read, deliveryId);
  if (!row) throw new HttpError(404, "not_found", `There is no delivery ${deliveryId}.`, { field: "id" });
  return toDelivery(row);
}

function toAlert(row: AlertRow, deliveries: DeliveryRow[]): z.input<typeof alertAnswer> {
  const { resolvedAt, openedAt, kind, ...told } = row;
  return {
    ...told,
    kind: kind as z.input<typeof alertAnswer>["kind"],
    state: resolvedAt === null ? "open" : "resolved",
    openedAt: openedAt.toISOString(),
    resolvedAt: resolvedAt?.toISOString() ?? null,
    deliveries: deliveries.map(toDelivery),
  };
}

function toDelivery(row: DeliveryRow): z.input<typeof deliveryAnswer> {
  type Delivery = z.input<typeof deliveryAnswer>;
  return {
    id: row.id,
    event: row.event as Delivery["event"],
    channel: row.channel as Delivery["channel"],
    state: row.state as Delivery["state"],
    attempts: row.attempts,
    nextAttemptAt: row.state === "waiting" ? row.nextAttemptAt.toISOString() : null,
    error: row.error,
    createdAt: row.createdAt.toISOString(),
    deliveredAt: row.deliveredAt?.toISOString() ?? null,
  };
}
