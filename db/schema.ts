/**
 * Every table Barline itself owns. Market data that people query lives in `public`; the orchestrator's state lives in
 * `barline`, out of the way of BI tools. The models' tables are not here: the dbt project in warehouse/ makes them.
 */
export * from "./schema/access.ts";
export * from "./schema/alerts.ts";
export * from "./schema/answers.ts";
export * from "./schema/columns.ts";
export * from "./schema/console.ts";
export * from "./schema/data-alerts.ts";
export * from "./schema/export.ts";
export * from "./schema/housekeeping.ts";
export * from "./schema/listings.ts";
export * from "./schema/market.ts";
export * from "./schema/orchestration.ts";
export * from "./schema/publications.ts";
export * from "./schema/quarantine.ts";
export * from "./schema/rechecks.ts";
export * from "./schema/results.ts";
export * from "./schema/scenarios.ts";
export * from "./schema/sweeps.ts";
export * from "./schema/watchlists.ts";
export * from "./schema/workspace.ts";
