import type { RenderScope } from "../project/context/scope.ts";
import { NeedsQuery, type QueryTable } from "../project/context/tables.ts";
import { refuse } from "../project/refusal.ts";
import type { Session } from "./session.ts";

export type Query = NonNullable<RenderScope["query"]>;

/** A template that asks for more is most likely in a circle. */
const mostQueries = 1000;

/**
 * Renders what may ask the database: a question stops the rendering, is answered, and the rendering begins anew with the answers
 * so far. Each question is asked once.
 */
export async function withQueries<T>(session: Session, render: (query: Query) => T): Promise<T> {
  const answers: { sql: string; table: QueryTable }[] = [];
  while (answers.length < mostQueries) {
    let next = 0;
    const query: Query = (sql) => {
      const known = answers[next];
      if (known?.sql !== sql) throw new NeedsQuery(sql);
      next++;
      return known.table;
    };
    try {
      return render(query);
    } catch (thrown) {
      if (!(thrown instanceof NeedsQuery)) throw thrown;
      answers.splice(next);
      answers.push({ sql: thrown.sql, table: await session.ask(thrown.sql) });
    }
  }
  throw refuse("run_query", `more than ${mostQueries} queries were asked for one file`);
}
