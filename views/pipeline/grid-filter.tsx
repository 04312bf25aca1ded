import { formatInteger } from "../format.ts";

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

type Choice = { value: string; label: string };

const Select = (props: { name: string; label: string; value: string; choices: Choice[] }) => (
  <div class="field">
    <label for={`grid-${props.name}`}>{props.label}</label>
    <select id={`grid-${props.name}`} name={props.name}>
      {props.choices.map(({ value, label }) => (
        <option value={value} selected={value === props.value}>
          {label}
        </option>
      ))}
    </select>
  </div>
);

const plain = (values: readonly string[], all: string): Choice[] => [
  { value: "", label: all },
  ...values.map((value) => ({ value, label: value })),
];

const Day = (props: { name: string; label: string; value: string }) => (
  <div class="field">
    <label for={`grid-${props.name}`}>{props.label}</label>
    <input id={`grid-${props.name}`} type="date" name={props.name} value={props.value} />
  </div>
);

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
      name="job"
      label="Job"
      value={filter.job}
      choices={[{ value: "", label: "all" }, ...filter.jobs.map(({ id, title }) => ({ value: id, label: title }))]}
    />
    <Select name="state" label="Run state" value={filter.state} choices={plain(filter.states, "any")} />
    <Select name="trigger" label="Trigger" value={filter.trigger} choices={plain(filter.triggers, "any")} />
    <Select
      name="limit"
      label="Newest runs"
      value={String(filter.limit)}
      choices={filter.limits.map((limit) => ({ value: String(limit), label: formatInteger(limit) }))}
    />
    <Day name="from" label="Sessions from" value={filter.from} />
    <Day name="to" label="to" value={filter.to} />
    <button type="submit" class="button">
      Filter
    </button>
  </form>
);
