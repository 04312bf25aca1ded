/** Numbers from 0 to 1 that a seed gives again (a linear congruential generator), so that what failed can be run again. */
export function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}
