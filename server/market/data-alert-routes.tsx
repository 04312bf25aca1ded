import { type Context, Hono } from "hono";
import type { DataAlertOperator } from "../../db/queries/market/data-alerts.ts";
import { selectSavedScreen, selectSavedScreens } from "../../db/queries/market/saved-screens.ts";
import { RequestError } from "../../jobs/orchestrator/types.ts";
import { dataAlertPage, newDataAlertPage } from "../../views/market/data-alert.tsx";
import type { DataAlertDraft } from "../../views/market/data-alert-types.ts";
import type { AppContext } from "../context.ts";
import { beginningOf } from "../http/names.ts";
import { actorOf, fieldErrors, fieldOf, idOf, numberIn, statusOf } from "../http/request.ts";
import { readShell } from "../http/shell.ts";
import { readAlertForm, readDataAlert } from "./data-alert-read.ts";
import { operatorWords } from "./data-alert-words.ts";
import { conditionsOf } from "./saved-screen-read.ts";
import { isColumnName, labelOf } from "./screener-request.ts";

const fields = ["name", "ticker", "column", "operator", "value", "screen"];
const empty: DataAlertDraft = {
  ...{ kind: "ticker", name: "", ticker: "", column: "close_price", operator: "above", value: "" },
  ...{ screen: "", query: "", tellLeaving: false, tellAtOnce: false },
};

const isOperator = (text: string): text is DataAlertOperator => text in operatorWords;

async function showNew(context: AppContext, c: Context): Promise<Response> {
  const [ticker = "", screen = "", query] = ["ticker", "screen", "query"].map((name) =>
    c.req.query(name)?.slice(0, 2000),
  );
  const kept = new URLSearchParams(query).toString();
  const saved =
    query === undefined ? undefined : (await selectSavedScreens(context.read)).find((one) => one.query === kept);
  const chosen = saved ? { screen: String(saved.id), query: "" } : { screen, query: query ?? "" };
  const draft = { ...empty, ticker, ...chosen };
  const only = ticker !== "" ? "ticker" : screen !== "" || query !== undefined ? "screen" : null;
  const [shell, form] = await Promise.all([readShell(context, c), readAlertForm(context, draft)]);
  return c.html(newDataAlertPage({ shell, form, only }));
}

async function readDraft(c: Context): Promise<DataAlertDraft> {
  const form = await c.req.parseBody();
  const of = (name: string) => fieldOf(form, name);
  return {
    kind: of("kind") === "screen" ? "screen" : "ticker",
    ...{ name: of("name"), ticker: of("ticker"), column: of("column"), operator: of("operator"), value: of("value") },
    ...{ screen: of("screen"), query: of("query") },
    ...{ tellLeaving: of("tellLeaving") === "true", tellAtOnce: of("tellAtOnce") === "true" },
  };
}

const conditionIn = ({ column, operator, value }: DataAlertDraft) => {
  if (!isOperator(operator)) throw new RequestError("invalid", "Say how it is compared.", "operator");
  return { column, operator, value };
};

/** A name for who gave none: what it waits for. */
function nameFor({ ticker, column, operator, value }: DataAlertDraft): string {
  const called = isColumnName(column) ? labelOf(column) : column;
  return beginningOf(`${ticker}: ${called} ${isOperator(operator) ? operatorWords[operator] : ""} ${value}`, 0);
}

