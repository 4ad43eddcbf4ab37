import { isIP } from 'node:net';
import { isAbsolute, resolve } from 'node:path';
import { z } from 'zod';
import { parseDuration, parseSize, type Result } from '../base/index.ts';
import type { JwksSource, UpstreamProxyConfig } from './config.ts';
import { type Endpoint, isLoopback, parseEndpoint } from './endpoint.ts';

/** A value that was written one way and is read another: text in, `T` out. */
export type Field<T> = z.ZodType<T, string>;

/** A duration between two bounds in milliseconds, read as milliseconds. The bounds are shown as written: `1s`, `7d`. */
export function durationField(least: string, most: string): Field<number> {
  return quantityField(parseDuration, least, most);
}

/** A size between two bounds, read as bytes. */
export function sizeField(least: string, most: string): Field<number> {
  return quantityField(parseSize, least, most);
}

function quantityField(parse: (text: string) => Result<number>, least: string, most: string): Field<number> {
  const bound = (text: string): number => {
    const parsed = parse(text);
    if (!parsed.ok) throw new TypeError(`bound \`${text}\`: ${parsed.fault.message}`);
    return parsed.value;
  };
  const [min, max] = [bound(least), bound(most)];
  return textField((text) => {
    const parsed = parse(text);
    if (!parsed.ok) return parsed.fault.message;
    if (parsed.value < min || parsed.value > max) return `\`${text}\` is outside ${least} to ${most}`;
    return { value: parsed.value };
  });
}

/** A path; a relative one starts at `folder`. Read as absolute. */
export function pathField(folder: string): Field<string> {
  return textField((text) => {
    if (text === '' || text.includes('\0')) return 'a path must not be empty or hold a NUL';
    return { value: isAbsolute(text) ? text : resolve(folder, text) };
  });
}

/** An address and port to listen on. */
export function endpointField(): Field<Endpoint> {
  return textField((text) => {
    const parsed = parseEndpoint(text);
    return parsed.ok ? { value: parsed.value } : parsed.fault.message;
  });
}

/** A single loopback address and port that rules may reach. */
export function localOriginField(): Field<Endpoint> {
  return textField((text) => {
    const parsed = parseEndpoint(text);
    if (!parsed.ok) return parsed.fault.message;
    if (!isLoopback(parsed.value))
      return `\`${text}\` is not loopback, only 127.0.0.0/8 and [::1] may be local origins`;
    return parsed.value.port === 0 ? 'a local origin needs a port within 1-65535' : { value: parsed.value };
  });
}

/** A DNS server: an address with or without a port, or one that is asked over TLS or HTTPS. Kept as text, port 53 where none is given. */
export function serverField(): Field<string> {
  return textField((text) => {
    if (/^(?:tcp|tls):\/\/[0-9a-fA-F.:[\]]+(?:#[A-Za-z0-9._-]+)?$/.test(text)) return { value: text };
    if (/^https:\/\/[^\s#?@]+(?:#[0-9a-fA-F.:]+)?$/.test(text)) return { value: text };
    if (isIP(text) !== 0) return { value: text.includes(':') ? `[${text}]:53` : `${text}:53` };
    const parsed = parseEndpoint(text);
    if (parsed.ok && parsed.value.port > 0) return { value: parsed.value.text };
    return `\`${text}\` is not a DNS server, write \`192.0.2.53\`, \`192.0.2.53:5353\` or \`[2001:db8::53]:53\``;
  });
}

/** An address without port, as text. */
export function addressField(): Field<string> {
  return textField((text) =>
    isIP(text) !== 0 && !text.includes('%') ? { value: text } : `\`${text}\` is not an IP address`,
  );
}

/** Where the keys of an issuer are: an https URL, or a path. */
export function jwksField(folder: string): Field<JwksSource> {
  const path = pathField(folder);
  return textField((text): string | { readonly value: JwksSource } => {
    if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return readKeysUrl(text);
    const parsed = path.safeParse(text);
    return parsed.success ? { value: { kind: 'file', path: parsed.data } } : 'keys need a path or an https URL';
  });
}

function readKeysUrl(text: string): string | { readonly value: JwksSource } {
  const url = URL.canParse(text) ? new URL(text) : null;
  // The URL stands in log lines and in status: a secret in it would too.
  if (url !== null && url.username + url.password !== '') return 'the URL of keys has no user or password';
  return url?.protocol === 'https:'
    ? { value: { kind: 'url', url: text } }
    : `\`${text}\` is not an https URL; keys come by https or from a file`;
}

/** A base URL for links, http or https, without user, query and fragment. A trailing slash is dropped. */
export function baseUrlField(): Field<string> {
  return textField((text) => {
    const url = URL.canParse(text) ? new URL(text) : null;
    if (url === null || !/^https?:$/.test(url.protocol)) return `\`${text}\` is not an http or https URL`;
    if (url.username + url.password + url.search + url.hash !== '') return 'a base URL has no user, query or fragment';
    return { value: url.href.replace(/\/+$/, '') };
  });
}

/** A parent proxy: `http://proxy.example:3128`. */
export function upstreamProxyField(): Field<UpstreamProxyConfig> {
  return textField((text) => {
    const match = /^http:\/\/(?:\[(?<six>[0-9a-fA-F:.]+)\]|(?<host>[A-Za-z0-9._-]+)):(?<port>\d{1,5})\/?$/.exec(text);
    const host = match?.groups?.['six'] ?? match?.groups?.['host'];
    const port = Number(match?.groups?.['port']);
    if (host === undefined || port < 1 || port > 65_535) {
      return `a parent proxy is written \`http://proxy.example:3128\`, without user or path`;
    }
    return { value: { url: text.replace(/\/$/, ''), host: host.toLowerCase(), port } };
  });
}

/** A service elsewhere: `siem.example:6514`, `192.0.2.7:6514`, `[2001:db8::7]:6514`. */
export function remoteField(): Field<{ readonly host: string; readonly port: number }> {
  return textField((text) => {
    const match = /^(?:\[(?<six>[0-9a-fA-F:.]+)\]|(?<host>[A-Za-z0-9._-]+)):(?<port>\d{1,5})$/.exec(text);
    const host = match?.groups?.['six'] ?? match?.groups?.['host'];
    const port = Number(match?.groups?.['port']);
    const isAddress = match?.groups?.['six'] === undefined || isIP(host ?? '') === 6;
    if (host === undefined || !isAddress || port < 1 || port > 65_535) {
      return `\`${text}\` is not a host and port, write \`siem.example:6514\` or \`[2001:db8::7]:6514\``;
    }
    return { value: { host: host.toLowerCase(), port } };
  });
}

/** A URL that something is sent to, http or https, without user, password and fragment: it stands in log lines and in status. */
export function sinkUrlField(): Field<string> {
  return textField((text) => {
    const url = URL.canParse(text) ? new URL(text) : null;
    if (url === null || !/^https?:$/.test(url.protocol)) return `\`${text}\` is not an http or https URL`;
    return url.username + url.password + url.hash === ''
      ? { value: url.href }
      : 'the URL of an anchor has no user, password or fragment';
  });
}

/** Text that is read as something else; `read` gives it as a value, or what is wrong. */
export function textField<T>(read: (text: string) => string | { readonly value: T }): Field<T> {
  return z.string().transform((text, context): T => {
    const outcome = read(text);
    if (typeof outcome !== 'string') return outcome.value;
    context.addIssue({ code: 'custom', message: outcome });
    return z.NEVER;
  });
}
