import type { Destination, Host, Protocol } from './destination.ts';
import { prefixContains } from './ip-prefix.ts';
import type { HostPattern, Target } from './target.ts';
import { portsCover } from './target-ports.ts';

/**
 * Whether an entry covers a destination in host, port and protocol. A tunnel whose first bytes will tell (protocol null) is
 * covered by tls, http and tcp entries; a name without a port (DNS) by entries of any protocol and port.
 */
export function targetCovers(target: Target, destination: Destination): boolean {
  return (
    protocolCovers(target.protocol, destination) &&
    portsCover(target.ports, destination.port) &&
    patternCovers(target.host, destination.host)
  );
}

/** Whether a host pattern covers a host. Names never match addresses, addresses never match names. */
export function patternCovers(pattern: HostPattern, host: Host): boolean {
  if (host.kind === 'address') return pattern.kind === 'prefix' && prefixContains(pattern.prefix, host.address);
  switch (pattern.kind) {
    case 'name':
      return host.name === pattern.name;
    case 'below':
      return isBelow(host.name, pattern.name);
    case 'any-name':
      return true;
    case 'prefix':
      return false;
    default:
      return pattern satisfies never;
  }
}

/** Whether `name` is one or more labels below `parent`: `a.b.example.com` is below `example.com`, `example.com` is not. */
export function isBelow(name: string, parent: string): boolean {
  const dot = name.length - parent.length - 1;
  return dot > 0 && name.charCodeAt(dot) === 46 && name.endsWith(parent);
}

function protocolCovers(protocol: Protocol, destination: Destination): boolean {
  if (destination.protocol !== null) return protocol === destination.protocol;
  return protocol !== 'udp' || destination.port === null;
}
