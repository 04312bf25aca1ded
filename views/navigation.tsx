import type { Shell } from "./shell.ts";
import { type SiteGroup, type SitePage, siteGroups, sitePageAt, sitePages } from "./site.ts";

type Item = Pick<SitePage, "group" | "href" | "label" | "covers"> & { key?: string; count?: number };

/** The pages of the site, with the jobs among those of the pipeline. */
function itemsOf(shell: Shell): Item[] {
  const jobs = shell.jobs.map(
    ({ id, title }): Item => ({
      group: "Pipeline",
      href: `/jobs/${encodeURIComponent(id)}`,
      label: title,
    }),
  );
  const items = sitePages.map((page): Item => (page.href === "/alerts" ? { ...page, count: shell.openAlerts } : page));
  return [...items.slice(0, 1), ...jobs, ...items.slice(1)];
}

/** `page` on the page itself, `true` on those below it, such as one ticker. */
const currentAt = (item: Item, here: Item | undefined, path: string) =>
  item === here ? (item.href === path ? "page" : "true") : undefined;

const OpenCount = ({ count }: { count: number }) =>
  count > 0 ? (
    <span class="open-count">
      {count}
      <span class="visually-hidden"> open</span>
    </span>
  ) : null;

const Items = ({ items, here, path }: { items: Item[]; here: Item | undefined; path: string }) => (
  <ul>
    {items.map((item) => (
      <li>
        <a href={item.href} aria-current={currentAt(item, here, path)} data-key={item.key}>
          {item.label}
          <OpenCount count={item.count ?? 0} />
        </a>
      </li>
    ))}
  </ul>
);

const Group = (props: { group: SiteGroup; items: Item[]; here: Item | undefined; path: string }) => {
  const count = props.items.reduce((total, item) => total + (item.count ?? 0), 0);
  return (
    <details class="nav-group" name="nav-group">
      <summary class={props.here?.group === props.group ? "is-here" : undefined}>
        {props.group}
        <OpenCount count={count} />
        <svg viewBox="0 0 10 10" width="10" height="10" aria-hidden="true">
          <path d="M2 3.5l3 3 3-3" />
        </svg>
      </summary>
      <Items items={props.items} here={props.here} path={props.path} />
    </details>
  );
};

/**
 * Where one can go. Where there is room, a menu a group, and below them the pages of the group that one is in; elsewhere all of them in a
 * drawer behind one button. A pointer opens a menu by being there, everything else by asking; none of it needs a script.
 */
export const Navigation = ({ shell }: { shell: Shell }) => {
  const items = itemsOf(shell);
  const here = sitePageAt(items, shell.path);
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
        {siteGroups.map((group) => (
          <Group group={group} items={items.filter((item) => item.group === group)} here={here} path={shell.path} />
        ))}
      </nav>
    </>
  );
};

/** The pages of the group that one is in, side by side. */
export const GroupNavigation = ({ shell }: { shell: Shell }) => {
  const items = itemsOf(shell);
  const here = sitePageAt(items, shell.path);
  return here === undefined ? null : (
    <nav class="group-nav" aria-label={here.group}>
      <Items items={items.filter(({ group }) => group === here.group)} here={here} path={shell.path} />
    </nav>
  );
};