async function createFrom(context: AppContext, c: Context, draft: DataAlertDraft): Promise<number> {
  const { dataAlerts, screens } = context;
  const { name, ticker, query, tellLeaving, tellAtOnce } = draft;
  if (draft.kind === "ticker") {
    const alert = { name: name || nameFor(draft), ticker, ...conditionIn(draft), tellAtOnce };
    return await dataAlerts.create(alert, actorOf(c));
  }
  const tells = { tellLeaving, tellAtOnce };
  if (query !== "") {
    const called = name || beginningOf(conditionsOf(query).join(", ") || "Every ticker", 0);
    const screen = await screens.save({ name: called, query }, actorOf(c));
    // Should the alert be refused now, the screen is there to choose.
    Object.assign(draft, { screen: String(screen), query: "" });
    return await dataAlerts.create({ name: called, screen, ...tells }, actorOf(c));
  }
  const screen = /^\d{1,15}$/.test(draft.screen) ? Number(draft.screen) : 0;
  const saved = await selectSavedScreen(context.read, screen);
  return await dataAlerts.create({ name: name || (saved?.name ?? "Screen"), screen, ...tells }, actorOf(c));
}

async function create(context: AppContext, c: Context): Promise<Response> {
  const draft = await readDraft(c);
  try {
    const id = await createFrom(context, c, draft);
    return c.redirect(`/alerts/data/${id}`, 303);
  } catch (error) {
    const errors = fieldErrors(error, fields);
    const [shell, form] = await Promise.all([
      readShell(context, c, "/alerts/new"),
      readAlertForm(context, draft, errors),
    ]);
    return c.html(newDataAlertPage({ shell, form, only: draft.kind }), statusOf(error));
  }
}

async function show(context: AppContext, c: Context): Promise<Response> {
  const id = idOf(c, "data alert");
  const [shell, page] = await Promise.all([
    readShell(context, c, "/alerts"),
    readDataAlert(context, id, { before: numberIn(c, "before") }),
  ]);
  return c.html(dataAlertPage({ shell, page }));
}

async function change(context: AppContext, c: Context): Promise<Response> {
  const id = idOf(c, "data alert");
  const draft = await readDraft(c);
  const { name, tellLeaving, tellAtOnce } = draft;
  const before = await readDataAlert(context, id, { before: null });
  const { isScreen } = before.alert;
  try {
    const wanted = isScreen ? { name, tellLeaving, tellAtOnce } : { name, ...conditionIn(draft), tellAtOnce };
    await context.dataAlerts.change(id, wanted, actorOf(c));
    return c.redirect(`/alerts/data/${id}`, 303);
  } catch (error) {
    const errors = fieldErrors(error, fields);
    const typed: DataAlertDraft = { ...draft, kind: isScreen ? "screen" : "ticker" };
    const [shell, page] = await Promise.all([
      readShell(context, c, "/alerts"),
      readDataAlert(context, id, { before: null, draft: typed, errors }),
    ]);
    return c.html(dataAlertPage({ shell, page }), statusOf(error));
  }
}

/** `/alerts/new` and `/alerts/data/…`: what people want to be told of the data. Their list is on `/alerts`. */
export function createDataAlertRoutes(context: AppContext): Hono {
  const { dataAlerts } = context;
  const routes = new Hono();
  const pausing = (paused: boolean) => async (c: Context) => {
    const id = idOf(c, "data alert");
    await dataAlerts.change(id, { paused }, actorOf(c));
    return c.redirect(`/alerts/data/${id}`, 303);
  };
  routes.get("/alerts/new", (c) => showNew(context, c));
  routes.post("/alerts/data", (c) => create(context, c));
  routes.get("/alerts/data/:id", (c) => show(context, c));
  routes.post("/alerts/data/:id", (c) => change(context, c));
  routes.post("/alerts/data/:id/pause", pausing(true));
  routes.post("/alerts/data/:id/resume", pausing(false));
  routes.post("/alerts/data/:id/delete", async (c) => {
    const id = idOf(c, "data alert");
    await dataAlerts.remove(id, actorOf(c));
    return c.redirect(`/alerts?deleted=${id}#data`, 303);
  });
  routes.post("/alerts/data/:id/restore", async (c) => {
    const id = idOf(c, "data alert");
    await dataAlerts.restore(id, actorOf(c));
    return c.redirect(`/alerts/data/${id}`, 303);
  });
  return routes;
}
