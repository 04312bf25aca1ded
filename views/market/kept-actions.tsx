import type { Child } from "hono/jsx";

type Told = { details: unknown };

const detailsOf = ({ details }: Told) =>
  (typeof details === "object" && details !== null ? details : {}) as Record<string, unknown>;

const nameOf = (action: Told, otherwise: string) => {
  const { name } = detailsOf(action);
  return typeof name === "string" ? `“${name}”` : otherwise;
};

const List = ({ action }: { action: Told }) => (
  <a href={`/watchlists/${Number(detailsOf(action).watchlist)}`}>{nameOf(action, "a watchlist")}</a>
);

const Ticker = ({ action }: { action: Told }) => {
  const { ticker } = detailsOf(action);
  return <b>{typeof ticker === "string" ? ticker : "a ticker"}</b>;
};

const aboutList =
  (before: string, after = "") =>
  (action: Told): Child => (
    <>
      {before} <List action={action} />
      {after}
    </>
  );

const aboutTicker =
  (before: string, between: string) =>
  (action: Told): Child => (
    <>
      {before} <Ticker action={action} /> {between} <List action={action} />
    </>
  );

const aboutScreen =
  (before: string) =>
  (action: Told): Child => (
    <>
      {before} <a href="/screens">{nameOf(action, "a screen")}</a>
    </>
  );

const aboutAlert =
  (before: string) =>
  (action: Told): Child => (
    <>
      {before} <a href={`/alerts/data/${Number(detailsOf(action).dataAlert)}`}>{nameOf(action, "an alert")}</a>
    </>
  );

/** What people do with watchlists, saved screens and alerts on data, as sentences that begin with who did it. */
export const keptTellings: Record<string, (action: Told) => Child> = {
  "watchlist.create": aboutList("made the watchlist"),
  "watchlist.rename": aboutList("renamed a watchlist to"),
  "watchlist.first": aboutList("put", " before the other watchlists"),
  "watchlist.restore": aboutList("restored the watchlist"),
  "watchlist.delete": (action) => (
    <>
      deleted the watchlist <a href="/watchlists#deleted">{nameOf(action, "of no name")}</a>
    </>
  ),
  "watchlist.add": aboutTicker("put", "on"),
  "watchlist.take": aboutTicker("took", "off"),
  "watchlist.change": aboutTicker("changed", "on"),
  "screen.create": aboutScreen("saved the screen"),
  "screen.change": aboutScreen("changed the screen"),
  "screen.delete": aboutScreen("deleted the screen"),
  "screen.restore": aboutScreen("restored the screen"),
  "data_alert.create": aboutAlert("made the data alert"),
  "data_alert.change": aboutAlert("changed the data alert"),
  "data_alert.pause": aboutAlert("paused the data alert"),
  "data_alert.resume": aboutAlert("had the data alert go on"),
  "data_alert.restore": aboutAlert("restored the data alert"),
  "data_alert.delete": (action) => (
    <>
      deleted the data alert <a href="/alerts#data">{nameOf(action, "of no name")}</a>
    </>
  ),
};
