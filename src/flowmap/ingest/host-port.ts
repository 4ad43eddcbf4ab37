/** A host as written, without brackets, and its port; -1 where none was written. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/**
 * Splits `host:port` as logs write it: `example.com:443`, `[2001:db8::1]:443`, `203.0.113.9`, bare IPv6 (`2001:db8::1`, without a port),
 * also with a path behind (`example.com:443/a`). Null where the port is no port or nothing is left.
 */
export function splitHostPort(text: string): HostPort | null {
  const rest = cutPath(text);
  if (rest.startsWith('[')) {
    const close = rest.indexOf(']');
    if (close < 0) return null;
    return withPort(rest.slice(1, close), rest.slice(close + 1));
  }
  const colon = rest.indexOf(':');
  // More than one colon outside brackets is an IPv6 address: which part would be the port cannot be told.
  if (colon < 0 || rest.includes(':', colon + 1)) return withPort(rest, '');
  return withPort(rest.slice(0, colon), rest.slice(colon));
}

/** A URL's scheme (lower case), host and port as written; userinfo, path and query are left out. Null where it is no absolute URL. */
export function splitUrl(url: string): (HostPort & { readonly scheme: string }) | null {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(url);
  if (scheme === null) return null;
  const authority = cutPath(url.slice(scheme[0].length));
  const at = authority.lastIndexOf('@');
  const parts = splitHostPort(at < 0 ? authority : authority.slice(at + 1));
  return parts === null ? null : { ...parts, scheme: (scheme[1] ?? '').toLowerCase() };
}

/** The port of a scheme that a logger leaves out: 443 for `https`. -1 for schemes that are not known. */
export function defaultPortOf(scheme: string): number {
  // A scheme comes from outside: `constructor` is one too.
  return Object.hasOwn(defaultPorts, scheme) ? (defaultPorts[scheme] ?? -1) : -1;
}

const defaultPorts: Readonly<Record<string, number>> = {
  http: 80,
  ws: 80,
  https: 443,
  wss: 443,
  ftp: 21,
  ssh: 22,
  smtp: 25,
  smtps: 465,
  ldap: 389,
  ldaps: 636,
  postgres: 5432,
  postgresql: 5432,
  mysql: 3306,
  redis: 6379,
  rediss: 6379,
  amqp: 5672,
  amqps: 5671,
  mongodb: 27017,
  git: 9418,
};

/** Reads a port of 0 to 65535 in decimal; -1 for anything else. */
export function readPort(text: string): number {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : -1;
}

/** Reads a count or a number of bytes: -1 for text that is none, negative or past what a number holds exactly. */
export function readCount(text: string): number {
  const digits = text.startsWith('+') ? text.slice(1) : text;
  if (!/^\d{1,16}$/.test(digits)) return -1;
  const value = Number(digits);
  return Number.isSafeInteger(value) ? value : -1;
}

function cutPath(text: string): string {
  const end = text.search(/[/?#]/);
  return end < 0 ? text : text.slice(0, end);
}

function withPort(host: string, rest: string): HostPort | null {
  if (host === '') return null;
  if (rest === '' || rest === ':') return { host, port: -1 };
  const port = rest.startsWith(':') ? readPort(rest.slice(1)) : -1;
  return port < 0 ? null : { host, port };
}
