import type { Sql, TransactionSql } from "../../db/client.ts";
import {
  claimDueDataAlerts,
  type DueDataAlert,
  insertCrossings,
  selectPublicationMark,
  selectToldKeys,
  settleDataAlert,
  settleUntold,
} from "../../db/queries/market/data-alert-checks.ts";
import { insertDeliveries } from "../../db/queries/operations/alert-deliveries.ts";
import { insertTold } from "../../db/queries/operations/alerts.ts";
import { jobIds } from "../pipeline.ts";
import { compareFinding, type DataFinding, tellCrossings } from "./data-crossings.ts";
import type { ChannelName } from "./types.ts";

/** What the newest published session says to some alerts, by their ids; the session is null before the first publication. */
type DataReading = { session: string | null; findings: ReadonlyMap<number, DataFinding> };

/** Reads the published tables for alerts. What one alert asks for may fail alone: that is its problem. */
export type ReadData = (alerts: readonly DueDataAlert[]) => Promise<DataReading>;

export type DataCheckOptions = { sql: Sql; read: ReadData; channels: ChannelName[]; now(): Date };

/** Alerts that are checked in one transaction, which holds up whoever changes one of them; of each all that it finds is in memory. */
const atATime = 50;

/**
 * Checks the alerts on data that were not checked at what is published now. What is found, what crossed and its messages are written in the transaction that
 * claims the alerts: killed before its end nothing has happened, and after it the messages wait in the outbox.
 */
export async function checkData(options: DataCheckOptions): Promise<{ checked: number; told: string[] }> {
  const found = { checked: 0, told: [] as string[] };
  for (;;) {
    const { checked, told } = await checkSome(options);
    found.checked += checked;
    found.told.push(...told);
    if (checked < atATime) return found;
  }
}

async function checkSome({ sql, read, channels, now }: DataCheckOptions) {
  return await sql.begin(async (transaction) => {
    // Before the tables are read: what is published in between is looked at again by its own mark.
    const mark = await selectPublicationMark(transaction, jobIds.transform);
    const due = await claimDueDataAlerts(transaction, { mark, limit: atATime });
    if (due.length === 0) return { checked: 0, told: [] };
    const { session, findings } = await read(due);
    const told: string[] = [];
    for (const alert of due) {
      const finding = findings.get(alert.id) ?? { problem: "Nothing is published yet." };
      const check = { mark, at: now(), session, channels };
      if (await settle(transaction, alert, finding, check)) told.push(alert.name);
    }
    return { checked: due.length, told };
  });
}

type Check = { mark: string; at: Date; session: string | null; channels: ChannelName[] };

/** Keeps what a check found. Answers whether there is something to tell. */
async function settle(transaction: TransactionSql, alert: DueDataAlert, finding: DataFinding, check: Check) {
  const { mark, at, session, channels } = check;
  if (finding.problem !== null || session === null) {
    await settleUntold(transaction, alert.id, { mark, at, problem: finding.problem });
    return false;
  }
  // The newest session was taken back: what is older is no news, and comparing with it would tell of the next as if it were.
  if (alert.checkedSession !== null && session < alert.checkedSession) {
    await settleUntold(transaction, alert.id, { mark, at, problem: null });
    return false;
  }
  const { members, crossings } = compareFinding(alert, finding);
  const isSame = alert.members !== null && sameMembers(alert.members, members);
  const found = { mark, at, session, query: finding.query, members: isSame ? null : members };
  await settleDataAlert(transaction, alert.id, found);
  if (crossings.length === 0) return false;
  // A correction may lead somebody out and in again: of one session that is told once.
  const known = new Set((await selectToldKeys(transaction, alert.id, session)).map(tellKey));
  const news = crossings.filter((crossing) => !known.has(tellKey(crossing)));
  if (news.length === 0) return false;
  const alertId = await insertTold(transaction, tellCrossings(alert, finding, { session, crossings: news }), at);
  await insertCrossings(transaction, { dataAlertId: alert.id, alertId, session, at }, news);
  if (channels.length > 0) await insertDeliveries(transaction, { alertId, event: "crossed", channels, at, now: at });
  return true;
}

const tellKey = ({ direction, key }: { direction: string; key: string }) => `${direction} ${key}`;

const sameMembers = (before: readonly string[], after: readonly string[]) =>
  before.length === after.length && after.every((key, index) => key === before[index]);
