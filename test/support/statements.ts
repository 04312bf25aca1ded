import type { Sql } from "../../db/client.ts";

/** Counts what is sent; a part of a statement is never awaited by itself. */
export function countStatements(sql: Sql): { read: Sql; statements(): number } {
  let statements = 0;
  const read = new Proxy(sql, {
    apply: (target, self, [strings, ...values]) => {
      const query = Reflect.apply(target, self, [strings, ...values]);
      const send = query.then.bind(query);
      return Object.assign(query, {
        // biome-ignore lint/suspicious/noThenProperty: it is the moment at which the driver sends a query
        then: (...handlers: Parameters<typeof send>) => {
          statements += 1;
          return send(...handlers);
        },
      });
    },
  });
  return { read, statements: () => statements };
}
