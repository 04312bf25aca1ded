import { html } from "hono/html";
import type { Child, PropsWithChildren } from "hono/jsx";
import { Banners } from "./banners.tsx";
import { GroupNavigation, Navigation } from "./navigation.tsx";
import { Find, Palette } from "./palette.tsx";
import { plainAssets, type Shell } from "./shell.ts";

/** A double bar, thin and thick, as at the end of a score. */
const Mark = () => (
  <svg class="mark" viewBox="0 0 20 24" width="20" height="24" aria-hidden="true">
    <path d="M1 7.5h3v9h-3zM2.5 4v16M8 3v18" />
    <path class="thick" d="M14.5 3v18" />
  </svg>
);

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
        <Find />
        <button type="button" class="theme" id="theme-toggle" hidden>
          <span class="visually-hidden">Switch between light and dark</span>
          <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
            <path d="M8 1.8a6.2 6.2 0 1 0 0 12.4z" />
            <circle cx="8" cy="8" r="6.2" />
          </svg>
        </button>
      </header>
      <GroupNavigation shell={props.shell} />
      <Banners shell={props.shell} />
      <main id="main" tabindex={-1}>
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
      <Palette />
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
