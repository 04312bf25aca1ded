import { Empty, Section } from "./components.tsx";
import { formatCount } from "./format.ts";
import { Page, toDocument } from "./layout.tsx";
import type { Hit } from "./search-types.ts";
import type { Shell } from "./shell.ts";
import { type SitePage, siteGroups, sitePages } from "./site.ts";

const counted = (query: string, hits: Hit[]) =>
  query === "" ? "" : hits.length === 0 ? `Nothing is called “${query}”` : formatCount(hits.length, "result");

/** What the palette found: options of its list box. Its script reads where each leads. */
export const PaletteResults = ({ query, hits }: { query: string; hits: Hit[] }) => (
  <div id="palette-results" data-query={query}>
    <p class="palette-count" role="status">
      {query === "" ? "Type a symbol, a name, a page, a run’s number…" : counted(query, hits)}
    </p>
    <div role="listbox" id="palette-list" aria-label="Results">
      {hits.map(({ kind, label, note, href }, index) => (
        // biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the box that names the active one
        <div role="option" id={`palette-${index}`} aria-selected={index === 0} data-href={href}>
          <b>{label}</b>
          <span class="note">{note}</span>
          <small>{kind}</small>
        </div>
      ))}
    </div>
  </div>
);

const Keys = ({ page }: { page: SitePage }) =>
  page.key === undefined ? null : (
    <span class="keys">
      <kbd>g</kbd> <kbd>{page.key}</kbd>
    </span>
  );

/** Every shortcut, in the words of the list of pages. */
export const ShortcutList = () => (
  <div id="shortcut-list">
    <dl class="shortcuts">
      <div>
        <dt>
          <kbd>Ctrl</kbd> <kbd>K</kbd> or <kbd>/</kbd>
        </dt>
        <dd>Search everything</dd>
      </div>
      <div>
        <dt>
          <kbd>?</kbd>
        </dt>
        <dd>These shortcuts</dd>
      </div>
      {sitePages
        .filter(({ key }) => key !== undefined)
        .map((page) => (
          <div>
            <dt>
              <Keys page={page} />
            </dt>
            <dd>{page.label}</dd>
          </div>
        ))}
    </dl>
  </div>
);

const Results = ({ hits }: { hits: Hit[] }) => (
  <ul class="hits">
    {hits.map(({ kind, label, note, href }) => (
      <li>
        <a href={href}>{label}</a>
        <span class="note">{note}</span>
        <small>{kind}</small>
      </li>
    ))}
  </ul>
);

/** All pages, for who has not typed yet. */
const Everything = () => (
  <div class="site-map">
    {siteGroups.map((group) => (
      <Section id={`group-${group.toLowerCase()}`} title={group}>
        <ul>
          {sitePages
            .filter((page) => page.group === group)
            .map((page) => (
              <li>
                <a href={page.href}>{page.label}</a> <Keys page={page} />
                <span class="note">{page.description}</span>
              </li>
            ))}
        </ul>
      </Section>
    ))}
  </div>
);

/** Search over everything that has a name; a plain form, which opens the ticker that is typed as it is called. */
export const searchPage = ({ shell, query, hits }: { shell: Shell; query: string; hits: Hit[] }) =>
  toDocument(
    <Page title={query === "" ? "Search" : `${query}, search`} shell={shell}>
      <header class="page-head">
        <h1>Search</h1>
      </header>
      <search>
        <form class="find-form" method="get" action="/search">
          <label for="search-q" class="visually-hidden">
            Symbol, name, page, number of a run
          </label>
          <input
            id="search-q"
            name="q"
            type="search"
            value={query}
            placeholder="Symbol, name, page, run’s number…"
            autocomplete="off"
            spellcheck={false}
            autofocus
          />
          <input type="hidden" name="go" value="1" />
          <button type="submit" class="button">
            Search
          </button>
        </form>
      </search>
      {query !== "" && (
        <p class="note" role="status">
          {counted(query, hits)}
        </p>
      )}
      {query === "" ? (
        <Everything />
      ) : hits.length > 0 ? (
        <Results hits={hits} />
      ) : (
        <Empty>
          <p>
            Symbols and names of tickers, pages, jobs, runs and backfills by their number, scenarios, models, columns
            and tests are looked for. <a href="/search">Show every page</a>
          </p>
        </Empty>
      )}
    </Page>,
  );
