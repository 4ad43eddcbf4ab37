import { failed, fault, ok, quoteInput, type Result } from '../base/index.ts';
import type { Destination, Host, Protocol } from './destination.ts';
import type { DestinationFault } from './destination-fault.ts';
import { parsePort, parseWireHost } from './parse-authority.ts';

const longestInput = 1024;
const onlyAscii = /^[\x20-\x7e]*$/;
const asciiOfNames = /^[A-Za-z0-9_.-]*$/;
const notAscii = /[^\x20-\x7e]+/g;

/**
 * Reads a host that a person wrote, in policy or on the command line: as on the wire, and U-labels become A-labels by UTS 46
 * (`bücher.example` is `xn--bcher-kva.example`). Faults: `name_malformed`, `address_malformed`.
 */
export function parseUserHost(text: string): Result<Host, DestinationFault> {
  if (onlyAscii.test(text)) return parseWireHost(text);
  const host = parseWireHost(toAscii(text) ?? '');
  // Full-width digits become an IPv4 address by UTS 46: an address has one spelling only.
  if (host.ok && host.value.kind === 'name') return host;
  return failed(fault('name_malformed', `${quoteInput(text)} is not a name that UTS 46 can convert`));
}

/**
 * Reads one destination that a person wrote: `[scheme://]host:port`, with scheme tls, http, tcp or udp. Without a scheme the
 * protocol is null, as for a CONNECT on the wire. Faults: as `parseUserHost`, `port_malformed`, `authority_malformed`.
 */
export function parseUserDestination(text: string): Result<Destination, DestinationFault> {
  const scheme = /^(tls|http|tcp|udp):\/\//.exec(text);
  const rest = text.slice(scheme?.[0].length ?? 0);
  const colon = rest.lastIndexOf(':');
  if (colon < 0 || rest.endsWith(']')) {
    return failed(fault('authority_malformed', `${quoteInput(text)} has no port: write \`host:port\``));
  }
  const port = parsePort(rest.slice(colon + 1));
  if (!port.ok) return port;
  const host = parseUserHost(rest.slice(0, colon));
  const protocol = (scheme?.[1] ?? null) as Protocol | null;
  return host.ok ? ok({ host: host.value, port: port.value, protocol }) : host;
}

// The URL parser holds UTS 46, but it also drops tabs, decodes percent signs and reads numbers as IPv4. Only name characters are
// let near it, and what comes out is judged as wire text again.
function toAscii(text: string): string | null {
  if (text.length > longestInput || !asciiOfNames.test(text.replace(notAscii, ''))) return null;
  const url = `http://${text}/`;
  return URL.canParse(url) ? new URL(url).hostname : null;
}
