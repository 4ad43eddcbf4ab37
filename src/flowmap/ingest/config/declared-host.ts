import {
  hostText,
  isPublicSuffix,
  parseIpAddress,
  parseUserDestination,
  prefixOf,
} from '../../../destination/index.ts';

/**
 * The host of a declared endpoint in canonical form, or null where it is none to declare: no name and no address, this machine itself
 * (`localhost`, `127.0.0.1`), a name inside a cluster (`api`, `api.shop.svc.cluster.local`). `*` stands for a hole; a pattern whose end
 * is a hole or a public suffix would fit strangers, so it is none.
 */
export function declaredHost(raw: string): string | null {
  const text = withoutDot(raw.trim().toLowerCase());
  if (text === '' || text.length > 300) return null;
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
  const address = parseIpAddress(bare);
  if (address.ok) return ownAddress.test(address.value.text) ? null : address.value.text;
  return bare.includes('*') ? declaredPattern(bare) : declaredName(bare);
}

/** An address or a prefix in canonical form (`203.0.113.0/24`, host bits cut off); null for neither, and for "everywhere" (`0.0.0.0/0`). */
export function declaredPrefix(raw: string): string | null {
  const text = raw.trim();
  const slash = text.indexOf('/');
  if (slash < 0) return declaredHost(text);
  const address = parseIpAddress(text.slice(0, slash));
  const bits = text.slice(slash + 1);
  if (!address.ok || !/^[1-9]\d{0,2}$/.test(bits)) return null;
  const most = address.value.family === 4 ? 32 : 128;
  if (Number(bits) > most) return null;
  const prefix = prefixOf(address.value, Number(bits));
  return prefix.length === most ? declaredHost(prefix.text) : prefix.text;
}

const ownAddress = /^(?:127\.|0\.|::1?$)/;

// RFC 6761 (localhost), and what container engines call the machine they run on.
const ownName =
  /(?:^|\.)localhost$|(?:^|\.)localdomain$|^(?:host|gateway|kubernetes)\.docker\.internal$|^host\.containers\.internal$|\.svc$|\.svc\.|\.cluster\.local$|\.in-addr\.arpa$|\.ip6\.arpa$/;

/** Hosts of URLs that only identify (XML namespaces, schemas): nobody connects to them. */
const identifierHosts: ReadonlySet<string> = new Set([
  'www.w3.org',
  'schemas.xmlsoap.org',
  'schemas.microsoft.com',
  'schemas.openxmlformats.org',
  'schemas.android.com',
  'java.sun.com',
  'xmlns.jcp.org',
  'xmlns.oracle.com',
  'json-schema.org',
  'www.springframework.org',
]);

function declaredName(text: string): string | null {
  if (!text.includes('.') || ownName.test(text) || identifierHosts.has(text)) return null;
  const parsed = parseUserDestination(`${text}:1`);
  return parsed.ok && parsed.value.host.kind === 'name' ? hostText(parsed.value.host) : null;
}

function declaredPattern(text: string): string | null {
  const pattern = text.replaceAll(/\*+/g, '*').replaceAll(/(?:\*\.)+\*?/g, (run) => (run.endsWith('.') ? '*.' : '*.*'));
  if (!/^[a-z0-9._*-]+$/.test(pattern) || ownName.test(pattern)) return null;
  const tail = pattern.slice(pattern.lastIndexOf('*') + 1);
  // What is fixed starts at the first whole label behind the last hole.
  const fixed = tail.slice(tail.indexOf('.') + 1);
  if (!tail.includes('.') || !isFixedEnough(fixed)) return null;
  const parsed = parseUserDestination(`${fixed}:1`);
  return parsed.ok && parsed.value.host.kind === 'name' ? pattern : null;
}

/** `blob.core.windows.net` is a public suffix too (customers side by side), and still says whose service it is. */
function isFixedEnough(fixed: string): boolean {
  const labels = fixed.split('.').length;
  return labels >= 3 || (labels === 2 && !isPublicSuffix(fixed));
}

function withoutDot(text: string): string {
  return text.endsWith('.') ? text.slice(0, -1) : text;
}
