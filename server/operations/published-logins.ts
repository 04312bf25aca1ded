import type { Logger } from "pino";
import type { Sql } from "../../db/client.ts";
import { type Connection, connectionFor, connectionPlace } from "../../db/console/connection-string.ts";
import {
  createPublishedLogin,
  dropPublishedLogin,
  dropStatements,
  makePublishedLogin,
  publishedLoginStatements,
  selectLogins,
} from "../../db/console/published-logins.ts";
import { hasDependents } from "../../db/errors.ts";
import { insertAction } from "../../db/queries/operations/actions.ts";
import {
  deletePublishedLogin,
  insertPublishedLogin,
  type PublishedLoginRow,
  selectPublishedLogins,
  updateLoginsSeen,
} from "../../db/queries/operations/published-logins.ts";
import { type Actor, RequestError } from "../../jobs/orchestrator/types.ts";
import { checkName } from "../http/actor.ts";
import type { Lifecycle } from "../lifecycle.ts";

/** A login that was just made: nobody is told its password again. */
export type MadeLogin = Connection & {
  id: number;
  name: string;
  role: string;
  password: string;
  /** What somebody who may make roles has to run before it lets in; none where it is made. */
  statements: string[];
};

/** A login as it is listed, and whether its role is there: it may wait for its statements, or be of another server. */
export type ListedLogin = PublishedLoginRow & { isThere: boolean };

/** Logins of the database for programs that read what is published: Metabase, Grafana, Excel, psql. */
export type PublishedLogins = {
  /** Where they sign in. */
  place: Pick<Connection, "host" | "port" | "database">;
  /** Throws a RequestError where the name cannot be kept or is taken. */
  create(name: string, by: Actor): Promise<MadeLogin>;
  list(): Promise<ListedLogin[]>;
  /** Ends a login, and its sessions. A RequestError says that there is none, or what somebody who may drop roles has to run. */
  revoke(id: number, by: Actor): Promise<void>;
  /** Notes which are in use now: PostgreSQL keeps no record of who signed in. */
  look(): Promise<void>;
};

type Options = { sql: Sql; url: string; now(): Date };

/** Makes them of the database at `url`; `sql` is a pool of its owner. */
export function createPublishedLogins({ sql, url, now }: Options): PublishedLogins {
  return {
    place: connectionPlace(url),
    async create(given, by) {
      const checked = checkName(given);
      if ("problem" in checked) throw new RequestError("invalid", checked.problem, "name");
      const { name } = checked;
      if (name === null) throw new RequestError("invalid", "Give it a name, to know it by.", "name");
      const login = makePublishedLogin(name);
      const { role } = login;
      // The row first: a role that nothing lists could be revoked by nobody.
      const id = await sql.begin(async (transaction) => {
        const added = await insertPublishedLogin(transaction, { name, role, createdBy: by.name, createdAt: now() });
        if (added === null) throw new RequestError("conflict", `There is a login called ${name} already.`, "name");
        const action = { actor: by.name, via: by.via, kind: "login.create", details: { name, role } };
        await insertAction(transaction, action);
        return added;
      });
      const isMade = await createPublishedLogin(sql, login);
      const statements = isMade ? [] : await publishedLoginStatements(sql, login);
      return { id, name, ...login, ...connectionFor(url, login), statements };
    },
    async list() {
      const rows = await selectPublishedLogins(sql);
      const there = await selectLogins(
        sql,
        rows.map(({ role }) => role),
      );
      return rows.map((row) => ({ ...row, isThere: there.has(row.role) }));
    },
    async revoke(id, by) {
      const found = (await selectPublishedLogins(sql)).find((row) => row.id === id);
      if (!found) throw new RequestError("not_found", `There is no login ${id}.`);
      const { name, role } = found;
      await drop(sql, role);
      await sql.begin(async (transaction) => {
        await deletePublishedLogin(transaction, id);
        const action = { actor: by.name, via: by.via, kind: "login.revoke", details: { name, role } };
        await insertAction(transaction, action);
      });
    },
    look: () => updateLoginsSeen(sql, now()),
  };
}

/** As often as is looked who of them is signed in. */
const lookMs = 60_000;

/** Makes them, and looks who is signed in until the process stops. */
export function openPublishedLogins(
  { log, lifecycle, now }: { log: Logger; lifecycle: Lifecycle; now(): Date },
  database: Pick<Options, "sql" | "url">,
): PublishedLogins {
  const logins = createPublishedLogins({ ...database, now });
  const look = () => void logins.look().catch((error) => log.debug({ error }, "could not see who is signed in"));
  const timer = setInterval(look, lookMs);
  lifecycle.onStop("logins", () => clearInterval(timer));
  return logins;
}

async function drop(sql: Sql, role: string): Promise<void> {
  const statements = dropStatements(role).join(" ");
  try {
    if (await dropPublishedLogin(sql, role)) return;
  } catch (error) {
    if (!hasDependents(error)) throw error;
    throw new RequestError(
      "conflict",
      `It signs in no more, but somebody gave it rights in another database too. Whoever may drop roles has to run there, and then here: ${statements}`,
    );
  }
  throw new RequestError(
    "conflict",
    `Barline may not drop roles of this server. Whoever may has to run this, and then revoke it here: ${statements}`,
  );
}
