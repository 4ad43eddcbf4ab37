/** Addresses of a name, some of which it shares with another one. */
const shared: Readonly<Record<string, string>> = { 'stats.adreach.example': 'reports.adreach.example' };
const poolSize = 3;
/** The range of what is reached directly keeps its upper end for addresses that have no name. */
const directNetwork = '203.0.113';
const proxiedNetwork = '198.51.100';
const mostOfNetwork = 230;
const rotateMs = 1_800_000;

/** Which addresses names have, in documentation ranges. */
export interface AddressBook {
  /** What a resolver answers at an instant: two addresses of the name's three, in turns. A literal address is its own answer. */
  answer(host: string, isDirect: boolean, atMs: number): readonly [string, string];
}

/** Makes a book that deals out addresses in the order in which names are asked for. */
export function createAddressBook(): AddressBook {
  const pools = new Map<string, readonly string[]>();
  const dealt = { direct: 0, proxied: 0 };
  const deal = (isDirect: boolean): string => {
    const at = isDirect ? dealt.direct++ : dealt.proxied++;
    return `${isDirect ? directNetwork : proxiedNetwork}.${1 + (at % mostOfNetwork)}`;
  };
  const poolOf = (host: string, isDirect: boolean): readonly string[] => {
    const known = pools.get(host);
    if (known !== undefined) return known;
    const other = shared[host];
    const first = other === undefined ? [] : poolOf(other, isDirect).slice(-1);
    const pool = [...first, ...Array.from({ length: poolSize - first.length }, () => deal(isDirect))];
    pools.set(host, pool);
    return pool;
  };
  return {
    answer: (host, isDirect, atMs) => {
      if (isAddress(host)) return [host, host];
      const pool = poolOf(host, isDirect);
      const turn = Math.floor(atMs / rotateMs);
      return [pool[turn % poolSize] ?? host, pool[(turn + 1) % poolSize] ?? host];
    },
  };
}

/** Whether a host of the story is an address. */
export function isAddress(host: string): boolean {
  return /^\d+\.\d+\.\d+\.\d+$/.test(host);
}
