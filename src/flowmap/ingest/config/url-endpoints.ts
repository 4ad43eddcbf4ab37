import { declaredHost } from './declared-host.ts';
import { localSchemes, schemePorts } from './network-schemes.ts';

/** An endpoint that a text names: canonical host or pattern, and what is said of port and scheme. */
export interface FoundEndpoint {
  readonly host: string;
  readonly port: number | null;
  readonly scheme: string | null;
  readonly confidence: 'stated' | 'found' | 'implied';
}

/** Where in a text a URL starts, and what it names: several hosts for `mongodb://a,b/`. */
export interface FoundUrl {
  readonly start: number;
  readonly end: number;
  readonly endpoints: readonly FoundEndpoint[];
}

/** The most URLs that one text is looked through for. */
const maxUrls = 2_000;

/**
 * Finds the URLs of a text of one line whose holes are filled (`fillHoles`). Only host, port and scheme come out. Where it cannot be told
 * what is user and password and what is the host (`x://user.name:12/3@db.example`: an unescaped `/` in a password), nothing does.
 */
export function findUrls(text: string, confidence: FoundEndpoint['confidence']): readonly FoundUrl[] {
  const urls: FoundUrl[] = [];
  let mark = text.indexOf('://');
  while (mark >= 0 && urls.length < maxUrls) {
    const next = text.indexOf('://', mark + 3);
    urls.push(readUrl(text, mark, next < 0 ? text.length : next, confidence));
    mark = next;
  }
  return urls;
}

function readUrl(text: string, mark: number, endsBefore: number, confidence: FoundEndpoint['confidence']): FoundUrl {
  const before = /[A-Za-z*][A-Za-z0-9+.*-]{0,30}$/.exec(text.slice(Math.max(0, mark - 31), mark))?.[0] ?? '';
  const scheme = before.toLowerCase();
  const rest = text.slice(mark + 3, endsBefore);
  const end = mark + 3 + tokenLength(rest);
  const start = mark - before.length;
  if (before === '' || localSchemes.has(baseScheme(scheme))) return { start, end, endpoints: [] };
  const endpoints = special[scheme]?.(rest, confidence) ?? readAuthority(rest, scheme, confidence);
  return { start, end, endpoints };
}

/** Schemes whose authority is not a host that is connected to. */
const special: Readonly<
  Record<string, (rest: string, confidence: FoundEndpoint['confidence']) => readonly FoundEndpoint[]>
> = {
  s3: (rest) => bucketHost(rest, '.s3.*.amazonaws.com'),
  s3a: (rest) => bucketHost(rest, '.s3.*.amazonaws.com'),
  s3n: (rest) => bucketHost(rest, '.s3.*.amazonaws.com'),
  gs: () => [{ host: 'storage.googleapis.com', port: 443, scheme: 'https', confidence: 'implied' }],
  'mongodb+srv': srvHosts,
};

