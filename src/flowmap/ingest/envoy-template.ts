import { failed, ok, quoteInput, type Result } from '../../base/index.ts';
import { type JsonRecord, parseJsonRecord, recordOf } from './json-record.ts';
import { compileTemplate, type LineTemplate, type TemplatePiece } from './line-template.ts';

const head =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS%';
const middle =
  '%BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" ' +
  '"%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"';

/** Envoy's own format, and the one that Istio gives its proxies, by the names that a grammar may be. */
export const envoyBuiltIns: Readonly<Record<string, string>> = {
  default: `${head} ${middle}`,
  istio:
    `${head} %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "%UPSTREAM_TRANSPORT_FAILURE_REASON%" ${middle} ` +
    '%UPSTREAM_CLUSTER% %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% ' +
    '%REQUESTED_SERVER_NAME% %ROUTE_NAME%',
};

/** Headers of requests that say something, by the name that their value has here. */
const headers: Readonly<Record<string, string>> = {
  ':authority': 'authority',
  host: 'authority',
  ':method': 'method',
  ':path': 'path',
  'x-forwarded-for': 'x_forwarded_for',
  'x-request-id': 'request_id',
};

/** A grammar of text lines, or one of JSON: the path of keys under which each value stands. */
export type EnvoyGrammar =
  | { readonly kind: 'text'; readonly template: LineTemplate }
  | { readonly kind: 'json'; readonly paths: ReadonlyMap<string, readonly string[]> };

/**
 * Compiles a format string of Envoy, the name of a built-in, or a `json_format` as JSON. Values are named by their operator in lower case
 * (`upstream_host`), headers of requests by their name (`authority`). Fails with what is wrong with the text.
 */
export function compileEnvoyFormat(text: string): Result<EnvoyGrammar, string> {
  const format = text.trim().replace(/\\n$/, '');
  return format.startsWith('{') ? compileJson(format) : compileText(format);
}

function compileText(format: string): Result<EnvoyGrammar, string> {
  const pieces = splitFormat(Object.hasOwn(envoyBuiltIns, format) ? (envoyBuiltIns[format] ?? '') : format);
  if (!pieces.ok) return pieces;
  const names = pieces.value.flatMap((piece) => (typeof piece === 'string' ? [] : [piece.name]));
  if (!names.includes('start_time')) return failed('it has no time: `%START_TIME%` is needed');
  const template = compileTemplate(pieces.value, 'exact');
  return template.ok ? ok({ kind: 'text', template: template.value }) : template;
}

function compileJson(format: string): Result<EnvoyGrammar, string> {
  const record = parseJsonRecord(format);
  if (record === null) return failed('it begins like JSON and is none');
  const paths = new Map<string, readonly string[]>();
  const fault = collectPaths(record, [], paths);
  if (fault !== null) return failed(fault);
  return paths.has('start_time') ? ok({ kind: 'json', paths }) : failed('it has no time: `%START_TIME%` is needed');
}

/** Keys are nested at most this deep. */
const deepestKeys = 8;

function collectPaths(
  record: JsonRecord,
  above: readonly string[],
  paths: Map<string, readonly string[]>,
): string | null {
  for (const [key, value] of Object.entries(record)) {
    const path = [...above, key];
    const inner = recordOf(value);
    const fault =
      inner !== null && path.length < deepestKeys ? collectPaths(inner, path, paths) : collectPath(value, path, paths);
    if (fault !== null) return fault;
  }
  return null;
}

// A value of one operator and nothing else is that value; text around it is of no use here.
function collectPath(value: unknown, path: readonly string[], paths: Map<string, readonly string[]>): string | null {
  if (typeof value !== 'string') return null;
  const pieces = splitFormat(value);
  if (!pieces.ok) return pieces.fault;
  const [piece] = pieces.value;
  if (pieces.value.length === 1 && typeof piece === 'object' && !paths.has(piece.name)) paths.set(piece.name, path);
  return null;
}

// %OPERATOR%, %OPERATOR(argument)%, %OPERATOR(argument):length%; the argument may hold percent signs and parentheses.
const operator = /%([A-Z][A-Z0-9_]*)(?:\(((?:(?!\)(?::\d+)?%).)*)\))?(?::\d+)?%/y;

function splitFormat(format: string): Result<readonly TemplatePiece[], string> {
  const pieces: TemplatePiece[] = [];
  for (let at = 0; at < format.length; ) {
    const next = format.indexOf('%', at);
    if (next < 0) return ok([...pieces, format.slice(at)]);
    if (next > at) pieces.push(format.slice(at, next));
    const found = readOperator(format, next);
    if (!found.ok) return found;
    pieces.push(found.value.piece);
    at = found.value.end;
  }
  return ok(pieces);
}

function readOperator(
  format: string,
  at: number,
): Result<{ readonly piece: TemplatePiece; readonly end: number }, string> {
  operator.lastIndex = at;
  const [whole, name = '', argument = ''] = operator.exec(format) ?? [];
  if (whole !== undefined)
    return ok({ piece: { name: nameOf(name, argument), encoding: 'raw' }, end: at + whole.length });
  if (format[at + 1] === '%') return ok({ piece: '%', end: at + 2 });
  return failed(`${quoteInput(/^\S*/.exec(format.slice(at))?.[0] ?? '%')} is no operator of Envoy`);
}

// REQ(A?B) is header A, or B where there is no A; newer documents write REQUEST_HEADER.
function nameOf(name: string, argument: string): string {
  if (name !== 'REQ' && name !== 'REQUEST_HEADER') {
    return argument === '' || name === 'START_TIME' ? name.toLowerCase() : `${name.toLowerCase()}(${argument})`;
  }
  const wanted = argument.toLowerCase().split('?');
  const header = wanted.find((each) => Object.hasOwn(headers, each));
  return header === undefined ? `req(${argument})` : (headers[header] ?? '');
}
