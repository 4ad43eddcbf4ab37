import type { ProxyAddress } from './way.ts';

/** Reads the address of an HTTP proxy as environments write it (`http://user:secret@proxy.example:3128`); null for none. */
export function readProxy(text: string): ProxyAddress | null {
  const url = URL.parse(/^[a-z0-9]+:\/\//i.test(text) ? text : `http://${text}`);
  if (text === '' || url === null || !defaultPorts.has(url.protocol)) return null;
  const [user, password] = [decode(url.username), decode(url.password)];
  return {
    host: url.hostname.replace(/^\[(.+)\]$/, '$1'),
    port: url.port === '' ? (defaultPorts.get(url.protocol) ?? 80) : Number(url.port),
    isTls: url.protocol === 'https:',
    user,
    password,
    authorization: user === '' ? null : `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
  };
}

// A port that is the scheme's own is not kept by URL.
const defaultPorts: ReadonlyMap<string, number> = new Map([
  ['http:', 80],
  ['https:', 443],
]);

// A percent sign that encodes nothing is meant as it stands.
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
