import { failed, ok, quoteInput, type Result } from '../../base/index.ts';
import { compileTemplate, type LineTemplate, type TemplatePiece, type ValueEncoding } from './line-template.ts';

const httplog =
  '%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r';

/** The formats that HAProxy has built in, by the options that turn them on (configuration manual, section 8.2). */
export const haproxyBuiltIns: Readonly<Record<string, string>> = {
  httpslog: `${httplog} %[fc_err]/%[ssl_fc_err,hex]/%[ssl_c_err]/%[ssl_c_ca_err]/%[ssl_fc_is_resumed] %[ssl_fc_sni]/%sslv/%sslc`,
  httplog,
  tcplog: '%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq',
};

/** Aliases of the configuration manual, section 8.2.6. */
const aliases: ReadonlySet<string> = new Set(
  (
    'B CC CS E H HM HP HPO HQ HU HV ID ST T TR Ta Tc Td Th Ti Tl Tq Tr Ts Tt Tu Tw U ac b bc bi bp bq ci cp f fc fi fp ft hr hrl hs hsl ' +
    'lc ms pid r rc rt s sc si sp sq sslc sslv t tr trg trl ts tsc'
  ).split(' '),
);

const times: readonly string[] = ['t', 'tr', 'trg', 'trl', 'T', 'Tl', 'Ts'];

/**
 * Compiles a `log-format` (the name of a built-in, the directive with its quotes or escaped blanks, or the text alone) to a reader of
 * lines. Fields are named by their alias, or by their sample expression without converters: `ssl_fc_sni`, `req.hdr(host)`. Fails with
 * what is wrong with the text.
 */
export function compileHaproxyFormat(text: string): Result<LineTemplate, string> {
  const format = unwrap(text.trim());
  const pieces = splitFormat(Object.hasOwn(haproxyBuiltIns, format) ? (haproxyBuiltIns[format] ?? '') : format);
  if (!pieces.ok) return pieces;
  const names = pieces.value.flatMap((piece) => (typeof piece === 'string' ? [] : [piece.name]));
  if (!times.some((name) => names.includes(name)))
    return failed('it has no time: `%t`, `%tr`, `%T` or `%Ts` is needed');
  return compileTemplate(pieces.value, 'loose');
}

// `log-format "…"`, or with a backslash before each blank.
function unwrap(directive: string): string {
  const text = directive.replace(/^(?:log-format|error-log-format)\s+/, '');
  const quoted = /^"(.*)"$/s.exec(text)?.[1];
  if (quoted !== undefined) return quoted.replace(/\\(["\\])/g, '$1');
  return (/^'(.*)'$/s.exec(text)?.[1] ?? text).replace(/\\ /g, ' ');
}

// %[{flags}][(name:type)]alias or %[{flags}][(name:type)][expression]
const variable = /%(?:\{([^}]*)\})?(?:\([^)]*\))?(?:\[((?:[^[\]]|\[[^\]]*\])*)\]|([A-Za-z]+))/y;

function splitFormat(format: string): Result<readonly TemplatePiece[], string> {
  const pieces: TemplatePiece[] = [];
  let isQuoting = false;
  for (let at = 0; at < format.length; ) {
    const next = format.indexOf('%', at);
    if (next < 0) return ok([...pieces, format.slice(at)]);
    pieces.push(format.slice(at, next));
    const found = readVariable(format, next, isQuoting);
    if (!found.ok) return found;
    pieces.push(found.value.piece);
    ({ isQuoting, end: at } = found.value);
  }
  return ok(pieces);
}

interface Variable {
  /** Empty for `%{+Q}o`, which only sets flags for what follows. */
  readonly piece: TemplatePiece;
  readonly end: number;
  readonly isQuoting: boolean;
}

function readVariable(format: string, at: number, isQuoting: boolean): Result<Variable, string> {
  if (format[at + 1] === '%') return ok({ piece: '%', end: at + 2, isQuoting });
  variable.lastIndex = at;
  const found = variable.exec(format);
  const [whole = '', flags = '', expression, alias = ''] = found ?? [];
  const end = at + whole.length;
  if (alias === 'o') return ok({ piece: '', end, isQuoting: quoting(flags, isQuoting) });
  if (found === null || (expression === undefined && !aliases.has(alias))) {
    return failed(`${quoteInput(/^\S*/.exec(format.slice(at))?.[0] ?? '%')} is no variable of HAProxy`);
  }
  const name = expression === undefined ? alias : withoutConverters(expression);
  return ok({ piece: { name, encoding: encodingOf(name, quoting(flags, isQuoting)) }, end, isQuoting });
}

function quoting(flags: string, before: boolean): boolean {
  if (flags.includes('+Q')) return true;
  return flags.includes('-Q') ? false : before;
}

// `req.hdr(host),lower` is `req.hdr(host)`; a comma in parentheses is one of its arguments.
function withoutConverters(expression: string): string {
  return (/^[^,(]*(?:\([^)]*\))?/.exec(expression.trim())?.[0] ?? expression).toLowerCase();
}

function encodingOf(name: string, isQuoting: boolean): ValueEncoding {
  if (name === 'hr' || name === 'hs') return 'braced';
  if (['t', 'tr', 'trg', 'trl', 'T', 'Tl'].includes(name)) return 'time';
  if (isQuoting) return 'quoted';
  return ['ci', 'si', 'fi', 'bi', 'src', 'bc_dst', 'dst'].includes(name) ? 'address' : 'raw';
}
