import type { Restatement, StatedBar } from "../../db/queries/market/read-restatements.ts";
import type { WithdrawnBar } from "../../db/queries/market/read-withdrawn.ts";
import { Instant, Section } from "../components.tsx";
import { formatDate, formatInteger, formatPrice, none } from "../format.ts";
import { OtherLabel } from "./ticker-names.tsx";

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

const lakeHref = (key: string) => `/lake?${new URLSearchParams({ key })}`;

/** Links to what the vendor answered before and after. */
const Files = ({ before, after }: { before: string | null; after: string | null }) => (
  <>
    {before !== null && (
      <>
        {" "}
        <a href={lakeHref(before)}>answer before</a>
      </>
    )}
    {after !== null && (
      <>
        {" "}
        <a href={lakeHref(after)}>answer after</a>
      </>
    )}
  </>
);

const Correction = ({ restatement, label }: { restatement: Restatement; label: string }) => {
  const { before, after } = restatement;
  return (
    <li>
      <b>{formatDate(restatement.date)}</b>
      <OtherLabel ticker={restatement.ticker} label={label} />{" "}
      <span class="note">
        corrected <Instant at={restatement.replacedAt} />
        <Files before={restatement.statedKey} after={restatement.replacedKey} />
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

const Withdrawal = ({ withdrawn, label }: { withdrawn: WithdrawnBar; label: string }) => (
  <li>
    <b>{formatDate(withdrawn.date)}</b>
    <OtherLabel ticker={withdrawn.ticker} label={label} />{" "}
    <span class="note">
      withdrawn <Instant at={withdrawn.withdrawnAt} />
      {withdrawn.returnedAt && (
        <>
          , back <Instant at={withdrawn.returnedAt} />
        </>
      )}
      <Files before={withdrawn.statedKey} after={withdrawn.withdrawnKey} />{" "}
      <a href={`/quality/lineage?${new URLSearchParams({ ticker: withdrawn.ticker, date: withdrawn.date })}`}>
        lineage
      </a>
    </span>
    <ul class="changed-values">
      {fields.map(({ key, label, format }) => {
        const value = withdrawn.bar[key];
        return (
          value !== null && (
            <li>
              {label} {withdrawn.returnedAt ? format(value) : <del>{format(value)}</del>}
            </li>
          )
        );
      })}
    </ul>
  </li>
);

type RestatementsProps = { label: string; restatements: Restatement[]; withdrawn: WithdrawnBar[] };

/** The bars of a security, which `label` is called now, that the vendor stated anew or took back, with their values as traded; nothing where there are none. */
export const Restatements = ({ label, restatements, withdrawn }: RestatementsProps) => {
  const told = [
    ...withdrawn.map((one) => ({ at: one.withdrawnAt, item: <Withdrawal withdrawn={one} label={label} /> })),
    ...restatements.map((one) => ({ at: one.replacedAt, item: <Correction restatement={one} label={label} /> })),
  ].sort((a, b) => b.at.getTime() - a.at.getTime());
  return told.length === 0 ? null : (
    <Section
      id="corrections"
      title="Corrected bars"
      note="Stated anew or taken back by the vendor, the newest first; as traded"
    >
      <ul class="corrections">{told.map(({ item }) => item)}</ul>
    </Section>
  );
};
