import type { Sql } from "../../../db/client.ts";
import type { Distribution } from "../../../db/distribution/types.ts";
import type { LoadedProject } from "../project/assemble.ts";
import { readStanding } from "./catalog.ts";
import { createPlaces } from "./places.ts";
import { withQueries } from "./query.ts";
import { keepsHistory, liesElsewhere } from "./refresh.ts";
import { isStatementFault, openSession } from "./session.ts";

/**
 * Names of the models that are published as something else made them than the project says now, elsewhere than they are to lie, or not at
 * all. None where nothing has been published yet: the first build is for the first data.
 */
export async function findOutdated(
  sql: Sql,
  { project, compiler }: LoadedProject,
  distribution?: Distribution,
): Promise<string[]> {
  const models = project.models.filter(({ config }) => config.materialized !== "ephemeral");
  return (await sql.begin("isolation level repeatable read read only", async (transaction) => {
    const session = openSession(transaction, undefined);
    const asking = { session, places: createPlaces("") };
    const standing = await readStanding(session, models);
    if (![...standing.values()].some(({ fingerprint }) => fingerprint !== undefined)) return [];
    const outdated: string[] = [];
    for (const model of models) {
      const published = standing.get(model.name);
      // What a snapshot holds is history, which no change of its text makes another; as what such a model holds.
      const { materialized } = model.config;
      const keeps = materialized === "snapshot" || (materialized === "incremental" && keepsHistory(model));
      const isKept = keeps && published !== undefined;
      if (await liesElsewhere(session, distribution, model)) outdated.push(model.name);
      else if (!isKept && (!published?.fingerprint || published.fingerprint !== (await fingerprintNow(model))))
        outdated.push(model.name);
    }
    return outdated;

    /** Undefined where the model asks for what is not there before a build. */
    async function fingerprintNow(model: (typeof models)[number]): Promise<string | undefined> {
      const ask = () => withQueries(asking, (query) => compiler.fingerprint(model, query));
      return await session.savepoint(ask).catch((error: unknown) => {
        if (!isStatementFault(error, undefined)) throw error;
        return undefined;
      });
    }
  })) as string[];
}