function bucketHost(rest: string, suffix: string): readonly FoundEndpoint[] {
  const bucket = /^[a-z0-9*][a-z0-9.*-]{1,62}(?=$|[/?#\s"'`,;)])/i.exec(rest)?.[0];
  const host = bucket === undefined ? null : declaredHost(`${bucket}${suffix}`);
  return host === null ? [] : [{ host, port: 443, scheme: 'https', confidence: 'implied' }];
}

/**
 * The driver asks DNS for `_mongodb._tcp.<name>` and connects to what the answer lists; those hosts must lie in the parent domain of the
 * name (initial DNS seedlist discovery specification).
 */
function srvHosts(rest: string, confidence: FoundEndpoint['confidence']): readonly FoundEndpoint[] {
  return readAuthority(rest, 'mongodb+srv', confidence).flatMap(({ host }): readonly FoundEndpoint[] => {
    const shard = declaredHost(`*${host.slice(host.indexOf('.'))}`);
    const seed: FoundEndpoint = { host: `_mongodb._tcp.${host}`, port: null, scheme: 'mongodb+srv', confidence };
    if (shard === null || host.startsWith('*')) return [seed];
    return [seed, { host: shard, port: 27_017, scheme: 'mongodb', confidence: 'implied' }];
  });
}

function readAuthority(
  rest: string,
  scheme: string,
  confidence: FoundEndpoint['confidence'],
): readonly FoundEndpoint[] {
  const token = rest.slice(0, tokenLength(rest));
  const cut = token.search(scheme === 'sqlserver' ? /[;/?#\\]/ : /[/?#\\]/);
  const authority = cut < 0 ? token : token.slice(0, cut);
  const at = authority.lastIndexOf('@');
  if (at < 0 && isAmbiguous(authority, rest, scheme)) return [];
  const told = toldScheme(scheme);
  return authority
    .slice(at + 1)
    .split(',')
    .slice(0, 50)
    .flatMap((piece) => {
      const found = readHostPort(piece);
      return found === null ? [] : [{ ...found, port: found.port ?? portOf(told), scheme: told, confidence }];
    });
}

/** A password with an unescaped `/`, `?`, `#` or blank would make its user the host, so any later `@` that is no parameter's is trouble. */
function isAmbiguous(authority: string, rest: string, scheme: string): boolean {
  if (!authority.includes(':') || scheme === 'sqlserver') return false;
  const isWeb = /^(?:.*\+)?(?:https?|wss?)$/.test(scheme);
  // On the web a path and other words may hold an `@`: only the URL itself and the word behind it can belong to a password.
  const behind = (isWeb ? (/^\S*(?:\s+\S+)?/.exec(rest)?.[0] ?? '') : rest).slice(authority.length);
  const at = behind.indexOf('@');
  if (at < 0 || /[?&;][\w.-]+=/.test(behind.slice(0, at))) return false;
  // `https://host:8443/@scope/package` is a path; an authority behind `@` would have a dot or a port.
  return !isWeb || /^[^/@]*[.:]/.test(behind.slice(behind.lastIndexOf('@') + 1));
}

/** `host`, `host:port`, `[v6]:port` with nothing behind but what closes a sentence. Null for a host that is not to be declared. */
export function readHostPort(text: string): { readonly host: string; readonly port: number | null } | null {
  const found = /^(\[[0-9A-Fa-f:.]{2,45}\]|[^\s:[\](){}=;,]{1,300})(?::(\d{1,5}|\*))?[).;:\]}>]*(?:$|;)/.exec(
    text.trim(),
  );
  const host = found === null ? null : declaredHost(found[1] ?? '');
  if (host === null) return null;
  const port = Number(found?.[2] ?? Number.NaN);
  if (port > 65_535 || port === 0) return null;
  return { host, port: Number.isNaN(port) ? null : port };
}

/** The port that a scheme has by itself, or null. */
export function portOf(scheme: string | null): number | null {
  const port = scheme === null ? -1 : (schemePorts[scheme] ?? -1);
  return port < 0 ? null : port;
}

/** `git+https` is `https` on the wire; schemes outside the table are not told. */
function toldScheme(scheme: string): string | null {
  if (scheme === 'mongodb+srv') return scheme;
  const base = baseScheme(scheme);
  return Object.hasOwn(schemePorts, base) ? base : null;
}

/** Of `git+https`, `sparse+https` and `http+unix` the last part counts; of `postgresql+psycopg2` the first. */
function baseScheme(scheme: string): string {
  const last = scheme.slice(scheme.lastIndexOf('+') + 1);
  const isKnown = Object.hasOwn(schemePorts, last) || localSchemes.has(last);
  return isKnown ? last : (scheme.split('+', 1)[0] ?? '');
}

function tokenLength(text: string): number {
  const end = text.search(/[\s"'`<>|^]/);
  return end < 0 ? text.length : end;
}
