import { failed, fault, ok, type Result } from '../../../base/index.ts';
import { type Destination, hostText, parseWireHost } from '../../../destination/index.ts';
import type { Usage } from '../usage.ts';

/** What `--to` asks about: one destination, and where an address was asked for the names that were seen at it. */
export interface AskedDestination {
  readonly destinations: readonly Destination[];
  /** Names that were dialled at the address that was asked for. */
  readonly names: readonly string[];
}

// A shared front may carry thousands of names; past so many the answer says that there are more.
const mostNames = 1_000;

/**
 * Reads a host or an address, with or without a port: `bank.example.com`, `203.0.113.9:443`, `[2001:db8::1]:443`. Fault: `authority_malformed`.
 */
export function parseTo(text: string, usage: Usage): Result<AskedDestination> {
  const parts = /^(?<host>\[[^\]]+\]|[^:]+|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*)(?::(?<port>\d{1,5}))?$/.exec(text)?.groups;
  const port = parts?.['port'] === undefined ? null : Number(parts['port']);
  const bare = (parts?.['host'] ?? '').replace(/^\[|\]$/g, '');
  const host = parseWireHost(bare.includes(':') ? `[${bare}]` : bare.toLowerCase());
  if (!host.ok || (port !== null && (port < 1 || port > 65_535))) {
    return failed(fault('authority_malformed', `\`${text}\` is no host or address with or without a port`));
  }
  const asked: Destination = { host: host.value, port, protocol: null };
  const names = host.value.kind === 'address' ? namesAt(usage, hostText(host.value)) : [];
  const named = names.flatMap((name): readonly Destination[] => {
    const parsed = parseWireHost(name);
    return parsed.ok ? [{ host: parsed.value, port, protocol: null }] : [];
  });
  return ok({ destinations: [asked, ...named], names });
}

function namesAt(usage: Usage, address: string): readonly string[] {
  const plain = address.replace(/^\[|\]$/g, '');
  const names = new Set<string>();
  for (const { host, addresses } of usage.edges.values()) {
    if (host !== plain && addresses.includes(plain)) names.add(host);
    if (names.size === mostNames) break;
  }
  return [...names].sort();
}
