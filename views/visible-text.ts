/**
 * As in a character class: control characters, the separators that break a line, and what turns the direction of the text
 * around it.
 */
export const invisible = String.raw`\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069`;

/** Tabs and the ends of lines are seen by what they do. */
const unseen = new RegExp(`(?![\\t\\n\\r])[${invisible}]`, "g");

/**
 * `text` without what cannot be seen but changes how the rest is read: escapes of a terminal, a name that is written from
 * right to left so that it seems another. For all that is shown or saved to be looked at; programs get the text as it is.
 */
export const visibleText = (text: string): string => text.replace(unseen, "");
