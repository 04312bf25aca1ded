import { Section } from "../components.tsx";
import { formatDate, none } from "../format.ts";
import { OtherLabel } from "./ticker-names.tsx";

/** `ticker` is the label that it is listed under; `aside` why it does not count, and where that is decided. */
export type CorporateAction = {
  ticker: string;
  date: string;
  text: string;
  aside: { why: string; href: string | null } | null;
};

type CorporateActionsProps = { title: string; id: string; label: string; actions: CorporateAction[] };

/** Splits or dividends of a security, which `label` is called now. */
export const CorporateActions = ({ title, id, label, actions }: CorporateActionsProps) => (
  <Section id={id} title={title}>
    {actions.length === 0 ? (
      <p class="note">{none} none known</p>
    ) : (
      <ul class="actions-list">
        {actions.map((action) => (
          <li>
            <span>{formatDate(action.date)}</span> {action.aside ? <s>{action.text}</s> : <b>{action.text}</b>}
            <OtherLabel ticker={action.ticker} label={label} />
            {action.aside && (
              <small class="note">
                {action.aside.href === null ? action.aside.why : <a href={action.aside.href}>{action.aside.why}</a>}
              </small>
            )}
          </li>
        ))}
      </ul>
    )}
  </Section>
);
