import { type Fault, failed, fault, ok, type Result } from '../base/index.ts';
import { type Host, parseIpAddress, parseWireHost } from '../destination/index.ts';
import type { Reason } from '../policy/index.ts';
import type { WireFaultCode } from '../wire/index.ts';

/** A host that is a name. */
export type NamedHost = Extract<Host, { readonly kind: 'name' }>;

/** What is wrong with the server name of a hello; the code is a reason. */
export type ServerNameFault = Fault<'sni_nul' | 'sni_address' | 'sni_malformed'>;

/**
 * Reads the server name of a hello: `bank-gateway.example.com`. Faults: `sni_nul`, at which readers in C would stop and others not;
 * `sni_address`, since RFC 6066 section 3 lets a server name be a DNS name only; `sni_malformed`.
 */
export function parseServerName(text: string): Result<NamedHost, ServerNameFault> {
  if (text.includes('\0')) return failed(fault('sni_nul', 'the server name holds a NUL'));
  const host = parseWireHost(text);
  if (host.ok && host.value.kind === 'name') return ok(host.value);
  // IPv6 comes without brackets too.
  if (host.ok || parseIpAddress(text).ok) return failed(fault('sni_address', 'the server name is an address'));
  return failed(fault('sni_malformed', host.fault.message));
}

/** The reason of a hello that could not be read: its own where only its server name is at fault, else `hello_unreadable`. */
export function reasonOfHello(code: WireFaultCode): Reason {
  return code === 'sni_repeated' || code === 'sni_malformed' ? code : 'hello_unreadable';
}
