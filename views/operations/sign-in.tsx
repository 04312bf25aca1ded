import { describedBy, Field } from "../components.tsx";
import { BarePage, toDocument } from "../layout.tsx";

export type SignInPageProps = {
  errors?: { password?: string; name?: string };
  /** The name that was typed. */
  name?: string;
  /** Where to go on to. */
  next?: string;
};

/** The form for a password and one's name; posts `password`, `name` and `next` to /sign-in. */
export const signInPage = ({ errors = {}, name, next }: SignInPageProps) =>
  toDocument(
    <BarePage title="Sign in">
      <h1>Sign in</h1>
      <form method="post" action="/sign-in" class="stack">
        {next && <input type="hidden" name="next" value={next} />}
        <Field id="password" label="Password" error={errors.password}>
          <input
            id="password"
            name="password"
            type="password"
            autocomplete="current-password"
            required
            autofocus
            {...describedBy("password", false, errors.password)}
          />
        </Field>
        <Field
          id="name"
          label="Your name (optional)"
          hint="Kept with what you do, so that others see who it was."
          error={errors.name}
        >
          <input
            id="name"
            name="name"
            type="text"
            autocomplete="name"
            maxlength={60}
            value={name}
            {...describedBy("name", true, errors.name)}
          />
        </Field>
        <button type="submit" class="button primary">
          Sign in
        </button>
      </form>
      <p class="note">
        The password is what <code>ADMIN_PASSWORD</code> was set to where Barline was started; with that of{" "}
        <code>VIEWER_PASSWORD</code> one sees everything and changes nothing.
      </p>
    </BarePage>,
  );
