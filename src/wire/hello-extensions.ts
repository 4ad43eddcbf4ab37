import type { ByteReader } from './byte-reader.ts';
import { latin1Text } from './latin1.ts';

/** What the extensions of a ClientHello say. */
export interface HelloExtensions {
  /** The one host name (RFC 6066 section 3), raw, one character per byte; null when the client names none. */
  serverName: string | null;
  /** Protocol names (RFC 7301), raw. */
  alpn: readonly string[];
  /** Offered versions (RFC 8446 section 4.2.1): 0x0304 is TLS 1.3. Empty before TLS 1.3. */
  supportedVersions: readonly number[];
  /** `encrypted_client_hello` (RFC 9849) or its draft forerunner ESNI is present: the visible name may not be the real one. */
  hasEch: boolean;
}

const serverNameType = 0x0000;
const alpnType = 0x0010;
const supportedVersionsType = 0x002b;
const echType = 0xfe0d;
const esniType = 0xffce;
const hostNameType = 0;
// Browsers send about 20.
const mostExtensions = 128;

/** What is wrong with how a hello, well-formed but for that, names its server: more than one name, or none where one is announced. */
export type ServerNameProblem = 'sni_repeated' | 'sni_malformed';

/**
 * Reads the extensions of a ClientHello, or gives null when they break their grammar or one stands twice (RFC 8446 section 4.2). A
 * problem of the server name is told only of extensions that are fine otherwise: in broken ones nobody can say what is a name.
 */
export function parseHelloExtensions(reader: ByteReader): HelloExtensions | ServerNameProblem | null {
  const found: HelloExtensions = { serverName: null, alpn: [], supportedVersions: [], hasEch: false };
  let problem: ServerNameProblem | null = null;
  const seen = new Set<number>();
  for (let count = 0; !reader.isDone; count++) {
    const type = reader.number(2);
    const body = reader.vector(2);
    if (reader.isBroken || count === mostExtensions) return null;
    const isRepeated = seen.has(type);
    seen.add(type);
    if (type === serverNameType) problem = readServerName(found, body, isRepeated);
    else if (isRepeated || !readExtension(found, type, body)) return null;
  }
  return problem ?? found;
}

function readExtension(found: HelloExtensions, type: number, body: ByteReader): boolean {
  switch (type) {
    case alpnType:
      return readAlpn(found, body);
    case supportedVersionsType:
      return readSupportedVersions(found, body);
    case echType:
    case esniType:
      found.hasEch = true;
      return true;
    default:
      return true;
  }
}

// RFC 6066 allows one name of each type and only one type exists. More are a second opinion about where this goes.
function readServerName(found: HelloExtensions, body: ByteReader, isRepeated: boolean): ServerNameProblem | null {
  if (isRepeated) return 'sni_repeated';
  const list = body.vector(2);
  let hasOther = false;
  let names = 0;
  while (!list.isDone) {
    const type = list.number(1);
    const name = list.vector(2).rest();
    hasOther ||= type !== hostNameType || name.length === 0;
    names += 1;
    if (names === 1) found.serverName = latin1Text(name, 0, name.length);
  }
  if (hasOther || names === 0 || isUnclean(body, list)) return 'sni_malformed';
  return names > 1 ? 'sni_repeated' : null;
}

function readAlpn(found: HelloExtensions, body: ByteReader): boolean {
  const list = body.vector(2);
  const names: string[] = [];
  while (!list.isDone) {
    const name = list.vector(1).rest();
    if (name.length === 0) return false;
    names.push(latin1Text(name, 0, name.length));
  }
  found.alpn = names;
  return names.length > 0 && !isUnclean(body, list);
}

function readSupportedVersions(found: HelloExtensions, body: ByteReader): boolean {
  const list = body.vector(1);
  const versions: number[] = [];
  while (!list.isDone) versions.push(list.number(2));
  found.supportedVersions = versions;
  return versions.length > 0 && !isUnclean(body, list);
}

function isUnclean(body: ByteReader, list: ByteReader): boolean {
  return body.isBroken || list.isBroken || !body.isDone || !list.isDone;
}
