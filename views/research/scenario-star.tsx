import { StarMark } from "../components.tsx";

type Starred = { scenario: { id: number; name: string; isStarred: boolean }; next: string };

/** Makes a scenario a favourite, or none any more. `next` is where one goes on without a script. */
export const ScenarioStar = ({ scenario: { id, name, isStarred }, next }: Starred) => (
  <form
    method="post"
    action={`/scenarios/${id}/star`}
    id={`star-scenario-${id}`}
    hx-post={`/scenarios/${id}/star`}
    hx-target="this"
    hx-swap="outerMorph"
  >
    <input type="hidden" name="next" value={next} />
    <button type="submit" class="star" name="starred" value={String(!isStarred)} aria-pressed={isStarred}>
      <StarMark />
      <span class="visually-hidden">Favourite: {name}</span>
    </button>
  </form>
);
