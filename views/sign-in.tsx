import { describedBy, Field } from "./components.tsx";
import { BarePage, toDocument } from "./layout.tsx";

export type SignInPageProps = { error?: string; next?: string };

/** The form for the admin password; posts `password` and `next` to /sign-in. */
export const signInPage = ({ error, next }: SignInPageProps) =>
  toDocument(
    <BarePage title="Sign in">
      <h1>Sign in</h1>
      <form method="post" action="/sign-in" class="stack">
        {next && <input type="hidden" name="next" value={next} />}
        <Field id="password" label="Admin password" error={error}>
          <input
            id="password"
            name="password"
            type="password"
            autocomplete="current-password"
            required
            autofocus
            {...describedBy("password", false, error)}
          />
        </Field>
        <button type="submit" class="button primary">
          Sign in
        </button>
      </form>
      <p class="note">
        The password is what <code>ADMIN_PASSWORD</code> was set to where Barline was started.
      </p>
    </BarePage>,
  );
