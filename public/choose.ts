const boxesOf = (all: HTMLInputElement) => [
  ...document.querySelectorAll<HTMLInputElement>(`input[type=checkbox][name="${all.dataset.chooses}"]`),
];

/** Lets one box choose all rows of its table. It shows how they stand, and only where a script can keep its word. */
export function wireChoice(): void {
  for (const all of document.querySelectorAll<HTMLInputElement>("input[data-chooses]")) {
    const tell = () => {
      const boxes = boxesOf(all);
      const chosen = boxes.filter(({ checked }) => checked).length;
      all.checked = chosen > 0 && chosen === boxes.length;
      all.indeterminate = chosen > 0 && chosen < boxes.length;
    };
    all.hidden = false;
    all.addEventListener("change", () => {
      for (const box of boxesOf(all)) box.checked = all.checked;
    });
    for (const box of boxesOf(all)) box.addEventListener("change", tell);
    tell();
  }
}
