/** What the keys of a talk do. */
export const HELP: [string, string][] = [
  ["→ Space PgDn", "next slide"],
  ["← PgUp", "previous slide"],
  ["Home End", "first and last slide"],
  ["f", "full screen"],
  ["b .", "blank the screen"],
  ["+ − 0", "larger, smaller, as it was"],
  ["s", "notes in a second window"],
  ["c", "the view’s controls"],
  ["u", "the next unit: tokens, words, sentences"],
  ["Tab", "into the picture; arrows then move there"],
  ["Esc", "back"],
];
