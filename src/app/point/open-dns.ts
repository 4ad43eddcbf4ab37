import { ExeatError, ok, type Result } from '../../base/index.ts';
import type { Config, Endpoint } from '../../config/index.ts';
import type { DnsListener } from '../../dns/index.ts';
import { listenFault } from '../listen-fault.ts';

type OpenedListener = Pick<DnsListener, 'listen' | 'release'>;

// The port that the kernel gave for TCP may be another's for UDP.
const mostTries = 5;

/** Listens for DNS where the configuration says; gives the addresses by name. UDP and TCP share a port, also one that the kernel chose. */
export async function openDns(
  config: Pick<Config, 'listen' | 'gateway'>,
  listener: OpenedListener,
): Promise<Readonly<Record<string, string>>> {
  const { dns, dot, doh } = config.listen;
  return {
    ...(dns === null ? {} : { dns: await openPlainDns(dns, listener) }),
    // Questions of both families are led to the gateway's own addresses, whichever of them the configuration writes.
    ...(config.gateway === null || dns === null ? {} : { dnsTwin: await openTwin(dns, listener) }),
    ...(dot === null ? {} : { dot: await openDnsOn('listen.dot', dot, { listener, transport: 'tls' }) }),
    ...(doh === null ? {} : { doh: await openDnsOn('listen.doh', doh, { listener, transport: 'https' }) }),
  };
}

async function openPlainDns(at: Endpoint, listener: OpenedListener): Promise<string> {
  for (let left = mostTries; ; left--) {
    const port = await openPair(at, listener);
    if (port.ok) return addressText({ host: at.address, port: port.value });
    if (at.port !== 0 || left === 0)
      throw new ExeatError(port.fault.code, listenFault('listen.dns', at, port.fault.message));
  }
}

async function openTwin({ address, port }: Endpoint, listener: OpenedListener): Promise<string> {
  const host = address.includes(':') ? '0.0.0.0' : '::';
  return await openPlainDns({ address: host, port, text: addressText({ host, port }) }, listener);
}

/** Listens on one port by TCP and by UDP, or not at all: nobody is told of a port that has TCP alone. */
async function openPair({ address: host, port }: Endpoint, listener: OpenedListener): Promise<Result<number>> {
  const tcp = await listener.listen([{ host, port, transport: 'tcp' }]);
  if (!tcp.ok) return tcp;
  const given = tcp.value[0]?.port ?? port;
  const udp = await listener.listen([{ host, port: given, transport: 'udp' }]);
  if (udp.ok) return ok(given);
  await listener.release(tcp.value);
  return udp;
}

async function openDnsOn(
  key: string,
  at: Endpoint,
  { listener, transport }: { readonly listener: OpenedListener; readonly transport: 'tls' | 'https' },
): Promise<string> {
  const bound = await listener.listen([{ host: at.address, port: at.port, transport }]);
  if (!bound.ok) throw new ExeatError(bound.fault.code, listenFault(key, at, bound.fault.message));
  return addressText({ host: at.address, port: bound.value[0]?.port ?? at.port });
}

/** An address as people write it: `127.0.0.1:53`, `[::1]:53`. */
export function addressText({ host, port }: { readonly host: string; readonly port: number }): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
