const quotedLength = 80;

/**
 * Outside text made safe for a message or a log line, in backticks: `` `example.org` ``. Letters and digits of any script stay;
 * controls, backticks and everything else outside printable ASCII become `\u{…}`, and text past 80 characters is cut with `…`.
 */
export function quoteInput(text: string): string {
  const cut = text.length > quotedLength ? `${text.slice(0, quotedLength)}…` : text;
  return `\`${cut.replace(/[^ -_a-~\p{L}\p{N}…]/gu, escapeCharacter)}\``;
}

function escapeCharacter(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
