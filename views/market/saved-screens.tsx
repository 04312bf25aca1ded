import { describedBy, Empty, Field, Instant, Section, TableScroll } from "../components.tsx";
import { Page, toDocument } from "../layout.tsx";
import type { Shell } from "../shell.ts";
import type { ListedScreen, SavedScreenList } from "./saved-screen-types.ts";

/** A button that does something to what a list shows. */
export const Act = (props: { action: string; label: string; about: string; class?: string }) => (
  <form method="post" action={props.action}>
    <button type="submit" class={props.class ?? "link"}>
      {props.label}
      <span class="visually-hidden"> {props.about}</span>
    </button>
  </form>
);

type NameFormProps = {
  id: string;
  action: string;
  value: string;
  button: string;
  query?: string | null;
  problem?: string | undefined;
};

const NameForm = ({ id, action, value, button, query = null, problem }: NameFormProps) => (
  <form method="post" action={action} class="one-field" novalidate>
    {query !== null && <input type="hidden" name="query" value={query} />}
    <Field id={id} label="Name" error={problem}>
      <input
        id={id}
        name="name"
        value={value}
        maxlength={200}
        autocomplete="off"
        {...describedBy(id, false, problem)}
      />
    </Field>
    <button type="submit" class="button">
      {button}
    </button>
  </form>
);

const Row = ({ screen, problem }: { screen: ListedScreen; problem: SavedScreenList["problem"] }) => {
  const own = problem?.id === screen.id ? problem : null;
  return (
    <tr>
      <th scope="row">
        <a class="break" href={screen.url}>
          {screen.name}
        </a>
      </th>
      <td class="outcome">{screen.conditions.length === 0 ? "every ticker" : screen.conditions.join(", ")}</td>
      <td class="nowrap">
        <Instant at={screen.updatedAt} />
        <small class="block">{screen.createdBy}</small>
      </td>
      <td>
        <div class="row-actions">
          <details class="watch-note" open={own !== null}>
            <summary>
              Rename<span class="visually-hidden"> {screen.name}</span>
            </summary>
            <NameForm
              id={`name-${screen.id}`}
              action={`/screens/${screen.id}/name`}
              value={own?.name ?? screen.name}
              button="Rename"
              problem={own?.message}
            />
          </details>
          <Act action={`/screens/${screen.id}/delete`} label="Delete" about={screen.name} />
        </div>
      </td>
    </tr>
  );
};

const Table = ({ list }: { list: SavedScreenList }) => (
  <TableScroll label="Saved screens">
    <table>
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">Looks for</th>
          <th scope="col">Saved</th>
          <th scope="col">
            <span class="visually-hidden">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {list.screens.map((screen) => (
          <Row screen={screen} problem={list.problem} />
        ))}
      </tbody>
    </table>
  </TableScroll>
);

/** What people look for in the screener, by name. */
export const savedScreensPage = ({ shell, list }: { shell: Shell; list: SavedScreenList }) =>
  toDocument(
    <Page title="Saved screens" shell={shell}>
      <header class="page-head">
        <h1>Saved screens</h1>
        <a class="button" href="/screener">
          Screener
        </a>
      </header>
      {list.undo && (
        <div class="undo" role="status">
          <p class="break">“{list.undo.name}” was deleted.</p>
          <Act action={`/screens/${list.undo.id}/restore`} label="Undo" about="" class="button" />
        </div>
      )}
      {list.problem?.id === null && (
        <div class="card">
          <NameForm
            id="screen-name"
            action="/screens"
            value={list.problem.name}
            button="Save the screen"
            query={list.problem.query}
            problem={list.problem.message}
          />
        </div>
      )}
      {list.screens.length === 0 ? (
        <Empty>
          <p>
            No screen is saved. Look for something in the <a href="/screener">screener</a> and save it: it is then here,
            and in the screener above its form.
          </p>
        </Empty>
      ) : (
        <Table list={list} />
      )}
      {list.deleted.length > 0 && (
        <Section id="deleted" title="Recently deleted" note="They can be had back for 30 days">
          <ul class="deleted-scenarios">
            {list.deleted.map(({ id, name, deletedAt, goneAt }) => (
              <li>
                <span class="break">{name}</span>
                <span class="note">
                  deleted <Instant at={deletedAt} />, gone for good after <Instant at={goneAt} />
                </span>
                <Act action={`/screens/${id}/restore`} label="Restore" about={name} class="button" />
              </li>
            ))}
          </ul>
        </Section>
      )}
    </Page>,
  );
