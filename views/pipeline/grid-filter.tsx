import { formatInteger } from "../format.ts";
import { anyOf, Day, Select } from "./filter-fields.tsx";

/** What the grid is filtered by, as it stands in the URL; empty where it is not. */
export type GridFilterView = {
  job: string;
  state: string;
  trigger: string;
  from: string;
  to: string;
  limit: number;
  /** What can be chosen. */
  jobs: { id: string; title: string }[];
  states: readonly string[];
  triggers: readonly string[];
  limits: readonly number[];
  /** Whether anything but the number of runs is asked for. */
  isFiltered: boolean;
};

/** The grid's filter: a plain form whose answer has it all in its URL; htmx only saves the button and the rest of the page. */
export const GridForm = ({ filter }: { filter: GridFilterView }) => (
  <form
    class="grid-filter"
    action="/grid"
    aria-label="Filter"
    hx-get="/grid"
    hx-trigger="change, submit"
    hx-target="#grid"
    hx-swap="outerHTML"
    hx-replace-url="true"
    hx-sync="this:replace"
  >
    <Select
      page="grid"
      name="job"
      label="Job"
      value={filter.job}
      choices={[{ value: "", label: "all" }, ...filter.jobs.map(({ id, title }) => ({ value: id, label: title }))]}
    />
    <Select page="grid" name="state" label="Run state" value={filter.state} choices={anyOf(filter.states)} />
    <Select page="grid" name="trigger" label="Trigger" value={filter.trigger} choices={anyOf(filter.triggers)} />
    <Select
      page="grid"
      name="limit"
      label="Newest runs"
      value={String(filter.limit)}
      choices={filter.limits.map((limit) => ({ value: String(limit), label: formatInteger(limit) }))}
    />
    <Day page="grid" name="from" label="Sessions from" value={filter.from} />
    <Day page="grid" name="to" label="to" value={filter.to} />
    <button type="submit" class="button">
      Filter
    </button>
  </form>
);
