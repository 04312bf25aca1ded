/** What is being read: a file, and what it makes, where that has a name. `concerns`: what cannot be built without it. */
export type Attempted = { path: string; node?: string; concerns?: string[] };

/**
 * Reads one thing of a project. Strictly, its fault is a fault of all; where the rest is to go on, the fault is kept and the thing left
 * out: then the answer is undefined.
 */
export type Attempt = <T>(of: Attempted, work: () => T) => T | undefined;

export const strictly: Attempt = (_, work) => work();
