/** Pseudo-random numbers that depend on a seed alone: the same exchange on every machine, in whatever order it is asked. */
export type RandomStream = { uniform(): number; normal(): number };

/** A 32-bit seed from a text (FNV-1a, then mixed). */
export function seedOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return mix(hash);
}

/** A uniform number in (0, 1) for a position and a purpose: random access, where a stream would have to be replayed. */
export function uniformAt(seed: number, position: number, purpose: number): number {
  return unit(mix(mix(seed + Math.imul(position, 0x9e3779b9)) + Math.imul(purpose, 0x85ebca6b)));
}

/** A standard normal number for a position and a purpose; uses the purposes `purpose` and `purpose + 1`. */
export function normalAt(seed: number, position: number, purpose: number): number {
  return boxMuller(uniformAt(seed, position, purpose), uniformAt(seed, position, purpose + 1));
}

/** A stream of numbers; each call takes a fixed number of draws, so a longer run begins like a shorter one. */
export function createRandomStream(seed: number): RandomStream {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    return unit(mix(state));
  };
  return { uniform, normal: () => boxMuller(uniform(), uniform()) };
}

/** The finalizer of MurmurHash3: every input bit moves every output bit. */
function mix(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function unit(hash: number): number {
  return ((hash >>> 0) + 0.5) / 2 ** 32;
}

function boxMuller(first: number, second: number): number {
  return Math.sqrt(-2 * Math.log(first)) * Math.cos(2 * Math.PI * second);
}
