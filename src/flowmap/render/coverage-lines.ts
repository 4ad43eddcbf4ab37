import type { Coverage } from '../coverage.ts';
import { nameRanks } from '../edge.ts';

const rankSays: Readonly<Record<(typeof nameRanks)[number], string>> = {
  record: 'name on the flow record itself',
  answer: 'the only name that the client was told for the address',
  candidates: 'one of several names',
  'other-client': 'a name that only other clients were told',
  provider: "no name, an address in a provider's range",
  address: 'nothing but an address',
};

/** The coverage of a map as sentences, for every output that people read. */
export function coverageLines(coverage: Coverage): readonly string[] {
  const { sources, lines, understoodShare, firstMs, lastMs } = coverage;
  const span = firstMs === null || lastMs === null ? 'no time' : `${dayOf(firstMs)} to ${dayOf(lastMs)}`;
  const rejects = Object.entries(coverage.rejects).map(([code, count]) => `${count} ${code}`);
  return [
    `${sources} sources, ${lines} lines, ${percent(understoodShare)} understood${rejects.length === 0 ? '' : ` (not used: ${rejects.join(', ')})`}, ${span}`,
    ...nameRanks.flatMap((rank) => {
      const share = coverage.byRank[rank];
      if (share.connections === 0 && share.bytes === 0) return [];
      return [`${percent(share.connectionShare)} of flows and ${percent(share.byteShare)} of bytes: ${rankSays[rank]}`];
    }),
    ...attributionLines(coverage),
    ...coverage.leftOut.map(({ role, connections }) => `left out: ${connections} flows ${leftOutSays[role]}`),
    ...coverage.formats.map(
      ({ title, names, bytesUp, bytesDown }) => `${title}: ${namesSay[names]}; bytes ${bytesSay(bytesUp, bytesDown)}`,
    ),
    ...[...new Set(coverage.formats.flatMap(({ blindSpots }) => blindSpots))].map((spot) => `never shown: ${spot}`),
    ...coverage.notes,
  ];
}

const leftOutSays: Readonly<Record<'proxy' | 'resolver' | 'outside', string>> = {
  proxy: 'to or of proxies, whose own logs tell who asked for what',
  resolver: 'to or of resolvers',
  outside: 'that public addresses opened (from outside, or sources that no inventory names)',
};

const namesSay: Readonly<Record<'record' | 'answers' | 'none', string>> = {
  record: 'names destinations by itself',
  answers: 'names addresses by DNS answers',
  none: 'cannot name an address',
};

function bytesSay(up: boolean, down: boolean): string {
  if (up && down) return 'both ways';
  if (up) return 'up only';
  return down ? 'down only' : 'not told';
}

function attributionLines({ byAttribution }: Coverage): readonly string[] {
  const all = Object.values(byAttribution).reduce((sum, count) => sum + count, 0);
  const unknown = byAttribution.address ?? 0;
  if (all === 0) return [];
  return [`${percent(unknown / all)} of flows come from an address that nobody claims (an inventory would)`];
}

function percent(share: number | null): string {
  return share === null ? '-' : `${(share * 100).toFixed(1)} %`;
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
