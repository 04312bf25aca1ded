import type { Sql, TransactionSql } from "../../db/client.ts";
import {
  countDataAlerts,
  type DataAlertOperator,
  type DataAlertSubject,
  forgetDataAlertCheck,
  insertDataAlert,
  lockDataAlert,
  selectDataAlerts,
  setDataAlertDeleted,
  setDataAlertPaused,
  updateDataAlert,
} from "../../db/queries/market/data-alerts.ts";
import { selectSecurityId } from "../../db/queries/market/read-securities.ts";
import { selectSavedScreen } from "../../db/queries/market/saved-screens.ts";
import { isKnownTicker } from "../../db/queries/market/watchlists.ts";
import { insertAction } from "../../db/queries/operations/actions.ts";
import { notifyWake } from "../../db/queries/pipeline/wake.ts";
import { type Actor, RequestError } from "../../jobs/orchestrator/types.ts";
import { cleanName, named, restoredName } from "../http/names.ts";
import { createSnapshots } from "../http/snapshots.ts";
import { type Condition, checkCondition } from "./data-alert-condition.ts";

const thing = "data alert";
const mostAlerts = 500;

/** What is to be told, as people ask for it: of a saved screen, or of a figure of a ticker. */
export type NewDataAlert = {
  name: string;
  screen?: number | undefined;
  ticker?: string | undefined;
  column?: string | undefined;
  operator?: DataAlertOperator | undefined;
  value?: string | undefined;
  tellLeaving?: boolean | undefined;
  tellAtOnce?: boolean | undefined;
};

type DataAlertChange = Omit<NewDataAlert, "name" | "screen" | "ticker"> & {
  name?: string | undefined;
  paused?: boolean | undefined;
};

/** What people do with alerts on data. Each keeps who did it, and throws a RequestError where it cannot be done as asked. */
export type DataAlerts = {
  /** Keeps an alert, which is checked at once to know what stands now. Answers its id. */
  create(alert: NewDataAlert, by: Actor): Promise<number>;
  /** Changes what is given. Another condition, and going on after a pause, begin anew as the first check did. */
  change(id: number, change: DataAlertChange, by: Actor): Promise<void>;
  /** Takes it off the list; `restore` has it back until housekeeping removes it for good. */
  remove(id: number, by: Actor): Promise<void>;
  /** Puts it back; by `name (restored)` where its name was given away since. It begins anew. */
  restore(id: number, by: Actor): Promise<void>;
};

/** The refusal for an id that no alert has, or a deleted one. */
export const noDataAlert = (id: number): RequestError =>
  new RequestError("not_found", `There is no data alert ${id}, or it was deleted.`);

type Kept = NonNullable<Awaited<ReturnType<typeof lockDataAlert>>>;

async function lockListed(transaction: TransactionSql, id: number): Promise<Kept> {
  const kept = await lockDataAlert(transaction, id);
  if (kept === null || kept.deletedAt !== null) throw noDataAlert(id);
  return kept;
}

const refuse = (message: string, field: string) => new RequestError("invalid", message, field);

type DeskOptions = { sql: Sql; read: Sql; now(): Date };

/** What an alert is about, where that is there. */
async function subjectOf({ sql, read, now }: DeskOptions, alert: NewDataAlert): Promise<DataAlertSubject> {
  const { screen, ticker, tellLeaving = false, tellAtOnce = false } = alert;
  const tells = { tellsLeaving: tellLeaving, tellsAtOnce: tellAtOnce };
  if ((screen === undefined) === (ticker === undefined)) {
    throw refuse("An alert is either on a saved screen or on a ticker.", "screen");
  }
  if (screen !== undefined) {
    for (const field of ["column", "operator", "value"] as const) {
      if (alert[field] !== undefined) throw refuse("A screen has its own filters; leave it out.", field);
    }
    const found = await selectSavedScreen(sql, screen);
    if (found === null || found.deletedAt !== null) throw refuse(`There is no saved screen ${screen}.`, "screen");
    const nothing = { ticker: null, securityId: null, columnName: null, operator: null, value: null };
    return { screenId: screen, ...nothing, ...tells };
  }
  if (ticker === undefined || !(await isKnownTicker(sql, ticker))) {
    throw refuse(`No ticker "${ticker}" is known.`, "ticker");
  }
  if (tellLeaving) throw refuse("Leaving is told of screens.", "tellLeaving");
  const condition = await checkCondition({ read, snapshots: createSnapshots({ keepMs: 0, now }) }, alert);
  return { screenId: null, ticker, securityId: await selectSecurityId(read, ticker), ...condition, ...tells };
}

