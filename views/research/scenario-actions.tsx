import type { Child } from "hono/jsx";

type Told = { details: unknown };

/** The scenario that was meant, by what it was called then; one that is gone has no page. */
const Scenario = ({ details }: Told) => {
  const { scenario, name } = (typeof details === "object" && details !== null ? details : {}) as Record<
    string,
    unknown
  >;
  return <a href={`/scenarios/${Number(scenario)}`}>{typeof name === "string" ? `“${name}”` : "a scenario"}</a>;
};

const deleted = ({ details }: Told) => {
  const { name } = (typeof details === "object" && details !== null ? details : {}) as Record<string, unknown>;
  return <a href="/scenarios#deleted">{typeof name === "string" ? `“${name}”` : "a scenario"}</a>;
};

const about =
  (before: string, after = "") =>
  (action: Told): Child => (
    <>
      {before} <Scenario details={action.details} />
      {after}
    </>
  );

/** What people do with scenarios, as sentences that begin with who did it. */
export const scenarioTellings: Record<string, (action: Told) => Child> = {
  "scenario.create": about("saved the scenario"),
  "scenario.rename": about("renamed a scenario to"),
  "scenario.copy": about("made the copy", " of a scenario"),
  "scenario.star": about("made", " a favourite"),
  "scenario.unstar": about("took", " off the favourites"),
  "scenario.delete": (action) => <>deleted the scenario {deleted(action)}</>,
  "scenario.restore": about("restored the scenario"),
  "scenario.run": about("ran the scenario", " again"),
};
