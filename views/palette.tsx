/** The way to everything by its name. A link to the page of search, which a script opens here instead. */
export const Find = () => (
  <a class="find" href="/search" id="find">
    <svg viewBox="0 0 16 16" width="15" height="15" aria-hidden="true">
      <path d="M7 2.5a4.5 4.5 0 1 1 0 9a4.5 4.5 0 1 1 0-9M10.4 10.4l3.3 3.3" />
    </svg>
    <span>Search</span>
    <kbd>Ctrl K</kbd>
  </a>
);

/** The dialogs that the script opens; without one they stay closed. */
export const Palette = () => (
  <>
    <dialog id="palette" class="palette" aria-label="Search">
      <form method="get" action="/search">
        <input
          id="palette-q"
          name="q"
          type="text"
          role="combobox"
          aria-expanded="true"
          aria-controls="palette-list"
          aria-autocomplete="list"
          aria-label="Symbol, name, page, number of a run"
          placeholder="Symbol, name, page, run’s number…"
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          maxlength={80}
          hx-get="/search"
          hx-trigger="input delay:60ms, look"
          hx-target="#palette-results"
          hx-swap="outerHTML"
          hx-sync="this:replace"
        />
      </form>
      <div id="palette-results" data-query="">
        <p class="palette-count" role="status" />
        <div role="listbox" id="palette-list" aria-label="Results" />
      </div>
      <p class="palette-foot">
        <span>
          <kbd>↑</kbd> <kbd>↓</kbd> choose, <kbd>Enter</kbd> open, <kbd>Esc</kbd> close
        </span>
        <button type="button" class="link" id="palette-shortcuts">
          Shortcuts
        </button>
      </p>
    </dialog>
    <dialog id="shortcuts" class="palette" aria-labelledby="shortcuts-title">
      <h2 id="shortcuts-title">Shortcuts</h2>
      <div id="shortcut-list" hx-get="/search" hx-trigger="look" hx-swap="outerHTML" />
      <p class="palette-foot">
        <label class="check">
          <input type="checkbox" id="shortcuts-on" checked />
          Use shortcuts in this browser
        </label>
        <button type="button" class="button" id="shortcuts-close">
          Close
        </button>
      </p>
    </dialog>
  </>
);
