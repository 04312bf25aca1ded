import { Empty, Instant, Section, State, TableScroll } from "../components.tsx";
import { formatDate, formatSession, none } from "../format.ts";
import { Page, toDocument } from "../layout.tsx";
import type { Shell } from "../shell.ts";
import { tickerHref } from "../ticker-href.ts";
import type { BarLineage, LineageView, WayRun } from "./lineage-types.ts";

/** One value of a bar: what the vendor calls it, and what the raw table and the models do. */
const fields = [
  { label: "Open", vendor: "o", loaded: "open", model: "open_price" },
  { label: "High", vendor: "h", loaded: "high", model: "high_price" },
  { label: "Low", vendor: "l", loaded: "low", model: "low_price" },
  { label: "Close", vendor: "c", loaded: "close", model: "close_price" },
  { label: "Volume", vendor: "v", loaded: "volume", model: "volume" },
  { label: "VWAP", vendor: "vw", loaded: "vwap", model: "volume_weighted_average_price" },
  { label: "Trades", vendor: "n", loaded: "transactions", model: "transactions" },
] as const;
const shared = new Set<string>(fields.map(({ model }) => model));

const lakeHref = (key: string) => `/lake?${new URLSearchParams({ key })}`;
const nodeHref = (name: string) => `/quality/${name.includes(".") ? "sources" : "models"}/${encodeURIComponent(name)}`;

const Run = ({ run, what }: { run: WayRun | null; what: string }) =>
  run === null ? (
    <span class="note">{what} has not come to it</span>
  ) : (
    <>
      <a href={`/runs/${run.runId}`}>run {run.runId}</a> <State state={run.state} /> <Instant at={run.at} />
    </>
  );

const Way = ({ lineage }: { lineage: BarLineage }) => (
  <ol class="way">
    <li>
      <b>Fetched</b> by <Run run={lineage.ingest} what="The ingest" />
      {lineage.raw && (
        <p>
          asking <code class="break">{lineage.raw.request}</code>; the answer is{" "}
          <a class="break" href={lakeHref(lineage.raw.key)}>
            {lineage.raw.key}
          </a>
          , listed in{" "}
          <a class="break" href={lakeHref(lineage.raw.manifest)}>
            its manifest
          </a>
        </p>
      )}
    </li>
    <li>
      <b>Loaded</b> by <Run run={lineage.load} what="The load" />
    </li>
    <li>
      <b>Built, tested, published</b> by <Run run={lineage.transform} what="The transform" />
    </li>
  </ol>
);

const rawValue = (lineage: BarLineage, name: string): string | null => {
  const row = lineage.raw?.row;
  const value = typeof row === "object" && row !== null ? (row as Record<string, unknown>)[name] : undefined;
  return value === undefined || value === null ? null : String(value);
};

/** Both as numbers: the vendor writes 1e6 where the table has 1000000. */
const differs = (a: string | null, b: string | null) => a !== null && b !== null && Number(a) !== Number(b);

const trimmed = (value: string | null | undefined) =>
  value == null ? none : /^-?\d+\.\d*0$/.test(value) ? value.replace(/\.?0+$/, "") : value;

