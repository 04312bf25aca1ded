/** Where the browser keeps that somebody wants none. */
const storageKey = "shortcuts";
/** Between a `g` and the letter that says where to. */
const patienceMs = 1500;

export const shortcutsAreOn = (): boolean => localStorage.getItem(storageKey) !== "off";

/** Letters belong to whoever types, and to controls that choose by them. */
function isTyping({ target }: KeyboardEvent): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.closest("input, textarea, select, [role=combobox], [role=listbox]") !== null)
  );
}

const isPlain = (event: KeyboardEvent) => !(event.ctrlKey || event.metaKey || event.altKey || event.repeat);

function openShortcuts(): void {
  const dialog = document.querySelector<HTMLDialogElement>("#shortcuts");
  if (!dialog || dialog.open) return;
  for (const other of document.querySelectorAll("dialog[open]")) if (other instanceof HTMLDialogElement) other.close();
  dialog.showModal();
  dialog.querySelector("#shortcut-list:empty")?.dispatchEvent(new Event("look"));
}

function wireDialog(): void {
  const dialog = document.querySelector<HTMLDialogElement>("#shortcuts");
  const choice = document.querySelector<HTMLInputElement>("#shortcuts-on");
  if (!dialog || !choice) return;
  choice.checked = shortcutsAreOn();
  choice.addEventListener("change", () => {
    if (choice.checked) localStorage.removeItem(storageKey);
    else localStorage.setItem(storageKey, "off");
  });
  dialog.addEventListener("click", ({ target }) => {
    if (target === dialog || (target instanceof Element && target.id === "shortcuts-close")) dialog.close();
  });
  document.querySelector("#palette-shortcuts")?.addEventListener("click", openShortcuts);
}

/** Single keys: `/` searches, `?` lists them, `g` and a letter of the navigation goes there. None while somebody types. */
export function wireShortcuts(openPalette: () => void): void {
  let goingSince = Number.NEGATIVE_INFINITY;
  wireDialog();
  document.addEventListener("keydown", (event) => {
    if (!shortcutsAreOn() || !isPlain(event) || isTyping(event) || document.querySelector("dialog[open]")) return;
    const isGoing = event.timeStamp - goingSince < patienceMs;
    goingSince = event.key === "g" && !isGoing ? event.timeStamp : Number.NEGATIVE_INFINITY;
    const page = isGoing
      ? document.querySelector<HTMLAnchorElement>(`#main-nav a[data-key="${CSS.escape(event.key)}"]`)
      : null;
    if (page) location.assign(page.href);
    else if (event.key === "/") openPalette();
    else if (event.key === "?") openShortcuts();
    else return;
    event.preventDefault();
  });
}
