import { type MetricName, metricDefinitions } from "../definitions.ts";

/** Every metric, in the order in which a sweep writes them. */
export const metricNames = Object.keys(metricDefinitions) as MetricName[];

/** 1 where a higher value of the metric is looked for, -1 where a lower one is. */
export const directionOf = (metric: MetricName): 1 | -1 =>
  metricDefinitions[metric].higherIsBetter === false ? -1 : 1;
