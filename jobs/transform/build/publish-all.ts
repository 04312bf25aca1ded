import { grantPublished } from "../../../db/published-role.ts";
import { quoteRelation } from "../project/types.ts";
import { applyGrants } from "./grants.ts";
import { runModelHooks, runProjectHooks } from "./hooks.ts";
import { createPlaces } from "./places.ts";
import type { Progress } from "./progress.ts";
import { publish } from "./publish.ts";
import { withQueries } from "./query.ts";
import { isStatementFault } from "./session.ts";
import { publishStored, type StoredFailures } from "./stored.ts";
import { failuresSql } from "./test-sql.ts";

/** Puts all that was built, and the failing rows that tests stored, under their own names. False where Postgres refuses it. */
export async function publishAll(progress: Progress): Promise<boolean> {
  const { context, options, session, models, results } = progress;
  const { project, compiler } = context.loaded;
  const built = [...models.built.values()];
  try {
    const { standing, schemas } = models;
    await publish({
      session,
      compiler,
      models: project.models,
      standing,
      built,
      schemas,
      distribution: context.distribution,
    });
    // From here on every name means what is published.
    const published = { ...models, built: new Map(), places: createPlaces("") };
    for (const { model } of built) await applyGrants(session, model);
    for (const { model } of built) {
      if (model.config.materialized === "view") await runModelHooks(published, model, model.config.postHooks);
    }
    for (const stored of progress.stored) await publishStored(session, stored, () => viewSql(progress, stored));
    await runProjectHooks(published, project.onRunEnd);
    await session.run(grantPublished);
    await options.onPublish?.(session, built, results);
    return true;
  } catch (error) {
    if (!isStatementFault(error, options.signal)) throw error;
    const last = results.models.at(-1);
    if (last) Object.assign(last, { action: "failed", error: `publishing failed: ${error.message}` });
    return false;
  }
}

/** A test's query as it reads published tables, for a view of its failing rows. */
function viewSql({ session, models }: Progress, { target }: StoredFailures): Promise<string> {
  const { compiler } = models;
  const relation = compiler.relationOf(target.test.subject) ?? target.relation;
  const { assertion } = target.test;
  const otherRelation = assertion.kind === "relationships" ? compiler.relationOf(assertion.to) : undefined;
  return withQueries({ session, places: createPlaces("") }, (query) =>
    failuresSql(compiler, {
      ...target,
      relation,
      otherSide: otherRelation ? quoteRelation(otherRelation) : target.otherSide,
      scope: { query },
    }),
  );
}
