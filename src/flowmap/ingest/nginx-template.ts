import { failed, quoteInput, type Result } from '../../base/index.ts';
import { compileTemplate, type LineTemplate, type TemplatePiece, type ValueEncoding } from './line-template.ts';

/** Variables of which a record needs one, so that it has a time. */
const times: readonly string[] = ['time_local', 'time_iso8601', 'msec'];
const lists: readonly string[] = [
  ...['upstream_addr', 'upstream_bytes_sent', 'upstream_bytes_received', 'upstream_connect_time'],
  ...['upstream_first_byte_time', 'upstream_session_time'],
];

/**
 * Compiles a `log_format` of nginx (the whole directive with its quotes, or the text alone) to a reader of lines. Fields are named by
 * their variable without `$`. Fails with what is wrong with the text.
 */
export function compileNginxFormat(text: string): Result<LineTemplate, string> {
  const format = unwrap(text.trim());
  if (format === null) return failed('its quotes do not end');
  const pieces = splitFormat(format.text, format.escaping);
  const names = pieces.flatMap((piece) => (typeof piece === 'string' ? [] : [piece.name]));
  if (names.length === 0) return failed(`${quoteInput(text.trim())} names no variable`);
  if (!times.some((name) => names.includes(name)))
    return failed('it has no time: `$time_local`, `$time_iso8601` or `$msec` is needed');
  return compileTemplate(pieces, 'exact');
}

interface Format {
  readonly text: string;
  readonly escaping: string;
}

// `log_format name [escape=json] 'a' 'b';`: strings that follow one another are one.
function unwrap(directive: string): Format | null {
  const head = /^log_format\s+\S+\s+(?:escape=(\w+)\s+)?/.exec(directive);
  const body = head === null ? directive : directive.slice(head[0].length).replace(/\s*;\s*$/, '');
  const quote = body[0];
  if (quote !== "'" && quote !== '"') return { text: body, escaping: head?.[1] ?? 'default' };
  const strings = [...body.matchAll(/\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")/gs)];
  const length = strings.reduce((sum, [whole]) => sum + whole.length, 0);
  if (length !== body.trimEnd().length) return null;
  const text = strings.map(([, single, double]) => unquoted(single ?? double ?? '')).join('');
  return { text, escaping: head?.[1] ?? 'default' };
}

function unquoted(text: string): string {
  return text.replace(/\\(['"\\])/g, '$1').replace(/\\t/g, '\t');
}

function splitFormat(format: string, escaping: string): readonly TemplatePiece[] {
  const pieces: TemplatePiece[] = [];
  let at = 0;
  for (const found of format.matchAll(/\$(?:\{(\w+)\}|(\w+))/g)) {
    if (found.index > at) pieces.push(format.slice(at, found.index));
    const name = found[1] ?? found[2] ?? '';
    pieces.push({ name, encoding: encodingOf(name, escaping) });
    at = found.index + found[0].length;
  }
  if (at < format.length) pieces.push(format.slice(at));
  return pieces;
}

function encodingOf(name: string, escaping: string): ValueEncoding {
  if (name === 'time_local') return 'time';
  if (name === 'remote_addr' || name === 'proxy_protocol_addr') return 'address';
  if (lists.includes(name)) return 'list';
  return escaping === 'json' ? 'backslash' : 'raw';
}
