/** Figures as people read them, the same in the terminal's table and the README's. */
export const seconds = (value: number) => `${value.toFixed(1)} s`;
export const milliseconds = (value: number) => `${value.toFixed(value < 1 ? 2 : 0)} ms`;
export const megabytes = (value: number | null) => (value === null ? "unknown" : `${(value / 1e6).toFixed(0)} MB`);
export const kilobytes = (value: number) => `${(value / 1e3).toFixed(0)} kB`;
export const thousands = (value: number) => Math.round(value).toLocaleString("en-US");
