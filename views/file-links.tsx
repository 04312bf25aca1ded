/** The same rows as files for other programs, beside the link to their CSV. */
const others = [
  { extension: "xlsx", label: "XLSX" },
  { extension: "parquet", label: "Parquet" },
];

/** Links to a table as CSV, and beside it in the other formats. `csv`: its address, whose extension says the format. */
export const FileLinks = ({ csv, label, isMain = true }: { csv: string; label: string; isMain?: boolean }) => (
  <span class="file-links">
    <a class={isMain ? "button" : undefined} href={csv} download>
      {label}
    </a>
    {others.map((other) => (
      <a href={csv.replace(/\.csv(?=\?|$)/, `.${other.extension}`)} download>
        <span class="visually-hidden">{label.replace(/\s*(as )?CSV$/, "")} as </span>
        {other.label}
      </a>
    ))}
  </span>
);
