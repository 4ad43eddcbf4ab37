import { networkInterfaces } from 'node:os';
import type { Endpoint } from '../../config/index.ts';
import { type IpAddress, parseIpAddress } from '../../destination/index.ts';
import type { NetworkFacts } from '../../policy/index.ts';

/** This machine's addresses and the local origins, kept fresh. */
export interface NetworkFactsSource {
  current(): NetworkFacts;
  close(): void;
}

// Interfaces come and go with containers and VPNs; an address that is new is treated as ours at most so much later.
const refreshMs = 5_000;

/** Reads the interfaces now and then every 5 s. `localOrigins` come from the configuration and never change. */
export function createNetworkFacts(localOrigins: readonly Endpoint[]): NetworkFactsSource {
  const origins = readLocalOrigins(localOrigins);
  const read = (): NetworkFacts => ({ ownAddresses: readAddresses(interfaceAddresses()), localOrigins: origins });
  let facts = read();
  const timer = setInterval(() => {
    const now = read();
    // The same object as long as they are the same: by that others know that nothing changed.
    if (textOf(now) !== textOf(facts)) facts = now;
  }, refreshMs);
  timer.unref();
  return { current: () => facts, close: () => clearInterval(timer) };
}

function textOf({ ownAddresses }: NetworkFacts): string {
  return ownAddresses.map(({ text }) => text).join(' ');
}

/** The local origins of a configuration as addresses with ports. */
export function readLocalOrigins(localOrigins: readonly Endpoint[]): NetworkFacts['localOrigins'] {
  return localOrigins.flatMap(({ address, port }) => readAddresses([address]).map((one) => ({ address: one, port })));
}

function interfaceAddresses(): readonly string[] {
  // Each link to a run has the same ones.
  return [...new Set(Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map((one) => one.address)))];
}

// Zones (`fe80::1%eth0`) are cut: the scope is no part of the address.
function readAddresses(texts: readonly string[]): readonly IpAddress[] {
  return texts.flatMap((text) => {
    const parsed = parseIpAddress(text.split('%', 1)[0] ?? '');
    return parsed.ok ? [parsed.value] : [];
  });
}
