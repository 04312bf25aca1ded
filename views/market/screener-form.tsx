import { formatDate, formatInteger } from "../format.ts";
import { boundText, type Indicator } from "./indicators.ts";
import type { SavedScreenLink } from "./saved-screen-types.ts";
import { ScreenLink } from "./screener-parts.tsx";
import type { ChoiceField, ScreenFilter, ScreenView } from "./screener-types.ts";

const Presets = ({ view, saved }: { view: ScreenView; saved: SavedScreenLink[] }) => (
  <nav class="filter screen-presets" aria-label="Presets and saved screens">
    {saved.map(({ id, name, url }) => (
      <a id={`saved-${id}`} class="is-saved break" href={url} aria-current={url === view.url ? "true" : undefined}>
        {name}
      </a>
    ))}
    {view.presets.map(({ id, label, url, isCurrent }) => (
      <a
        id={`preset-${id}`}
        href={url}
        hx-get={url}
        hx-target="#screen"
        hx-swap="outerHTML"
        hx-push-url="true"
        aria-current={isCurrent ? "true" : undefined}
      >
        {label}
      </a>
    ))}
    {(view.filters.length > 0 ||
      view.fields.some(({ chosen }) => chosen.length > 0) ||
      view.query !== "" ||
      view.type !== "" ||
      view.date !== "") && (
      <a href="/screener" hx-get="/screener" hx-target="#screen" hx-swap="outerHTML" hx-push-url="true">
        Clear all
      </a>
    )}
  </nav>
);

const Basics = ({ view }: { view: ScreenView }) => (
  <div class="screen-basics">
    <div class="field wide">
      <label for="screen-q">Symbol or name</label>
      <input id="screen-q" name="q" type="search" value={view.query} autocomplete="off" spellcheck={false} />
    </div>
    <div class="field">
      <label for="screen-type">Type</label>
      <select id="screen-type" name="type">
        <option value="">All types</option>
        {view.type !== "" && !view.types.some(({ type }) => type === view.type) && (
          <option value={view.type} selected>
            {view.type}
          </option>
        )}
        {view.types.map(({ type, count }) => (
          <option value={type} selected={type === view.type}>
            {`${type} (${formatInteger(count)})`}
          </option>
        ))}
      </select>
    </div>
    <div class="field">
      <label for="screen-date">As of</label>
      <input
        id="screen-date"
        name="date"
        type="date"
        value={view.date}
        max={view.newest}
        aria-describedby="screen-date-hint"
      />
      <p class="hint" id="screen-date-hint">
        Empty: {formatDate(view.newest)}
      </p>
    </div>
    <button type="submit" class="button primary" id="screen-run">
      Run
    </button>
    {view.survivorship && (
      <label class="check">
        <input type="checkbox" name="survivors" value="true" checked={view.survivors} />
        Only tickers that still trade today
      </label>
    )}
  </div>
);

const sample = (indicator: Indicator) =>
  indicator.kind === "change" || indicator.kind === "percent" ? "10%" : indicator.kind === "dollars" ? "1M" : "";

const Filter = ({ filter: { indicator, min, max, without } }: { filter: ScreenFilter }) => {
  const { column, label, kind, hint } = indicator;
  return (
    <fieldset class="screen-filter">
      <legend title={hint}>{label}</legend>
      <input
        name={`${column}_min`}
        value={boundText(kind, min)}
        placeholder={`least ${sample(indicator)}`}
        aria-label={`${label}, at least`}
        inputmode="text"
        autocomplete="off"
      />
      <span aria-hidden="true">to</span>
      <input
        name={`${column}_max`}
        value={boundText(kind, max)}
        placeholder={`most ${sample(indicator)}`}
        aria-label={`${label}, at most`}
        inputmode="text"
        autocomplete="off"
      />
      <ScreenLink url={without} class="remove" label={`Remove the filter on ${label}`}>
        ✕
      </ScreenLink>
    </fieldset>
  );
};

