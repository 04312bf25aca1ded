import { shortcutsAreOn } from "./shortcuts.ts";

const find = <Found extends Element>(selector: string) => document.querySelector<Found>(selector);
const dialog = () => find<HTMLDialogElement>("#palette");
const input = () => find<HTMLInputElement>("#palette-q");
const options = () => [...document.querySelectorAll<HTMLElement>("#palette-list [role=option]")];

/** Enter came before the answer to what was typed: the first of that is opened when it is there. */
let isWaiting = false;

function choose(option: HTMLElement | undefined): void {
  for (const other of options()) other.setAttribute("aria-selected", String(other === option));
  if (option) input()?.setAttribute("aria-activedescendant", option.id);
  else input()?.removeAttribute("aria-activedescendant");
  option?.scrollIntoView({ block: "nearest" });
}

const chosen = () => options().find((option) => option.getAttribute("aria-selected") === "true");

function move(by: number): void {
  const all = options();
  const at = all.indexOf(chosen() ?? document.body);
  choose(all[(at + by + all.length) % all.length]);
}

function go(option: HTMLElement | undefined, isNewTab: boolean): void {
  const href = option?.dataset.href;
  if (href === undefined) return;
  if (isNewTab) {
    window.open(href, "_blank");
    return;
  }
  dialog()?.close();
  location.assign(href);
}

const isAnswered = () => find<HTMLElement>("#palette-results")?.dataset.query === input()?.value.trim();

function onKey(event: KeyboardEvent): void {
  const moves: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 };
  const by = moves[event.key];
  if (by !== undefined) move(by);
  else if (event.key === "Enter" && isAnswered()) go(chosen(), event.ctrlKey || event.metaKey);
  else if (event.key === "Enter") isWaiting = true;
  else return;
  event.preventDefault();
}

function onAnswer({ target }: Event): void {
  if (target !== input()) return;
  choose(options()[0]);
  if (isWaiting && isAnswered()) {
    isWaiting = false;
    go(chosen(), false);
  }
}

/** Opens it with what was typed last, so that it can be gone on with or typed over. */
export function openPalette(): void {
  const box = input();
  if (!box || dialog()?.open) return;
  isWaiting = false;
  dialog()?.showModal();
  box.select();
  if (!isAnswered() || options().length === 0) box.dispatchEvent(new Event("look"));
}

/** The link to search opens the palette in its place; the browser gives the focus back when that closes. */
export function wirePalette(): void {
  const box = dialog();
  if (!box) return;
  input()?.addEventListener("keydown", onKey);
  box.querySelector("form")?.addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("htmx:after:swap", onAnswer);
  box.addEventListener("click", (event) => {
    const option = event.target instanceof Element ? event.target.closest<HTMLElement>("[role=option]") : null;
    // A click beside a dialog is on the dialog itself.
    if (event.target === box) box.close();
    if (option) go(option, event.ctrlKey || event.metaKey);
  });
  find<HTMLAnchorElement>("#find")?.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    openPalette();
  });
  document.addEventListener("keydown", (event) => {
    if (!shortcutsAreOn() || !(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "k") return;
    event.preventDefault();
    openPalette();
  });
}
