import type { Logger } from "pino";
import type { Sql } from "../../db/client.ts";
import type { ReadData } from "../../jobs/alerts/data-check.ts";
import { createSnapshots } from "../http/snapshots.ts";
import { checkScreens } from "./data-alert-screens.ts";
import { checkTickers } from "./data-alert-tickers.ts";
import { readAvailable, readSession } from "./screener-read.ts";

/** Reads what the newest published session says to alerts on data; `read` cannot write. */
export function createDataReader({ read, log, now }: { read: Sql; log: Logger; now(): Date }): ReadData {
  return async function readData(alerts) {
    const market = { read, snapshots: createSnapshots({ keepMs: 0, now }) };
    const available = await readAvailable(market);
    const session = available && (await readSession(market, null))?.session;
    if (!available || !session) return { session: null, findings: new Map() };
    const context = { read, log, session, available };
    const findings = await checkScreens(
      alerts.filter(({ ticker }) => ticker === null),
      context,
    );
    const ofTickers = await checkTickers(
      alerts.filter(({ ticker }) => ticker !== null),
      context,
    );
    return { session, findings: new Map([...findings, ...ofTickers]) };
  };
}
