import type { DnsObservation, LineOutcome, ObservationSink } from '../observation.ts';
import type { LocalZone } from './log-format.ts';
import type { ZeekRow } from './zeek-row.ts';
import { zeekTime } from './zeek-time.ts';

/** Ports where neighbours are asked and not a resolver: mDNS, LLMNR, NetBIOS. */
const neighbourPorts: ReadonlySet<string> = new Set(['5353', '5355', '137']);

/** Types whose answers are a chain of names that ends in addresses. */
const addressTypes: ReadonlySet<string> = new Set(['A', 'AAAA', 'CNAME', 'SVCB', 'HTTPS']);

/** Types that older versions write as `query-65`. */
const lateTypes: ReadonlyMap<string, string> = new Map([
  ['64', 'SVCB'],
  ['65', 'HTTPS'],
]);

/** Reads a record of dns.log: a question and, where it was seen, its answer. */
export function readZeekDns(row: ZeekRow, zone: LocalZone, sink: ObservationSink): LineOutcome {
  const timeMs = zeekTime(row, zone);
  if (Number.isNaN(timeMs)) return 'bad_time';
  if (neighbourPorts.has(row.get('id.resp_p'))) return 'not_network';
  const name = row.get('query');
  // An answer whose question was not seen.
  if (name === '') return 'no_destination';
  const type = typeOf(row.get('qtype_name'), row.get('qtype'));
  const code = row.get('rcode_name') || null;
  return sink.answer({
    timeMs,
    client: row.get('id.orig_h') || null,
    name,
    type,
    code,
    ...(code === null ? unanswered : answersOf(row, type)),
    isDenied: false,
    resolver: row.get('id.resp_h') || null,
  });
}

const unanswered: Pick<DnsObservation, 'addresses' | 'aliases'> = { addresses: null, aliases: [] };

/** `answers` has names of the chain and addresses side by side, each with its TTL in `TTLs`. */
function answersOf(row: ZeekRow, type: string): Pick<DnsObservation, 'addresses' | 'aliases'> {
  if (!addressTypes.has(type)) return { addresses: [], aliases: [] };
  const ttls = row.list('TTLs');
  const answers = row.list('answers').map((data, at) => ({ data, ttlSeconds: secondsOf(ttls[at] ?? '') }));
  return {
    addresses: answers
      .filter(({ data }) => isAddress(data))
      .map(({ data, ttlSeconds }) => ({ address: data, ttlSeconds })),
    // Records of other types are written with their type before them: `TXT 11 v=spf1 -all`.
    aliases: answers.map(({ data }) => data).filter((data) => data !== '' && !isAddress(data) && !data.includes(' ')),
  };
}

function typeOf(name: string, number: string): string {
  const digits = /^query-(\d+)$/.exec(name)?.[1] ?? (name === '' ? number : null);
  if (digits === null) return name === '*' ? 'ANY' : name.toUpperCase();
  return lateTypes.get(digits) ?? `TYPE${digits}`;
}

function isAddress(text: string): boolean {
  return /^\d{1,3}(?:\.\d{1,3}){3}$/.test(text) || /^[0-9a-f.]*:[0-9a-f:.]*$/i.test(text);
}

function secondsOf(text: string): number | null {
  return /^\d{1,10}(?:\.\d+)?$/.test(text) ? Math.floor(Number(text)) : null;
}