/** The condition of an alert with what is changed in it, checked; as it is where nothing of it is. */
async function changedCondition({ read, now }: DeskOptions, kept: Kept, change: DataAlertChange): Promise<Condition> {
  const { columnName, operator, value, ticker } = kept;
  const { column, operator: newOperator, value: newValue } = change;
  if (column === undefined && newOperator === undefined && newValue === undefined) {
    return { columnName, operator, value };
  }
  if (ticker === null) throw refuse("A screen has its own filters; change those of the screen.", "column");
  const wanted = {
    column: column ?? columnName ?? undefined,
    operator: newOperator ?? operator ?? undefined,
    value: newValue ?? value ?? undefined,
  };
  return await checkCondition({ read, snapshots: createSnapshots({ keepMs: 0, now }) }, wanted);
}

type Deed = (transaction: TransactionSql) => Promise<{ id: number; name: string }>;

/** What people do with alerts on data; `sql` writes them, `read` reads what is published. */
export function createDataAlerts(options: DeskOptions): DataAlerts {
  const { sql, now } = options;
  const act = async (kind: string, by: Actor, deed: Deed): Promise<number> =>
    await sql.begin(async (transaction) => {
      const { id, name } = await deed(transaction);
      await insertAction(transaction, { actor: by.name, via: by.via, kind, details: { dataAlert: id, name } });
      // Whoever checks looks at it as soon as it is kept.
      await notifyWake(transaction);
      return id;
    });

  return {
    async create(alert, by) {
      const name = cleanName(alert.name, thing);
      const subject = await subjectOf(options, alert);
      return await named(name, thing, () =>
        act("data_alert.create", by, async (transaction) => {
          if ((await countDataAlerts(transaction)) >= mostAlerts) {
            throw new RequestError("conflict", `There are ${mostAlerts} alerts on data, the most that are kept.`);
          }
          const id = await insertDataAlert(transaction, { ...subject, name, by: by.name, at: now() });
          return { id, name };
        }),
      );
    },
    async change(id, change, by) {
      const name = change.name === undefined ? undefined : cleanName(change.name, thing);
      const { paused } = change;
      const kind = paused === undefined ? "change" : paused ? "pause" : "resume";
      await named(name ?? "", thing, () =>
        act(`data_alert.${kind}`, by, async (transaction) => {
          const kept = await lockListed(transaction, id);
          await applyChange(transaction, options, { id, kept, change: { ...change, name } });
          return { id, name: name ?? kept.name };
        }),
      );
    },
    async remove(id, by) {
      await act("data_alert.delete", by, async (transaction) => {
        const { name } = await lockListed(transaction, id);
        await setDataAlertDeleted(transaction, id, { at: now(), name });
        return { id, name };
      });
    },
    async restore(id, by) {
      await act("data_alert.restore", by, async (transaction) => {
        const kept = await lockDataAlert(transaction, id);
        if (kept === null) throw noDataAlert(id);
        if (kept.deletedAt === null) throw new RequestError("conflict", `“${kept.name}” is not deleted.`);
        const taken = (await selectDataAlerts(transaction)).map((alert) => alert.name);
        const name = restoredName(kept.name, taken);
        await setDataAlertDeleted(transaction, id, { at: null, name });
        await forgetDataAlertCheck(transaction, id);
        return { id, name };
      });
    },
  };
}

type Change = { id: number; kept: Kept; change: DataAlertChange };

async function applyChange(transaction: TransactionSql, options: DeskOptions, { id, kept, change }: Change) {
  const condition = await changedCondition(options, kept, change);
  const { tellLeaving = kept.tellsLeaving, tellAtOnce = kept.tellsAtOnce, paused = kept.paused } = change;
  if (tellLeaving && kept.ticker !== null) throw refuse("Leaving is told of screens.", "tellLeaving");
  const tells = { tellsLeaving: tellLeaving, tellsAtOnce: tellAtOnce };
  const at = options.now();
  await updateDataAlert(transaction, id, { name: change.name ?? kept.name, ...condition, ...tells, at });
  await setDataAlertPaused(transaction, id, paused);
  const isOther = (["columnName", "operator", "value"] as const).some((part) => condition[part] !== kept[part]);
  if (isOther || (kept.paused && !paused)) await forgetDataAlertCheck(transaction, id);
}
