import { BarePage, toDocument } from "./layout.tsx";

export type ErrorPageProps = { status: number; title: string; message: string; requestId: string };

/** The page for what went wrong; needs no database, and tells nothing but what it is given. */
export const errorPage = ({ status, title, message, requestId }: ErrorPageProps) =>
  toDocument(
    <BarePage title={title}>
      <h1>{title}</h1>
      <p class="lead">{message}</p>
      <p>
        <a class="button" href="/">
          To the overview
        </a>
      </p>
      <p class="note">
        Status {status}, request <code>{requestId}</code>. The log has more under that id.
      </p>
    </BarePage>,
  );
