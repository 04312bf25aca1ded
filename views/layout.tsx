import { html } from "hono/html";
import type { Child, PropsWithChildren } from "hono/jsx";
import { Banners } from "./banners.tsx";
import { plainAssets, type Shell } from "./shell.ts";

/** A double bar, thin and thick, as at the end of a score. */
const Mark = () => (
  <svg class="mark" viewBox="0 0 20 24" width="20" height="24" aria-hidden="true">
    <path d="M1 7.5h3v9h-3zM2.5 4v16M8 3v18" />
    <path class="thick" d="M14.5 3v18" />
  </svg>
);

type NavigationItem = { href: string; label: string; count?: number };
/** Of a folded group the row shows the first item alone; the others are below it on the pages of the group. */
type NavigationGroup = { id: string; label: string; isFolded?: boolean; items: NavigationItem[] };

/** Where one can go: the pipeline and its jobs, the market it fetches, and what keeps it going. */
const navigationGroups = (shell: Shell): NavigationGroup[] => [
  {
    id: "pipeline",
    label: "Pipeline",
    items: [
      { href: "/", label: "Overview" },
      { href: "/grid", label: "Grid" },
      { href: "/calendar", label: "Calendar" },
      { href: "/graph", label: "Graph" },
      { href: "/datasets", label: "Datasets" },
      { href: "/backfills", label: "Backfills" },
    ],
  },
  {
    id: "jobs",
    label: "Jobs",
    items: shell.jobs.map(({ id, title }) => ({ href: `/jobs/${encodeURIComponent(id)}`, label: title })),
  },
  {
    id: "market",
    label: "Market",
    items: [
      { href: "/market", label: "Market" },
      { href: "/screener", label: "Screener" },
      { href: "/tickers", label: "Tickers" },
      { href: "/quality", label: "Quality" },
    ],
  },
  {
    id: "backtest",
    label: "Backtest",
    isFolded: true,
    items: [
      { href: "/backtest", label: "Backtest" },
      { href: "/scenarios", label: "Scenarios" },
      { href: "/sweeps", label: "Sweeps" },
      { href: "/strategies", label: "Strategies" },
      { href: "/sql", label: "SQL" },
    ],
  },
  {
    id: "system",
    label: "System",
    items: [
      { href: "/alerts", label: "Alerts", count: shell.openAlerts },
      { href: "/activity", label: "Activity" },
      { href: "/system", label: "System" },
      { href: "/export", label: "Export" },
      { href: "/about", label: "About" },
    ],
  },
];

/** `page` on the page itself, `true` on those below it, such as one ticker. */
function currentAt(path: string, href: string): "page" | "true" | undefined {
  if (path === href) return "page";
  return href !== "/" && path.startsWith(`${href}/`) ? "true" : undefined;
}

/** The first item of a folded group stands for all of it. */
function currentIn({ isFolded, items }: NavigationGroup, index: number, path: string): "page" | "true" | undefined {
  const current = currentAt(path, items[index]?.href ?? "");
  if (current !== undefined || index > 0 || !isFolded) return current;
  return items.some(({ href }) => currentAt(path, href)) ? "true" : undefined;
}

/** A row of links where there is room for one; elsewhere a popover behind a button, which needs no script. */
const Navigation = ({ shell }: { shell: Shell }) => {
  const groups = navigationGroups(shell);
  const here = groups.flatMap(({ items }) => items).find(({ href }) => currentAt(shell.path, href));
  return (
    <>
      <button type="button" class="nav-button" popovertarget="main-nav">
        <span class="visually-hidden">Menu, at </span>
        {here?.label ?? "Menu"}
        <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
          <path d="M2.5 4.5h11M2.5 8h11M2.5 11.5h11" />
        </svg>
      </button>
      <nav class="main-nav" id="main-nav" aria-label="Main" popover="auto">
        {groups.map((group) => (
          <div class={`nav-group ${group.isFolded ? "is-folded" : ""}`}>
            <p id={`nav-${group.id}`}>{group.label}</p>
            <ul aria-labelledby={`nav-${group.id}`}>
              {group.items.map(({ href, label: text, count = 0 }, index) => (
                <li>
                  <a href={href} aria-current={currentIn(group, index, shell.path)}>
                    {text}
                    {count > 0 && (
                      <span class="open-count">
                        {count}
                        <span class="visually-hidden"> open</span>
                      </span>
                    )}
                  </a>
                </li>
              ))}
            </ul>
          </div>
        ))}
      </nav>
    </>
  );
};

