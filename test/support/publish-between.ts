import type { Sql } from "../../db/client.ts";

/**
 * A pool that does `publish` once, right after the first statement whose text holds `text` was answered: what a reader asks after
 * that, it asks of newer data. Also where the statement is one of a transaction.
 */
export function publishAfter(sql: Sql, text: string, publish: () => Promise<unknown>): Sql & { published(): boolean } {
  let isDone = false;
  const watch = (target: Sql): Sql =>
    new Proxy(target, {
      apply(call, self, given: unknown[]) {
        const query = Reflect.apply(call, self, given) as Promise<unknown>;
        const [strings] = given as [TemplateStringsArray | unknown];
        const isIt = Array.isArray(strings) && "raw" in strings && strings.join("").includes(text);
        if (isDone || !isIt) return query;
        isDone = true;
        return query.then(async (rows) => {
          await publish();
          return rows;
        });
      },
      get(of, name) {
        if (name === "published") return () => isDone;
        if (name !== "begin") return Reflect.get(of, name);
        return (options: string, work: (transaction: Sql) => Promise<unknown>) =>
          of.begin(options, (transaction) => work(watch(transaction as unknown as Sql)));
      },
    });
  return watch(sql) as Sql & { published(): boolean };
}
