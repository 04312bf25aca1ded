import type { Child } from "hono/jsx";

type Told = { details: unknown };

/** The saved query that was meant, by what it was called then. */
const Query = ({ details, isDeleted = false }: Told & { isDeleted?: boolean }) => {
  const { query, name } = (typeof details === "object" && details !== null ? details : {}) as Record<string, unknown>;
  const called = typeof name === "string" ? `“${name}”` : "a query";
  return <a href={isDeleted ? "/sql#sql-saved" : `/sql?query=${Number(query)}`}>{called}</a>;
};

const about =
  (before: string, isDeleted = false) =>
  (action: Told): Child => (
    <>
      {before} <Query details={action.details} isDeleted={isDeleted} />
    </>
  );

/** What people do with saved queries, as sentences that begin with who did it. */
export const sqlTellings: Record<string, (action: Told) => Child> = {
  "query.create": about("saved the query"),
  "query.change": about("changed the query"),
  "query.delete": about("deleted the query", true),
  "query.restore": about("restored the query"),
};
