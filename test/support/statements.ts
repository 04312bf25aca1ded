import type { Sql, TransactionSql } from "../../db/client.ts";

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

/** Keeps the text of what is sent, with numbers for its parameters, also in transactions. */
export function recordStatements(sql: Sql): { read: Sql; sent: string[] } {
  const sent: string[] = [];
  const recorded = <Sender extends Sql | TransactionSql>(sender: Sender): Sender =>
    new Proxy(sender, {
      apply: (target, self, [strings, ...values]) => {
        const query = Reflect.apply(target as Sql, self, [strings, ...values]);
        const send = query.then.bind(query);
        return Object.assign(query, {
          // biome-ignore lint/suspicious/noThenProperty: its result says what was sent
          then: (then?: (result: Sent) => unknown, otherwise?: (error: unknown) => unknown) =>
            send((result: Sent) => {
              sent.push(result.statement.string);
              return then ? then(result) : result;
            }, otherwise),
        });
      },
      get: (target, name) => {
        const value = Reflect.get(target, name);
        if (name !== "begin") return value;
        return (...given: unknown[]) =>
          (value as (...given: unknown[]) => unknown)(
            ...given.map((one) =>
              typeof one === "function" ? (transaction: TransactionSql) => one(recorded(transaction)) : one,
            ),
          );
      },
    });
  return { read: recorded(sql), sent };
}

type Sent = { statement: { string: string } };
