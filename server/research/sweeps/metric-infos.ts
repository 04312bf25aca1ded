import type { MetricInfo } from "../../../views/research/sweep-view.ts";
import { metricDefinitions } from "../../backtest/definitions.ts";

/** Every metric as pages show it, in the order of its table. */
export const metricInfos: MetricInfo[] = Object.entries(metricDefinitions).map(
  ([name, { label, unit, formula, higherIsBetter }]) => ({ name, label, unit, formula, higherIsBetter }),
);

/** A metric by its name; one that this version does not know is shown under its own. */
export const metricInfo = (name: string): MetricInfo =>
  metricInfos.find((info) => info.name === name) ?? {
    name,
    label: name,
    unit: "ratio",
    formula: "",
    higherIsBetter: null,
  };