/** The other pages of a folded group, on those of the group. */
const GroupNavigation = ({ shell }: { shell: Shell }) => {
  const group = navigationGroups(shell).find(
    ({ isFolded, items }) => isFolded && items.some(({ href }) => currentAt(shell.path, href)),
  );
  return group === undefined || group.items.length < 2 ? null : (
    <nav class="filter group-nav" aria-label={group.label}>
      {group.items.map(({ href, label }) => (
        <a href={href} aria-current={currentAt(shell.path, href) && "true"}>
          {label}
        </a>
      ))}
    </nav>
  );
};

type PageProps = PropsWithChildren<{
  title: string;
  shell: Shell;
  hasChart?: boolean;
  /** Whether one of its scripts draws plots, which need a style sheet of their own. */
  hasPlot?: boolean;
  /** Scripts that only this page needs, of the shell's assets. */
  scripts?: string[];
}>;

const Head = ({ title, shell, hasChart, hasPlot, scripts = [] }: PageProps) => (
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    {/* Open disclosures stay open when a fragment is refreshed; the style sheet has the indicator's rules. */}
    <meta name="htmx-config" content='{"morphIgnore":["data-htmx-powered","open"],"includeIndicatorCSS":false}' />
    <title>{`${title} · Barline`}</title>
    <link rel="icon" href={shell.assets.icon} type="image/svg+xml" />
    <link rel="stylesheet" href={shell.assets.styles} />
    {(hasChart || hasPlot) && <link rel="stylesheet" href={shell.assets.chartStyles} />}
    <script src={shell.assets.theme} />
    <script src={shell.assets.htmx} defer />
    <script src={shell.assets.app} defer />
    {hasChart && <script src={shell.assets.chart} defer />}
    {scripts.map((src) => (
      <script src={src} defer />
    ))}
  </head>
);

/** A whole page: head, navigation, banners, the page's own content, footer. */
export const Page = (props: PageProps) => (
  <html lang="en">
    <Head {...props} />
    <body class={props.shell.mayChange ? undefined : "looks-only"}>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header class="top">
        <a class="brand" href="/">
          <Mark />
          Barline
        </a>
        <Navigation shell={props.shell} />
        <button type="button" class="theme" id="theme-toggle" hidden>
          <span class="visually-hidden">Switch between light and dark</span>
          <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
            <path d="M8 1.8a6.2 6.2 0 1 0 0 12.4z" />
            <circle cx="8" cy="8" r="6.2" />
          </svg>
        </button>
      </header>
      <Banners shell={props.shell} />
      <main id="main" tabindex={-1}>
        <GroupNavigation shell={props.shell} />
        {props.children}
      </main>
      <footer class="foot">
        <p>
          Barline {props.shell.version} · times in New York, UTC on hover · <a href="/api/openapi.json">API</a> ·{" "}
          <a href="/about">About the data</a>
        </p>
        {props.shell.canSignOut && (
          <form method="post" action="/sign-out" class="sign-out">
            <button type="submit" class="link">
              Sign out
            </button>
          </form>
        )}
      </footer>
    </body>
  </html>
);

/** A page without the application around it, for errors and sign-in: needs no database. */
export const BarePage = ({ title, children }: PropsWithChildren<{ title: string }>) => (
  <html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <title>{`${title} · Barline`}</title>
      <link rel="icon" href={plainAssets.icon} type="image/svg+xml" />
      <link rel="stylesheet" href={plainAssets.styles} />
      <script src={plainAssets.theme} />
    </head>
    <body class="bare">
      <main id="main">
        <p class="brand">
          <Mark />
          Barline
        </p>
        {children}
      </main>
    </body>
  </html>
);

/** A page with the doctype that keeps browsers out of quirks mode. */
export const toDocument = (page: Child) => html`<!doctype html>${page}`;
