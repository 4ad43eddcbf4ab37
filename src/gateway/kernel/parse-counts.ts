import type { DropCounts, EdgeCount, KernelCounts } from './kernel-plan.ts';

/** A kind of count, each a set for IPv4 and one for IPv6 with the number of the family behind. */
export const countSetNames = ['up', 'down', 'denied', 'observed', 'deniedany'] as const;

/** What a set was listed as, by its name (`up4`). */
export type ListedSets = ReadonlyMap<string, string>;

/** Folds listed sets (`nft -j -p list set`) and counters into counts; what cannot be read counts as nothing. */
export function foldCounts(listed: ListedSets, counters: string): KernelCounts {
  const both = (name: string): readonly EdgeCount[] => [
    ...parseCounts(4, listed.get(`${name}4`) ?? ''),
    ...parseCounts(6, listed.get(`${name}6`) ?? ''),
  ];
  return {
    up: both('up'),
    down: both('down'),
    denied: [...both('denied'), ...both('deniedany')],
    observed: both('observed'),
    dropped: parseDrops(counters),
  };
}

/** The edges of one set of edges as JSON of `nft`, each `{ elem: { val: { concat: [257, '10.9.0.2', '203.0.113.7', 6, 443] }, counter } }`. */
export function parseCounts(family: 4 | 6, json: string): readonly EdgeCount[] {
  return readElements(json).flatMap((element) => {
    const { val, counter } = element as {
      val?: { concat?: unknown };
      counter?: { packets?: unknown; bytes?: unknown };
    };
    const key = Array.isArray(val?.concat) ? val.concat : [];
    const [serviceId, source, address, protocol, port] = key as readonly unknown[];
    if (typeof serviceId !== 'number' || typeof source !== 'string' || typeof address !== 'string') return [];
    return [
      {
        serviceId,
        family,
        source,
        address,
        protocol: Number(protocol),
        port: typeof port === 'number' ? port : null,
        packets: Number(counter?.packets ?? 0),
        bytes: Number(counter?.bytes ?? 0),
      },
    ];
  });
}

/** The packets of our counters as JSON of `nft` (`nft -j list counters`). */
export function parseDrops(json: string): DropCounts {
  const packets = new Map<string, number>();
  try {
    const { nftables } = JSON.parse(json) as {
      nftables: readonly { counter?: { name?: unknown; packets?: unknown } }[];
    };
    for (const { counter } of nftables) {
      if (typeof counter?.name === 'string') packets.set(counter.name, Number(counter.packets ?? 0));
    }
  } catch {
    // The table is not there: nothing was dropped by it.
  }
  const of = (name: string): number => packets.get(name) ?? 0;
  return { spoofed: of('spoofed'), invalid: of('invalid'), inbound: of('inbound') };
}

/** The elements of a set as JSON of `nft`, without what wraps each. */
export function readElements(json: string): readonly unknown[] {
  try {
    const { nftables } = JSON.parse(json) as {
      nftables: readonly { set?: { elem?: readonly { elem?: unknown }[] } }[];
    };
    const elements = nftables.flatMap((item) => item.set?.elem ?? []);
    return elements.map((element) => element.elem ?? { val: element });
  } catch {
    return [];
  }
}