const AddFilter = ({ view }: { view: ScreenView }) => (
  <fieldset class="screen-filter add">
    <legend class="visually-hidden">Another filter</legend>
    <select name="add" aria-label="Indicator to filter by">
      <option value="">Add a filter…</option>
      {view.groups.map(({ group, indicators }) => (
        <optgroup label={group}>
          {indicators
            .filter(({ kind }) => kind !== "text" && kind !== "boolean")
            .map(({ column, label }) => (
              <option value={column}>{label}</option>
            ))}
        </optgroup>
      ))}
    </select>
    <input name="add_min" placeholder="at least" aria-label="At least" autocomplete="off" />
    <span aria-hidden="true">to</span>
    <input name="add_max" placeholder="at most" aria-label="At most" autocomplete="off" />
    <button type="submit" class="button" id="screen-apply">
      Add
    </button>
  </fieldset>
);

const YesOrNo = ({ field: { indicator, chosen } }: { field: ChoiceField }) => (
  <select name={`${indicator.column}_is`} aria-label={indicator.label} title={indicator.hint}>
    <option value="">Any</option>
    {[
      ["true", "Yes"],
      ["false", "No"],
    ].map(([value, text]) => (
      <option value={value} selected={chosen.length === 1 && chosen[0] === value}>
        {text}
      </option>
    ))}
  </select>
);

const Choices = ({ field: { indicator, chosen, choices, typed } }: { field: ChoiceField }) =>
  choices === null ? (
    <input
      name={`${indicator.column}_is`}
      value={typed}
      placeholder="exactly, a | b for either"
      aria-label={indicator.label}
      autocomplete="off"
      spellcheck={false}
    />
  ) : (
    <details class="screen-choices">
      <summary>{chosen.length === 0 ? "Any" : chosen.join(", ")}</summary>
      <div class="choices">
        {choices.map(({ text, value, count, isChosen }) => (
          <label class="check">
            <input type="checkbox" name={`${indicator.column}_is`} value={value} checked={isChosen} />
            {text === "" ? "(empty)" : text} <span class="note">{formatInteger(count)}</span>
          </label>
        ))}
        <button type="submit" class="button">
          Apply
        </button>
      </div>
    </details>
  );

/** The texts of the people's own models, such as a sector, and their yes and no. */
const Own = ({ view }: { view: ScreenView }) =>
  view.fields.length === 0 ? null : (
    <div class="screen-filters" id="screen-own">
      {view.fields.map((field) => (
        <fieldset class="screen-filter">
          <legend title={`${field.indicator.hint} (${field.indicator.group})`}>{field.indicator.label}</legend>
          {field.isYesOrNo ? <YesOrNo field={field} /> : <Choices field={field} />}
        </fieldset>
      ))}
    </div>
  );

const Columns = ({ view }: { view: ScreenView }) => (
  <details class="screen-columns" id="screen-columns">
    <summary>
      Columns <span class="note">{view.columns.length} shown</span>
    </summary>
    <div class="column-groups">
      {view.groups.map(({ group, indicators }) => (
        <fieldset>
          <legend>{group}</legend>
          {indicators.map(({ column, label, hint, isShown }) => (
            <label class="check" title={hint}>
              <input type="checkbox" name="columns" value={column} checked={isShown} />
              {label}
            </label>
          ))}
        </fieldset>
      ))}
    </div>
    <button type="submit" class="button" id="screen-show">
      Show these columns
    </button>
  </details>
);

/** What to find: a plain form whose answer has everything in its address. Exchanged whole, so that what was typed is not kept. */
export const ScreenForm = ({ view, saved }: { view: ScreenView; saved: SavedScreenLink[] }) => (
  <search>
    <Presets view={view} saved={saved} />
    <form
      class="screen-form"
      method="get"
      action="/screener"
      aria-label="Screen"
      hx-get="/screener"
      hx-trigger="submit"
      hx-target="#screen"
      hx-swap="outerHTML"
      hx-sync="this:replace"
    >
      <input type="hidden" name="sort" value={view.sort} />
      {view.keptColumns.map((column) => (
        <input type="hidden" name="columns" value={column} />
      ))}
      <Basics view={view} />
      <Own view={view} />
      <div class="screen-filters">
        {view.filters.map((filter) => (
          <Filter filter={filter} />
        ))}
        <AddFilter view={view} />
      </div>
      <p class="hint">
        Numbers as you write them: 0.1 or 10%, 1000000 or 1M. A ticker without the number, such as an average whose
        window is not full, is left out by a filter on it.
      </p>
      <Columns view={view} />
    </form>
  </search>
);
