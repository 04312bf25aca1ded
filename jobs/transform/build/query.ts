import type { Query } from "../project/context/scope.ts";
import { NeedsQuery, type QueryTable } from "../project/context/tables.ts";
import { refuse } from "../project/refusal.ts";
import { catalogViews } from "./catalog-views.ts";
import type { Places } from "./places.ts";
import type { Session } from "./session.ts";

/** A database in which a build is under way. */
export type Asking = { session: Session; places: Places };

/** A template that asks for more is most likely in a circle. */
const mostQueries = 1000;

/**
 * Renders what may ask the database: a question stops the rendering, is answered, and the rendering begins anew with the answers
 * so far. Each question is asked once, of what stands in this build.
 */
export async function withQueries<T>({ session, places }: Asking, render: (query: Query) => T): Promise<T> {
  const answers: { sql: string; table: QueryTable }[] = [];
  while (answers.length < mostQueries) {
    let next = 0;
    const ask = (sql: string): QueryTable => {
      const known = answers[next];
      if (known?.sql !== sql) throw new NeedsQuery(sql);
      next++;
      return known.table;
    };
    try {
      return render({ ask, placeOf: places.of });
    } catch (thrown) {
      if (!(thrown instanceof NeedsQuery)) throw thrown;
      answers.splice(next);
      const sql = await catalogViews(session, places.redirect(thrown.sql));
      answers.push({ sql: thrown.sql, table: await session.ask(sql) });
    }
  }
  throw refuse("run_query", `more than ${mostQueries} queries were asked for one file`);
}

/** Renders SQL that may ask the database, on what stands in this build. */
export async function renderHere(asking: Asking, render: (query: Query) => string): Promise<string> {
  return asking.places.redirect(await withQueries(asking, render));
}
