/** Longer texts in a comment help nobody who reads a proposal. */
const mostInComment = 400;

/**
 * Text from logs and files as one line of a comment: letters and digits of any script stay; controls, line ends, marks that reorder or
 * hide text and all else outside printable ASCII become `\u{…}`, so that nothing ends the comment or shows something else.
 */
export function commentText(text: string): string {
  const one = text.toWellFormed();
  const cut = one.length > mostInComment ? `${one.slice(0, mostInComment).toWellFormed()}…` : one;
  return cut.replace(/[^ -~\p{L}\p{N}…]/gu, escapeCharacter);
}

/** Text as a scalar of a block or flow collection: plain where nothing can be misread, else quoted as JSON, which YAML 1.2 reads alike. */
export function scalarText(text: string): string {
  if (/^[a-z][a-z0-9.-]*(?:[:/]+[a-z0-9._-]+)*$/.test(text) && !yamlWords.has(text)) return text;
  return JSON.stringify(text.toWellFormed().replace(/[^ -~\p{L}\p{N}]/gu, escapeCharacter));
}

// What YAML 1.2 core, and older readers, take for something else than text.
const yamlWords: ReadonlySet<string> = new Set(['null', 'true', 'false', 'yes', 'no', 'on', 'off', 'y', 'n']);

function escapeCharacter(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
