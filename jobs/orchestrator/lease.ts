/** How long a process may be silent, in milliseconds, before what it holds is another's: the lease of every try that it runs. */
export const leaseMs = 15_000;
