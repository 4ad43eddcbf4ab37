/** Which placeholders have a default that counts: shells, compose and Spring write one (`${VAR:-default}`), Terraform does not. */
export type HoleDefaults = 'defaults' | 'none';

/** The longest text that is filled; a value of a configuration is shorter. */
const maxFilledLength = 1_000_000;

/**
 * Puts `*` where a text has a placeholder that only a later run fills: `${VAR}`, `$VAR`, `$(VAR)`, `${{ x }}`, `{{ x }}`, `{name}`,
 * `<name>`, `%s`, `%(name)s`, `#{x}#`. `${VAR:-default}` becomes the default.
 */
export function fillHoles(text: string, defaults: HoleDefaults = 'defaults'): string {
  if (!/[${<%#]/.test(text)) return text;
  let filled = '';
  let at = 0;
  const source = text.slice(0, maxFilledLength);
  while (at < source.length) {
    const hole = opener.test(source[at] ?? '') ? holeAt(source, at, defaults) : null;
    filled += hole?.text ?? source[at];
    at = hole?.end ?? at + 1;
  }
  return filled;
}

const opener = /[${<%#]/;

interface Hole {
  readonly text: string;
  readonly end: number;
}

function holeAt(text: string, at: number, defaults: HoleDefaults): Hole | null {
  for (const [open, close] of pairs) {
    if (!text.startsWith(open, at)) continue;
    const end = closeOf(text, at + open.length, close);
    if (end < 0) return null;
    const body = text.slice(at + open.length, end);
    return { text: open === '${' ? defaultOf(body, defaults) : '*', end: end + close.length };
  }
  simple.lastIndex = at;
  const found = simple.exec(text)?.[0];
  return found === undefined ? null : { text: '*', end: at + found.length };
}

const pairs: readonly (readonly [string, string])[] = [
  ['${{', '}}'],
  ['${', '}'],
  ['$(', ')'],
  ['{{', '}}'],
  ['#{', '}'],
];

// `$$` is the escape of compose and make for a dollar sign; a `%20` of a URL is no hole.
const simple =
  /(?:\$[A-Za-z_]\w{0,99}|\{[A-Za-z_][\w.-]{0,99}\}|<[A-Za-z_][\w .-]{0,99}>|%\([A-Za-z_]\w{0,99}\)s|%[sdv](?![0-9A-Fa-f]))/y;

/** The place of the closing mark, inner braces counted; -1 where there is none on reach. */
function closeOf(text: string, from: number, close: string): number {
  const inner = close.startsWith('}') ? '{' : '(';
  let depth = 0;
  const end = Math.min(text.length, from + 2_000);
  for (let i = from; i < end; i++) {
    if (depth === 0 && text.startsWith(close, i)) return i;
    if (text[i] === inner) depth += 1;
    else if (text[i] === close[0]) depth -= 1;
  }
  return -1;
}

/** `VAR:-x` and `VAR-x` of shells, `VAR:x` of Spring; `VAR:?x` and `VAR:+x` give none. */
function defaultOf(body: string, defaults: HoleDefaults): string {
  if (defaults === 'none') return '*';
  const found = /^[A-Za-z_][\w.-]*?(?::-|:(?![?+=])|-)([\s\S]*)$/.exec(body);
  return found === null || found[1] === '' ? '*' : fillHoles(found[1] ?? '', defaults);
}
