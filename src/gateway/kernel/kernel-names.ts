/** Names and numbers that this product puts into the kernel. Nothing else there is ours, and nothing else is touched. */
export const tableName = 'inet exeat';

/**
 * The mark of packets of workloads that go to the transparent listener, of those that may leave, of those of our own processes that go to the
 * listener by way of loopback, and of those that may leave and were judged before conntrack: high, since small marks are everybody's.
 */
export const marks = { listener: 0xe47001, uplink: 0xe47002, seated: 0xe47003, judged: 0xe4700a } as const;

/** The bits of a mark that say that a packet may leave: those that `uplink` and `judged` share. */
export const uplinkMask = 0xffff_fff7;

/**
 * Our routing tables. `local` leads marked packets to this machine, which is how TPROXY delivers them; `uplink` holds the
 * default routes that were in `main`; `held` is where what our own processes send leads before the ruleset let it out: nowhere. Not 100 and 200, which every guide takes, so that a removal never empties somebody else's.
 */
export const routeTables = { local: 47100, uplink: 47200, held: 47300 } as const;

/** The place of our routing rules, in the order they are asked; all of them stand before `main` (32766). */
export const rulePriorities = {
  listenerBack: 467,
  seated: 468,
  seats: 469,
  listener: 470,
  markedNear: 471,
  markedFar: 472,
  inside: 473,
  ownNear: 474,
  ownFar: 475,
  shellNear: 476,
  shellFar: 477,
  marked: 478,
  held: 479,
} as const;

/** The most runs that are behind the gateway at once. */
export const mostRunLinks = 64;

/** What the names of their interfaces begin with: `exeat-run7`. Longer than a name of somebody else's is by chance. */
export const runPrefix = 'exeat-run';

/** The interface of the gateway to a run. */
export function runInterface(index: number): string {
  return `${runPrefix}${index}`;
}

/** Hardware addresses of a link to a run: of the gateway, and of the run. Locally administered; the link is theirs alone. */
export function runMacs(index: number): { readonly gateway: string; readonly run: string } {
  const last = index.toString(16).padStart(2, '0');
  return { gateway: `02:e4:70:00:00:${last}`, run: `02:e4:70:00:01:${last}` };
}

/** The families of addresses, each with its words in the language of nft. */
export const families = [
  {
    family: 4,
    source: 'ip saddr',
    destination: 'ip daddr',
    type: 'ipv4_addr',
    nfproto: 'ipv4',
    tproxy: 'tproxy ip to',
  },
  {
    family: 6,
    source: 'ip6 saddr',
    destination: 'ip6 daddr',
    type: 'ipv6_addr',
    nfproto: 'ipv6',
    tproxy: 'tproxy ip6 to',
  },
] as const;

/** One of `families`. */
export type FamilyWords = (typeof families)[number];

/** The most elements of a set of edges that DNS told, or that live: past it nothing new is confirmed. */
export const maxToldElements = 262_144;

/** The most edges that are counted apart, by kind of count: past it packets are judged as ever and counted together. */
export const maxCountedEdges = 65_536;

/** The most addresses that are leased at once. */
export const maxLeases = 65_536;

/** Numbers of leases begin above this one, which is nobody's: a mark that has this bit is a lease, one without it a service. */
export const nobodysLease = 0x8000_0000;

/** Counters of packets that have no edge to be counted by. */
export const namedCounters = ['spoofed', 'invalid', 'inbound', 'uncounted'] as const;
