import { type Fault, failed, fault, ok, quoteInput, type Result } from '../../../base/index.ts';
import { type IpPrefix, parseIpAddress, prefixContains } from '../../../destination/index.ts';
import type { NetworkFacts } from '../../../policy/index.ts';
import { type Lease, parseLeasedAddress } from './lease.ts';

/** What a source may say. */
export interface LeaseBounds {
  readonly source: string;
  /** The addresses that it may lease. */
  readonly ranges: readonly IpPrefix[];
  /** The most entries. */
  readonly maxEntries: number;
  readonly network: Pick<NetworkFacts, 'ownAddresses'>;
  /** The hardware address that something else binds an address to, or null. */
  readonly boundTo: (address: string) => string | null;
}

/** What a document comes to. Entries that must not count are left out, `firstRefused` says why of the first. */
export interface ParsedLeases {
  readonly leases: readonly Lease[];
  readonly refused: number;
  readonly firstRefused: string | null;
}

// 65,536 leases take 9 MiB.
/** The largest document, in bytes. */
export const maxLeaseBytes: number = 16 * 1024 * 1024;
/** More leases of one address than anybody plans ahead. */
const maxOfAddress = 16;
// Checking one takes a few microseconds.
const entriesPerSlice = 1_024;

const keys: ReadonlySet<string> = new Set(['address', 'service', 'from', 'until', 'mac']);
const servicePattern = /^[a-z0-9][a-z0-9._-]{0,127}$/;
const macPattern = /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/;
const instantPattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,3})?Z$/;

/**
 * Reads a document of leases: `{ "version": 1, "leases": [ { "address", "service", "from", "until", "mac"? } ] }`, instants in UTC. What is
 * malformed refuses the whole document, with the line and the field; an entry of an address that the source may not lease, or that no
 * workload may have, is left out. Fault: `leases_malformed`.
 */
export async function parseLeases(text: string, bounds: LeaseBounds): Promise<Result<ParsedLeases, Fault>> {
  const entries = readDocument(text, bounds.maxEntries);
  if (!entries.ok) return entries;
  const leases: Lease[] = [];
  const ofAddress = new Map<string, number>();
  let [refused, firstRefused]: [number, string | null] = [0, null];
  for (const [index, entry] of entries.value.entries()) {
    if (index % entriesPerSlice === entriesPerSlice - 1) await new Promise<void>((resolve) => setImmediate(resolve));
    const read = readEntry(entry, bounds.source);
    if (typeof read === 'string') return malformed(`${placeOf(text, index)}${read}`);
    const many = (ofAddress.get(read.address) ?? 0) + 1;
    ofAddress.set(read.address, many);
    if (many > maxOfAddress) {
      return malformed(`${placeOf(text, index)}\`${read.address}\` has more than ${maxOfAddress} leases`);
    }
    const why = whyRefused(read, bounds);
    if (why === null) leases.push(read);
    else {
      refused += 1;
      firstRefused ??= `${placeOf(text, index)}${why}`;
    }
  }
  return ok({ leases, refused, firstRefused });
}

function readDocument(text: string, maxEntries: number): Result<readonly unknown[], Fault> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return malformed(`it is not JSON: ${(error as Error).message}`);
  }
  if (!isMap(value)) return malformed('it is not an object, write `{ "version": 1, "leases": [ … ] }`');
  const { version, leases, ...others } = value;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) return malformed(`${quoteInput(unknown)} is not known, write \`version\` and \`leases\``);
  if (version !== 1) return malformed('`version` must be 1');
  if (!Array.isArray(leases)) return malformed('`leases` must be a list');
  if (leases.length > maxEntries) return malformed(`\`leases\` has ${leases.length} entries, at most ${maxEntries}`);
  return ok(leases);
}

/** An entry, or what is wrong with it. */
function readEntry(entry: unknown, source: string): Lease | string {
  if (!isMap(entry)) return 'a lease must be an object';
  const unknown = Object.keys(entry).find((key) => !keys.has(key));
  if (unknown !== undefined) return `${quoteInput(unknown)} is not known, write ${[...keys].join(', ')}`;
  const { address, service, mac = null } = entry;
  const parsed = typeof address === 'string' ? parseIpAddress(address) : null;
  if (parsed === null) return '`address` must be an IP address as text';
  if (!parsed.ok) return `\`address\`: ${parsed.fault.message}`;
  if (typeof service !== 'string' || !servicePattern.test(service)) return '`service` must be the name of a service';
  const hardware = mac === null ? null : readMac(mac);
  if (hardware === undefined) return '`mac` must be a hardware address such as `02:00:00:00:20:11`';
  const times = readTimes(entry);
  if (typeof times === 'string') return times;
  return { source, address: parsed.value.text, service, ...times, mac: hardware };
}

function readTimes(entry: Record<string, unknown>): Pick<Lease, 'from' | 'until'> | string {
  const [from, until] = [readInstant(entry['from']), readInstant(entry['until'])];
  if (from === null || until === null) {
    return `\`${from === null ? 'from' : 'until'}\` must be an instant in UTC such as \`2026-12-20T18:00:00Z\``;
  }
  return until > from ? { from, until } : '`until` must be later than `from`';
}

function readMac(mac: unknown): string | undefined {
  const text = typeof mac === 'string' ? mac.toLowerCase() : '';
  return macPattern.test(text) ? text : undefined;
}

function readInstant(text: unknown): number | null {
  if (typeof text !== 'string' || !instantPattern.test(text)) return null;
  const instant = Date.parse(text);
  // `2026-02-30` would be another day.
  return Number.isNaN(instant) || new Date(instant).toISOString().slice(0, 10) !== text.slice(0, 10) ? null : instant;
}

function whyRefused({ address, mac }: Lease, { ranges, network, boundTo }: LeaseBounds): string | null {
  const allowed = parseLeasedAddress(address, network);
  if (!allowed.ok) return allowed.fault.message;
  const parsed = parseIpAddress(address);
  if (!parsed.ok || !ranges.some((range) => prefixContains(range, parsed.value))) {
    return `\`${address}\` is in none of the \`ranges\` of this source`;
  }
  const bound = boundTo(address);
  if (mac === null || bound === null || mac === bound) return null;
  return `\`${address}\` is bound to another hardware address by \`gateway.neighbours\``;
}

// A text, a bracket, or a word without either.
const tokens = /"(?:[^"\\]|\\.)*"|[{}[\]]|[^\s,:{}[\]"]+/g;

const steps: Readonly<Record<string, number>> = { '{': 1, '[': 1, '}': -1, ']': -1 };

/** Where an entry stands: `line 12, `leases.3`: `. Walked only when something is wrong with it. */
function placeOf(text: string, index: number): string {
  const list = /"leases"\s*:\s*\[/.exec(text);
  const begin = (list?.index ?? 0) + (list?.[0].length ?? 0);
  let [depth, left] = [0, index];
  for (const token of text.slice(begin).matchAll(tokens)) {
    const [word] = token;
    const step = steps[word] ?? 0;
    if (depth === 0 && step >= 0) left -= 1;
    if (left < 0) return `line ${text.slice(0, begin + token.index).split('\n').length}, \`leases.${index}\`: `;
    depth += step;
  }
  return `\`leases.${index}\`: `;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function malformed(message: string): { readonly ok: false; readonly fault: Fault } {
  return failed(fault('leases_malformed', message));
}
