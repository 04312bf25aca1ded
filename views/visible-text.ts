/**
 * As in a character class: control characters, the separators that break a line, and what turns the direction of the text
 * around it.
 */
export const invisible = String.raw`\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069`;
