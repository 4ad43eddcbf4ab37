import { namedCounters, tableName } from '../kernel/kernel-names.ts';
import type { StrangeObject } from '../kernel/plan-text.ts';
import { chainNames, keptMaps, keptSets, planMaps, planSets } from '../kernel/table-text.ts';
import type { NetlinkReader } from './netlink-reader.ts';
import type { NftLine } from './nft-line.ts';

const ours: ReadonlySet<string> = new Set([
  ...chainNames.map((name) => `chain ${name}`),
  ...[...planSets, ...keptSets].map((name) => `set ${name}`),
  ...[...planMaps, ...keptMaps].map((name) => `map ${name}`),
  ...namedCounters.map((name) => `counter ${name}`),
]);
const kinds = ['chain', 'set', 'map', 'counter', 'quota', 'limit', 'flowtable'];

/** What is in our table and not ours; nothing when the table is not there. */
export async function findStrange(nft: NftLine, reader: NetlinkReader): Promise<readonly StrangeObject[]> {
  const things = (await reader.things()) ?? (await listThings(nft));
  // A name that nft itself would quote or refuse cannot be there; one with other letters is left to a new table.
  return things.filter(({ kind, name }) => /^\w+$/.test(name) && !ours.has(`${kind} ${name}`));
}

async function listThings(nft: NftLine): Promise<readonly StrangeObject[]> {
  const shown = await nft.run(['-j', '-t', 'list', 'table', ...tableName.split(' ')]);
  if (shown.code !== 0) return [];
  const { nftables } = JSON.parse(shown.stdout) as { nftables: readonly Record<string, { name?: string }>[] };
  return nftables.flatMap((item) =>
    Object.entries(item).flatMap(([kind, { name }]) =>
      kinds.includes(kind) && name !== undefined ? [{ kind, name }] : [],
    ),
  );
}
