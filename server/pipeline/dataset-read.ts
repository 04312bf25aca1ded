import { selectDatasets, selectSubscriptionStandings } from "../../db/queries/pipeline/read-graph.ts";
import type { DatasetView } from "../../views/pipeline/datasets.tsx";
import type { AppContext } from "../context.ts";
import { declaredDatasets } from "./graph-read.ts";

/** Every dataset that a job declares or that has events, with who records it and whom it wakes. */
export async function readDatasets({ read, pipeline }: AppContext): Promise<DatasetView[]> {
  const { jobs } = pipeline.orchestrator;
  const [datasets, subscriptions] = await Promise.all([
    selectDatasets(read, declaredDatasets(jobs)),
    selectSubscriptionStandings(read),
  ]);
  return datasets.map(({ name, events, lastEvent }) => ({
    name,
    producers: jobs.filter(({ produces = [] }) => produces.includes(name)).map(({ id }) => id),
    subscribers: subscriptions.filter(({ dataset }) => dataset === name).map(({ dataset: _, ...one }) => one),
    events,
    lastEvent,
  }));
}
