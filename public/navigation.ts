const openMenus = () => document.querySelectorAll<HTMLDetailsElement>("details.nav-group[open]");

function closeOnEscape(event: KeyboardEvent): void {
  if (event.key !== "Escape") return;
  for (const menu of openMenus()) {
    menu.open = false;
    if (menu.contains(document.activeElement)) menu.querySelector("summary")?.focus();
  }
}

/** A menu closes where somebody goes on elsewhere. */
function closeElsewhere({ target }: Event): void {
  for (const menu of openMenus()) if (!(target instanceof Node && menu.contains(target))) menu.open = false;
}

/** The menus of the navigation open and close by themselves; a script only makes them close on Escape and from outside. */
export function wireMenus(): void {
  document.addEventListener("keydown", closeOnEscape);
  document.addEventListener("pointerdown", closeElsewhere);
  document.addEventListener("focusin", closeElsewhere);
}