const SideBySide = ({ lineage }: { lineage: BarLineage }) => (
  <TableScroll label="The bar in each relation">
    <table>
      <thead>
        <tr>
          <th scope="col">Value</th>
          <th scope="col" class="number">
            As answered
          </th>
          {lineage.stages.map(({ name, title }) => (
            <th scope="col" class="number">
              <a href={nodeHref(name)}>{title}</a>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {fields.map(({ label, vendor, loaded, model }) => {
          const answered = rawValue(lineage, vendor);
          return (
            <tr>
              <th scope="row">{label}</th>
              <td class="number">
                {answered ?? none} <code class="note">{vendor}</code>
              </td>
              {lineage.stages.map(({ row }, index) => (
                <td class="number">
                  {trimmed(row?.[index === 0 ? loaded : model])}
                  {index === 0 && differs(answered, row?.[loaded] ?? null) && (
                    <State state="warn" label="another answer’s" />
                  )}
                </td>
              ))}
            </tr>
          );
        })}
      </tbody>
    </table>
  </TableScroll>
);

/** The factor as the product that it is. */
const Splits = ({ lineage }: { lineage: BarLineage }) => {
  const factor = lineage.stages.map(({ row }) => row?.split_factor).find((value) => value != null);
  return (
    <p class="note">
      {lineage.splits.length === 0
        ? "No split has taken effect since this session: adjusted prices are those that were traded."
        : `Prices are multiplied by ${trimmed(factor)} and the volume divided by it, for ${lineage.splits
            .map(({ date, from, to }) => `the split ${to} for ${from} of ${formatDate(date)}`)
            .join(" and ")}.`}
    </p>
  );
};

const Calculated = ({ lineage }: { lineage: BarLineage }) => {
  const published = lineage.stages.at(-1);
  const columns = Object.entries(published?.row ?? {}).filter(([name]) => !shared.has(name));
  if (!published || columns.length === 0) return null;
  return (
    <Section
      id="calculated"
      title="Everything else that is published of this session"
      note="Calculated from these values and the bars before; each name leads to its definition"
    >
      <dl class="calculated">
        {columns.map(([name, value]) => (
          <div>
            <dt>
              <a href={`${nodeHref(published.name)}#column-${encodeURIComponent(name)}`}>
                <code>{name}</code>
              </a>
            </dt>
            <dd>{trimmed(value)}</dd>
          </div>
        ))}
      </dl>
    </Section>
  );
};

/** Where the bar goes on to: the people's own models, which are no part of the way that it came. */
const Fed = ({ fed }: { fed: BarLineage["fed"] }) =>
  fed.length === 0 ? null : (
    <Section
      id="fed"
      title="What your own models have of it"
      note="Models of the workspace by ticker or security and session; each name leads to its definition"
    >
      {fed.map(({ model, problem, values }) => (
        <>
          <h3>
            <a href={nodeHref(model)}>{model}</a>
          </h3>
          {problem && <p class="note">{problem}</p>}
          <dl class="calculated">
            {values.map(({ column, description, value }) => (
              <div title={description || undefined}>
                <dt>
                  <a href={`${nodeHref(model)}#column-${encodeURIComponent(column)}`}>
                    <code>{column}</code>
                  </a>
                </dt>
                <dd>{value === null ? none : String(value)}</dd>
              </div>
            ))}
          </dl>
        </>
      ))}
    </Section>
  );

const File = ({ lakeKey }: { lakeKey: string }) => (
  <a class="break" href={lakeHref(lakeKey)}>
    {lakeKey}
  </a>
);

/** What the vendor took back, or seems to: which answers lack the bar, and which stated it. */
const TakenBack = ({ lineage }: { lineage: BarLineage }) =>
  lineage.withdrawn.length === 0 && lineage.doubt === null ? null : (
    <Section
      id="taken-back"
      title="Taken back by the vendor"
      note="A bar is withdrawn once two complete answers in a row lack it"
    >
      {lineage.doubt && (
        <p>
          <State state="warn" label="doubtful" /> since <Instant at={lineage.doubt.since} />:{" "}
          <File lakeKey={lineage.doubt.lakeKey} /> lacks it. It stands until the next answer lacks it too.
        </p>
      )}
      {lineage.withdrawn.map((withdrawn) => (
        <>
          <p>
            Withdrawn <Instant at={withdrawn.withdrawnAt} />: <File lakeKey={withdrawn.doubtedKey} /> and{" "}
            <File lakeKey={withdrawn.withdrawnKey} /> lack it
            {withdrawn.statedKey && (
              <>
                {" "}
                where <File lakeKey={withdrawn.statedKey} /> stated it
              </>
            )}
            .{" "}
            {withdrawn.returnedAt && (
              <>
                The vendor has stated it again <Instant at={withdrawn.returnedAt} />.
              </>
            )}
          </p>
          <p class="note">
            It said{" "}
            {fields.map(({ label, loaded }) => `${label.toLowerCase()} ${withdrawn.bar[loaded] ?? none}`).join(", ")}.
          </p>
        </>
      ))}
    </Section>
  );

const Lineage = ({ lineage }: { lineage: BarLineage }) => (
  <>
    <Section
      id="way"
      title="The way it came"
      note={`${lineage.ticker}, ${formatSession(lineage.session)}`}
      aside={<a href={tickerHref(lineage.ticker, lineage.session)}>{lineage.ticker}’s chart</a>}
    >
      <Way lineage={lineage} />
    </Section>
    <TakenBack lineage={lineage} />
    <Section id="values" title="The bar in each place" note="From the vendor’s answer to what pages show">
      <SideBySide lineage={lineage} />
      <Splits lineage={lineage} />
      {lineage.raw && (
        <details id="raw-row">
          <summary>The row as the vendor answered it</summary>
          <pre class="sql">
            <code>{JSON.stringify(lineage.raw.row, null, 2)}</code>
          </pre>
        </details>
      )}
    </Section>
    <Calculated lineage={lineage} />
    <Fed fed={lineage.fed} />
  </>
);

/** Where a published number comes from: the run, the raw object, and every value on the way. */
export const lineagePage = ({ shell, view }: { shell: Shell; view: LineageView }) =>
  toDocument(
    <Page title={view.lineage ? `${view.ticker}, ${view.date}` : "Lineage"} shell={shell}>
      <header class="page-head">
        <h1>Where a number comes from</h1>
      </header>
      <form class="quality-filter" action="/quality/lineage" aria-label="Ticker and session">
        <div class="field">
          <label for="lineage-ticker">Ticker</label>
          <input id="lineage-ticker" name="ticker" value={view.ticker} autocomplete="off" spellcheck={false} />
        </div>
        <div class="field">
          <label for="lineage-date">Session</label>
          <input id="lineage-date" type="date" name="date" value={view.date} />
        </div>
        <button type="submit" class="button">
          Look
        </button>
      </form>
      {view.problem && (
        <Empty>
          <p>{view.problem}</p>
        </Empty>
      )}
      {view.lineage && <Lineage lineage={view.lineage} />}
    </Page>,
  );
