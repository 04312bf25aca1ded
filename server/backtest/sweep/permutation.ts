/**
 * A shuffle of the whole numbers from 0 to `size - 1` that is never written down: the number at each place is computed, so that
 * many processes can each draw their part of a random search. It is a Feistel network over the next even power of two, walked
 * until it is inside again (Black and Rogaway, Ciphers with Arbitrary Finite Domains, 2002). `size` is at most 2^52.
 */
export function createPermutation(size: number, seed: number): (place: number) => number {
  let bits = 1;
  while (4 ** bits < size) bits++;
  const half = 2 ** bits;
  const keys = Array.from({ length: rounds }, (_, round) => mix(mix(seed | 0, round + 1), Math.floor(seed / 2 ** 32)));
  const shuffle = (value: number): number => {
    let left = Math.floor(value / half);
    let right = value % half;
    for (const key of keys) [left, right] = [right, (left ^ mix(right, key)) & (half - 1)];
    return left * half + right;
  };
  return (place) => {
    let value = shuffle(place);
    while (value >= size) value = shuffle(value);
    return value;
  };
}

const rounds = 6;

/** MurmurHash3's finaliser over two words. */
function mix(value: number, key: number): number {
  let hash = Math.imul(value ^ key, 0x9e3779b1) ^ key;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
