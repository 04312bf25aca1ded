/**
 * Keeps a log's end live. New lines come as server-sent events whose id is that of their last line: after a cut, or when
 * the page is seen again, they go on after the last that is shown. A page that nobody sees holds no connection, of which
 * browsers allow six to a server.
 */

/** Lines kept in the page; the whole log is behind its download. */
const mostLines = 5000;
/** Milliseconds before a connection that was refused is asked for again. EventSource itself only tries again after a cut. */
const askAgainMs = 2000;
/** Pixels above the end that still count as being there. */
const endSlack = 24;

const part = <T extends HTMLElement>(name: string) => document.querySelector<T>(`[data-log="${name}"]`);

type End = { stick(): void; grew(lines: number): void };

/** The end of the list: kept in sight while one follows, and offered while one reads further up. */
function wireEnd(scroll: HTMLElement): End {
  const jump = part<HTMLAnchorElement>("jump");
  const follow = document.querySelector<HTMLInputElement>("#log-follow");
  let unseen = 0;
  const show = () => {
    if (!jump) return;
    const isAtEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < endSlack;
    if (isAtEnd) unseen = 0;
    jump.hidden = isAtEnd;
    jump.textContent = unseen > 0 ? `Jump to the end, ${unseen} new` : "Jump to the end";
  };
  const stick = () => {
    scroll.scrollTop = scroll.scrollHeight;
    show();
  };
  jump?.addEventListener("click", (event) => {
    event.preventDefault();
    if (follow) follow.checked = true;
    stick();
    scroll.focus();
  });
  follow?.addEventListener("change", () => {
    if (follow.checked) stick();
  });
  // Who goes up wants to read there, and who comes back to the end wants to go on with it.
  let lastTop = scroll.scrollTop;
  scroll.addEventListener("scroll", () => {
    const isUp = scroll.scrollTop < lastTop;
    lastTop = scroll.scrollTop;
    const isAtEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < endSlack;
    if (follow && isUp && !isAtEnd) follow.checked = false;
    if (follow && isAtEnd) follow.checked = true;
    show();
  });
  return {
    stick,
    grew(lines) {
      unseen += lines;
      if (follow?.checked ?? true) stick();
      else show();
    },
  };
}

/** Appends what came, and lets go of the oldest lines where there are too many. */
function append(list: HTMLElement, html: string): number {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  const count = holder.content.childElementCount;
  document.querySelector("#log-empty")?.remove();
  list.append(holder.content);
  while (list.childElementCount > mostLines) list.firstElementChild?.remove();
  return count;
}

function follow(list: HTMLElement, url: string, end: End): void {
  const state = part("state");
  let last = Number(list.dataset.last);
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOver = false;

  const tell = (text: string, name: string) => {
    if (!state) return;
    state.textContent = text;
    state.dataset.state = name;
  };
  const close = () => {
    clearTimeout(timer);
    source?.close();
    source = undefined;
  };
  const open = () => {
    close();
    if (isOver || document.hidden) return;
    const opened = new EventSource(`${url}${url.includes("?") ? "&" : "?"}after=${last}`);
    source = opened;
    opened.addEventListener("open", () => tell("Live", "live"));
    opened.addEventListener("message", (event) => {
      const id = Number(event.lastEventId);
      if (id <= last) return;
      last = id;
      end.grew(append(list, event.data));
    });
    opened.addEventListener("end", () => {
      isOver = true;
      close();
      tell("The run is over; this is all.", "over");
      part("refresh")?.remove();
    });
    opened.addEventListener("error", () => {
      tell("Connection lost; trying again…", "lost");
      if (opened.readyState === EventSource.CLOSED) timer = setTimeout(open, askAgainMs);
    });
  };
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) return open();
    close();
    if (!isOver) tell("Paused while out of sight", "paused");
  });
  // A page that comes back from the browser's history finds its connection closed.
  addEventListener("pagehide", close);
  addEventListener("pageshow", () => {
    if (!source) open();
  });
  open();
}

/** Copies the whole log, not only what is shown. Where the browser has no clipboard for us (plain HTTP), there is no button. */
function wireCopy(): void {
  const button = part<HTMLButtonElement>("copy");
  if (!button || !navigator.clipboard) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      const answer = await fetch(button.dataset.from ?? "");
      if (!answer.ok) throw new Error(String(answer.status));
      await navigator.clipboard.writeText(await answer.text());
      button.textContent = "Copied";
    } catch {
      button.textContent = "Could not copy";
    }
  });
}

/** A filter takes effect as it is chosen; the text by Enter or the button. */
function wireFilter(): void {
  for (const select of document.querySelectorAll<HTMLSelectElement>(".log-filter select")) {
    select.addEventListener("change", () => select.form?.requestSubmit());
  }
}

function start(): void {
  wireCopy();
  wireFilter();
  const list = document.querySelector<HTMLElement>("#log");
  const box = document.querySelector<HTMLElement>("#log-scroll");
  if (!list || !box) return;
  const end = wireEnd(box);
  if (list.dataset.atEnd) end.stick();
  if (!list.dataset.stream) return;
  const label = part("follow-label");
  if (label) label.hidden = false;
  follow(list, list.dataset.stream, end);
}

start();
