import type { Restatement, StatedBar } from "../../db/queries/market/read-restatements.ts";
import { Instant, Section } from "../components.tsx";
import { formatDate, formatInteger, formatPrice, none } from "../format.ts";

const fields: { key: keyof StatedBar; label: string; format(value: number): string }[] = [
  { key: "open", label: "open", format: formatPrice },
  { key: "high", label: "high", format: formatPrice },
  { key: "low", label: "low", format: formatPrice },
  { key: "close", label: "close", format: formatPrice },
  { key: "vwap", label: "VWAP", format: formatPrice },
  { key: "volume", label: "volume", format: formatInteger },
  { key: "transactions", label: "trades", format: formatInteger },
];

/** Old and new value; all digits where rounded ones would look the same. */
function shownPair(before: number | null, after: number | null, format: (value: number) => string): [string, string] {
  const show = (write: (value: number) => string) => (value: number | null) => (value === null ? none : write(value));
  const [old, current] = [before, after].map(show(format));
  return old === current ? [show(String)(before), show(String)(after)] : [old ?? none, current ?? none];
}

const Correction = ({ restatement }: { restatement: Restatement }) => {
  const { before, after } = restatement;
  return (
    <li>
      <b>{formatDate(restatement.date)}</b>{" "}
      <span class="note">
        corrected <Instant at={restatement.replacedAt} />
      </span>
      <ul class="changed-values">
        {fields
          .filter(({ key }) => before[key] !== after[key])
          .map(({ key, label, format }) => {
            const [old, current] = shownPair(before[key], after[key], format);
            return (
              <li>
                {label} <del>{old}</del> <span class="visually-hidden">became</span>
                <span aria-hidden="true">→</span> <ins>{current}</ins>
              </li>
            );
          })}
      </ul>
    </li>
  );
};

/** The bars of a ticker that the vendor stated anew, with old and new values as traded; nothing where there are none. */
export const Restatements = ({ restatements }: { restatements: Restatement[] }) =>
  restatements.length === 0 ? null : (
    <Section id="corrections" title="Corrected bars" note="Stated anew by the vendor, the newest first; as traded">
      <ul class="corrections">
        {restatements.map((restatement) => (
          <Correction restatement={restatement} />
        ))}
      </ul>
    </Section>
  );
