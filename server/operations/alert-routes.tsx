import { type Context, Hono } from "hono";
import {
  type AlertRow,
  selectAlerts,
  selectDeliveries,
  selectLastTests,
} from "../../db/queries/operations/read-alerts.ts";
import { channelNames } from "../../jobs/alerts/types.ts";
import { RequestError } from "../../jobs/orchestrator/types.ts";
import { AlertsLive, type AlertsView, type AlertView, alertsPage } from "../../views/operations/alerts.tsx";
import type { AppContext } from "../context.ts";
import { actorOf, fieldOf, idOf, numberIn, statusOf, wantsFragment } from "../http/request.ts";
import { readShell } from "../http/shell.ts";
import { readDataAlerts } from "../market/data-alert-read.ts";

const pageSize = 25;
/** More open problems than anybody reads; each data test may be one. */
const mostOpen = 200;

type Query = { before: number | null; refusal: string | null; deleted: number | null };

/** Everything that the page shows. */
async function readAlerts(context: AppContext, { before, refusal, deleted }: Query): Promise<AlertsView> {
  const { read, config } = context;
  const [open, resolved, tests, data] = await Promise.all([
    selectAlerts(read, { state: "open", before: null, withData: false }, mostOpen),
    selectAlerts(read, { state: "resolved", before, withData: false }, pageSize + 1),
    selectLastTests(read),
    readDataAlerts(context, deleted),
  ]);
  const history = resolved.slice(0, pageSize);
  const deliveries = Map.groupBy(
    await selectDeliveries(
      read,
      [...open, ...history].map(({ id }) => id),
    ),
    ({ alertId }) => alertId,
  );
  const withDeliveries = (row: AlertRow): AlertView => ({ ...row, deliveries: deliveries.get(row.id) ?? [] });
  return {
    now: context.now(),
    open: open.map(withDeliveries),
    data,
    history: history.map(withDeliveries),
    channels: context.alerts.channels.map(({ name, target }) => ({
      name,
      target,
      lastTest: tests.find(({ channel }) => channel === name) ?? null,
    })),
    older: resolved.length > pageSize ? (history.at(-1)?.id ?? null) : null,
    isFirstPage: before === null,
    staleAfterHours: config.alerts.staleAfterHours,
    hasPublicUrl: config.alerts.publicUrl !== null,
    refusal,
    url: addressOf({ before, deleted }),
  };
}

function addressOf({ before, deleted }: Omit<Query, "refusal">): string {
  const entries = Object.entries({ before, deleted }).flatMap(([name, value]) =>
    value === null ? [] : [[name, String(value)]],
  );
  return entries.length === 0 ? "/alerts" : `/alerts?${new URLSearchParams(entries)}`;
}

async function show(context: AppContext, c: Context): Promise<Response> {
  const asked = { before: numberIn(c, "before"), deleted: numberIn(c, "deleted") };
  const view = await readAlerts(context, { ...asked, refusal: null });
  if (wantsFragment(c, "alerts-live")) return c.html(<AlertsLive view={view} />);
  return c.html(alertsPage({ shell: await readShell(context, c), view }));
}

/** Does what a form asks and shows the page; where that cannot be done, the page says why. */
async function act(context: AppContext, c: Context, anchor: string, action: () => Promise<unknown>): Promise<Response> {
  try {
    await action();
    return c.redirect(`/alerts#${anchor}`, 303);
  } catch (error) {
    if (!(error instanceof RequestError) || error.code === "not_found") throw error;
    const view = await readAlerts(context, { before: null, deleted: null, refusal: error.message });
    return c.html(alertsPage({ shell: await readShell(context, c, "/alerts"), view }), statusOf(error));
  }
}

async function sendTest(context: AppContext, c: Context): Promise<void> {
  const name = fieldOf(await c.req.parseBody(), "channel");
  const channel = channelNames.find((known) => known === name);
  if (!channel) throw new RequestError("invalid", `A test goes to ${channelNames.join(" or ")}.`, "channel");
  await context.alerts.test(channel, actorOf(c));
}

/** `/alerts`: what needs somebody, who is told, and tests and retries of that. */
export function createAlertRoutes(context: AppContext): Hono {
  const routes = new Hono();
  routes.get("/alerts", (c) => show(context, c));
  routes.post("/alerts/test", (c) => act(context, c, "channels", () => sendTest(context, c)));
  routes.post("/alerts/deliveries/:id/retry", (c) =>
    act(context, c, "open", () => context.alerts.retry(idOf(c, "delivery"), actorOf(c))),
  );
  return routes;
}
