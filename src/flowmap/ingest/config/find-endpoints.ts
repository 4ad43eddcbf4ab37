import { readConnectionString } from './connection-strings.ts';
import { fillHoles, type HoleDefaults } from './fill-holes.ts';
import { isHostKey, isInboundKey, isSecretKey } from './key-words.ts';
import { type FoundEndpoint, findUrls, readHostPort } from './url-endpoints.ts';

/** How a value is read. */
export interface FindOptions {
  /** Whether `${VAR:-x}` stands for `x`. Default: `defaults`. */
  readonly defaults?: HoleDefaults;
  /** A text around the endpoints (a script, a sentence) rather than a value: only URLs are believed there. Default: false. */
  readonly isProse?: boolean;
  /** The port of a sibling key (`DB_PORT` of `DB_HOST`), for hosts without one. Default: null. */
  readonly port?: number | null;
}

/** The most characters of one value that are looked through. */
const maxValueLength = 256_000;

/** Values that a key may list, between commas, blanks and semicolons. */
const maxListed = 200;

/**
 * Finds the endpoints that a value names: URLs, connection strings, `host:port`, and bare hosts where the key says so (`DB_HOST`,
 * `kafka.bootstrap.servers`). Nothing but host, port and scheme leaves this function. Never throws.
 */
export function findEndpoints(key: string, value: string, options: FindOptions = {}): readonly FoundEndpoint[] {
  const text = fillHoles(unquoted(value.slice(0, maxValueLength)), options.defaults ?? 'defaults');
  const found = options.isProse === true || text.includes('\n') ? findInProse(text) : findInValue(key, text);
  const port = options.port ?? null;
  return found.map((endpoint) => (endpoint.port === null && port !== null ? { ...endpoint, port } : endpoint));
}

function findInProse(text: string): readonly FoundEndpoint[] {
  return text.split('\n').flatMap((line) => findUrls(line, 'found').flatMap(({ endpoints }) => endpoints));
}

function findInValue(key: string, text: string): readonly FoundEndpoint[] {
  const connection = readConnectionString(text);
  if (connection !== null) return [...connection, ...urlsOfPairs(text)];
  const urls = findUrls(text, 'found');
  if (urls.length > 0) return urls.flatMap((url) => (isWhole(url, text) ? asStated(url.endpoints) : url.endpoints));
  if (isHostKey(key)) return findListed(text);
  return isSecretKey(key) || isInboundKey(key) ? [] : findHostPorts(text);
}

/** `Endpoint=sb://ns.servicebus.windows.net/;…` and `BlobEndpoint=https://…` stand inside pairs. */
function urlsOfPairs(text: string): readonly FoundEndpoint[] {
  return findUrls(text, 'stated').flatMap(({ endpoints }) => endpoints);
}

/** A URL is the value, or one of the list that is the value; `jdbc:` and a registry's `sparse+` may stand before it. */
function isWhole({ start }: { readonly start: number }, text: string): boolean {
  const before = text.slice(0, start);
  return /^(?:jdbc:[a-z:-]*|dsn:|Endpoint=)?$/i.test(before) || /[,;]\s*$/.test(before);
}

function asStated(endpoints: readonly FoundEndpoint[]): readonly FoundEndpoint[] {
  return endpoints.map((endpoint) =>
    endpoint.confidence === 'found' ? { ...endpoint, confidence: 'stated' } : endpoint,
  );
}

/** A list of hosts ends at the first `key=value`: `cache.example:6380,password=…` may hold anything from there. */
function findListed(text: string): readonly FoundEndpoint[] {
  const found: FoundEndpoint[] = [];
  for (const piece of text.split(/[\s,;]+/).slice(0, maxListed)) {
    if (piece.includes('=') || piece.includes('@')) break;
    const place = readHostPort(piece.replace(/^\/\/|\/.*$/g, ''));
    if (place !== null && !isFileName(place.host)) found.push({ ...place, scheme: null, confidence: 'stated' });
  }
  return found;
}

/** Without a word of the key, only lower-case names with a port are taken for hosts: `com.example.Job:12` is none. */
function findHostPorts(text: string): readonly FoundEndpoint[] {
  const pieces = text.split(',', maxListed).map((piece) => piece.trim());
  const isList = /^(?:[a-z0-9*](?:[a-z0-9*.-]*\.)[a-z0-9*-]*[a-z0-9*]|\[[0-9a-f:.]+\]):\d{1,5}$/;
  if (!isList.test(pieces[0] ?? '')) return [];
  const found: FoundEndpoint[] = [];
  for (const piece of pieces) {
    const place = isList.test(piece) ? readHostPort(piece) : null;
    if (place === null) break;
    if (!isFileName(place.host)) found.push({ ...place, scheme: null, confidence: 'stated' });
  }
  return found;
}

/** Ends of file names that look like names of two labels; some are top-level domains, but `main.py:10` is no host. */
const fileEnd =
  /^[^.]+\.(?:py|sh|rs|pl|md|js|ts|mjs|cjs|go|rb|java|json|ya?ml|xml|toml|ini|txt|conf|cfg|properties|log|pem|crt|cer|key|jks|p12|sock|jar|class|tf|zip|html?|css|sql|db|csv|tgz|gz)$/;

function isFileName(host: string): boolean {
  return fileEnd.test(host);
}

function unquoted(value: string): string {
  const text = value.trim();
  const quote = text[0];
  return text.length > 1 && (quote === '"' || quote === "'") && text.endsWith(quote) ? text.slice(1, -1) : text;
}
