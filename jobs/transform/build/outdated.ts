import type { Sql } from "../../../db/client.ts";
import type { LoadedProject } from "../project/load.ts";
import { readStanding } from "./catalog.ts";
import { withQueries } from "./query.ts";
import { isStatementFault, openSession } from "./session.ts";

/**
 * Names of the models that are published as something else made them than the project says now, or not at all. None where
 * nothing has been published yet: the first build is for the first data.
 */
export async function findOutdated(sql: Sql, { project, compiler }: LoadedProject): Promise<string[]> {
  const models = project.models.filter(({ config }) => config.materialized !== "ephemeral");
  return (await sql.begin("isolation level repeatable read read only", async (transaction) => {
    const session = openSession(transaction, undefined);
    const standing = await readStanding(
      session,
      models.map(({ name }) => name),
    );
    if (![...standing.values()].some(({ fingerprint }) => fingerprint !== undefined)) return [];
    const outdated: string[] = [];
    for (const model of models) {
      const published = standing.get(model.name);
      // What a snapshot holds is history, which no change of its text makes another.
      const isKept = model.config.materialized === "snapshot" && published !== undefined;
      if (!isKept && (!published?.fingerprint || published.fingerprint !== (await fingerprintNow(model))))
        outdated.push(model.name);
    }
    return outdated;

    /** Undefined where the model asks for what is not there before a build. */
    async function fingerprintNow(model: (typeof models)[number]): Promise<string | undefined> {
      const ask = () => withQueries(session, (query) => compiler.fingerprint(model, query));
      return await session.savepoint(ask).catch((error: unknown) => {
        if (!isStatementFault(error, undefined)) throw error;
        return undefined;
      });
    }
  })) as string[];
}
