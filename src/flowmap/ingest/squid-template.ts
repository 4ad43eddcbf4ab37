import { failed, ok, quoteInput, type Result } from '../../base/index.ts';
import { compileTemplate, type LineTemplate, type TemplatePiece, type ValueEncoding } from './line-template.ts';
import { squidCodes } from './squid-codes.ts';

/** The formats that Squid has built in (src/cf.data.pre), by the names that a grammar may be. */
export const squidBuiltIns: Readonly<Record<string, string>> = {
  squid: '%ts.%03tu %6tr %>a %Ss/%03>Hs %<st %rm %ru %[un %Sh/%<a %mt',
  common: '%>a - %[un [%tl] "%rm %ru HTTP/%rv" %>Hs %<st %Ss:%Sh',
  combined: '%>a - %[un [%tl] "%rm %ru HTTP/%rv" %>Hs %<st "%{Referer}>h" "%{User-Agent}>h" %Ss:%Sh',
};

/** Codes of which a record needs one, so that it has a time, and so that it says where to. */
const times: readonly string[] = ['ts', 'tS', 'tl', 'tg'];
const destinations: readonly string[] = [
  ...['ru', '>ru', '<ru', '>rd', '<rd', '{host}>h', 'ssl::>sni', 'tls::>sni', '<a'],
];

/**
 * Compiles a `logformat` (its codes alone, or the whole line of squid.conf) to a reader of lines. Fields are named by their code, with
 * the argument before it in lower case where it names a header: `{host}>h`. Fails with what is wrong with the text.
 */
export function compileSquidFormat(text: string): Result<LineTemplate, string> {
  const format = text.trim().replace(/^logformat\s+\S+\s+/, '');
  const pieces = splitFormat(Object.hasOwn(squidBuiltIns, format) ? (squidBuiltIns[format] ?? '') : format);
  if (!pieces.ok) return pieces;
  const names = pieces.value.flatMap((piece) => (typeof piece === 'string' ? [] : [piece.name]));
  if (!times.some((name) => names.includes(name)))
    return failed('it has no time: `%ts.%03tu`, `%tS` or `%tl` is needed');
  if (!destinations.some((name) => names.includes(name))) {
    return failed('it does not say where to: `%ru`, `%>rd`, `%ssl::>sni` or `%<a` is needed');
  }
  return compileTemplate(pieces.value, 'loose');
}

/** Where the text stands: Squid escapes a value by the quotes or brackets around it. */
type Around = 'nothing' | 'quotes' | 'brackets';

function splitFormat(format: string): Result<readonly TemplatePiece[], string> {
  const pieces: TemplatePiece[] = [];
  let around: Around = 'nothing';
  let at = 0;
  while (at < format.length) {
    if (format[at] !== '%') {
      const next = format.indexOf('%', at);
      const literal = format.slice(at, next < 0 ? undefined : next);
      pieces.push(literal);
      around = aroundAfter(literal, around);
      at += literal.length;
    } else {
      const code = readCode(format, at, around);
      if (!code.ok) return code;
      pieces.push(code.value.piece);
      at = code.value.end;
    }
  }
  return ok(pieces);
}

function aroundAfter(literal: string, before: Around): Around {
  let around = before;
  for (const character of literal) around = turns[around][character] ?? around;
  return around;
}

const turns: Readonly<Record<Around, Readonly<Record<string, Around>>>> = {
  nothing: { '"': 'quotes', '[': 'brackets' },
  quotes: { '"': 'nothing' },
  brackets: { ']': 'nothing' },
};

// % [encoding] [-] [[0]width[.max]] [{argument}] code [{argument}]
const prefix = /%(["[#/']?)-?\d*(?:\.\d+)?(?:\{([^}]*)\})?/y;

function readCode(
  format: string,
  at: number,
  around: Around,
): Result<{ readonly piece: TemplatePiece; readonly end: number }, string> {
  if (format[at + 1] === '%') return ok({ piece: '%', end: at + 2 });
  prefix.lastIndex = at;
  const found = prefix.exec(format);
  const from = at + (found?.[0].length ?? 1);
  const code = longestCode(format, from);
  if (found === null || code === null) {
    return failed(`${quoteInput(/^\S*/.exec(format.slice(at))?.[0] ?? '%')} is no code of Squid`);
  }
  const behind = found[2] === undefined ? /^\{([^}]*)\}/.exec(format.slice(from + code.length)) : null;
  const argument = found[2] ?? behind?.[1];
  const end = from + code.length + (behind?.[0].length ?? 0);
  const name = code.replace(/^http::/, '');
  // Text of an external helper is put into the line as it is: `%byte{10}` writes one byte.
  if (name === 'byte') return ok({ piece: String.fromCharCode(Number(argument) & 127), end });
  return ok({ piece: { name: fieldName(name, argument), encoding: encodingOf(found[1] ?? '', around, name) }, end });
}

function longestCode(format: string, from: number): string | null {
  const fitting = squidCodes.filter((code) => format.startsWith(code, from));
  return fitting.sort((a, b) => b.length - a.length)[0] ?? null;
}

function fieldName(code: string, argument: string | undefined): string {
  return argument !== undefined && code.endsWith('h') ? `{${argument.toLowerCase()}}${code}` : code;
}

// The sign wins; without one, what stands around the value. Headers that nothing surrounds are written as in a URL.
function encodingOf(sign: string, around: Around, code: string): ValueEncoding {
  if ((code === 'tl' || code === 'tg') && around === 'nothing') return 'time';
  if (/^[<>]?l?a$/.test(code)) return 'address';
  if (sign === '"') return 'backslash';
  if (sign === '[' || sign === '#') return 'percent';
  if (sign === '/') return 'quoted';
  if (sign === "'") return 'raw';
  if (around === 'quotes') return 'backslash';
  return around === 'brackets' && code !== 'tl' && code !== 'tg' ? 'percent' : 'raw';
}
