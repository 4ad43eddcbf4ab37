import { readFileSync } from 'node:fs';
import { ExeatError } from '../../base/index.ts';
import type { Config } from '../../config/index.ts';
import {
  type IpPrefix,
  ipAddressFromWords,
  parseIpAddress,
  parseIpPrefix,
  prefixContains,
  prefixOf,
} from '../../destination/index.ts';
import { mostRunLinks, type RunAddress, runPrefix } from '../../gateway/index.ts';
import type { RunsStatus } from '../status.ts';

// Of a range the first address but one is the gateway, and those behind it are runs. That of the range itself and the last one are nobody's.
const offsetOfGateway = 1;
const offsetOfRuns = 2;

/**
 * The ranges that runs have their addresses of. Throws an ExeatError with one line for one that is none, or that something else of the
 * configuration has a part of.
 */
export function readRunRanges({ gateway, leases }: Pick<Config, 'gateway' | 'leases'>): readonly IpPrefix[] {
  return (gateway?.run?.ranges ?? []).map((text) => {
    const range = prefixOrThrow('gateway.run.range', text);
    for (const { name, ranges } of leases) {
      const shared = ranges.find((one) => overlap(range, prefixOrThrow(`leases of ${name}`, one)));
      if (shared !== undefined) throw taken(text, `the range \`${shared}\` of the leases \`${name}\``);
    }
    for (const { address } of gateway?.neighbours ?? []) {
      const parsed = parseIpAddress(address);
      if (parsed.ok && prefixContains(range, parsed.value)) throw taken(text, `the neighbour \`${address}\``);
    }
    return range;
  });
}

/** Those of a family that this machine speaks: where IPv6 is switched off, not even its loopback has an address. */
export function usableRanges(ranges: readonly IpPrefix[]): readonly IpPrefix[] {
  const hasIpv6 = lines('/proc/self/net/if_inet6').length > 0;
  return ranges.filter(({ first }) => first.family === 4 || hasIpv6);
}

/** How many runs have an address of all of these ranges. */
export function runCapacity(ranges: readonly IpPrefix[]): number {
  const rooms = ranges.map(({ first, length }) => 2 ** (first.words.length * 32 - length) - offsetOfRuns - 1);
  return ranges.length === 0 ? 0 : Math.min(mostRunLinks, ...rooms);
}

/** How runs of these ranges stand, of which some have an address; null where there is no range. */
export function readRunsStatus(ranges: readonly IpPrefix[], live: number): RunsStatus | null {
  if (ranges.length === 0) return null;
  const usable = usableRanges(ranges);
  const left = Math.max(0, runCapacity(usable) - live);
  const problem =
    usable.length === 0
      ? 'this machine has no IPv6, and `gateway.run.range` has nothing else: give it a range of IPv4'
      : (findTakenRange(usable) ?? (left === 0 ? fullRange(live) : null));
  return { live, left, ranges: usable.map(({ text }) => text), problem };
}

/** What is said where there is no address left. */
export function fullRange(live: number): string {
  return `all ${live} addresses of \`gateway.run.range\` are in use: wait for a run to end, or take a larger range`;
}

/** The addresses of one run, one of each range. */
export function runAddresses(ranges: readonly IpPrefix[], index: number): readonly RunAddress[] {
  return ranges.map((range) => ({
    address: addressAt(range, offsetOfRuns + index),
    gateway: addressAt(range, offsetOfGateway),
  }));
}

/** What of this machine's routes leads to a part of these ranges, as words for people; null where nothing does. */
export function findTakenRange(
  ranges: readonly IpPrefix[],
  routes: readonly RouteHere[] = readRoutes(),
): string | null {
  for (const { prefix, device } of routes) {
    const range = ranges.find((one) => overlap(one, prefix));
    if (range !== undefined) return taken(range.text, `the route \`${prefix.text} dev ${device}\``).message;
  }
  return null;
}

/** A route of this machine that leads to a part of the world. */
export interface RouteHere {
  readonly prefix: IpPrefix;
  readonly device: string;
}

const ipv6LocalFlag = 0x8000_0000;

// proc(5), /proc/net/route and ipv6_route: those of `main`, and for IPv6 of all tables.
function readRoutes(): readonly RouteHere[] {
  const v4 = lines('/proc/self/net/route').slice(1).map(readRoute4);
  const v6 = lines('/proc/self/net/ipv6_route').map(readRoute6);
  return [...v4, ...v6].filter(
    (one): one is RouteHere => one !== null && one.prefix.length > 0 && !one.device.startsWith(runPrefix),
  );
}

function readRoute4(line: string): RouteHere | null {
  const [device, destination, , , , , , mask] = line.split('\t');
  if (device === undefined || destination === undefined || mask === undefined) return null;
  const length = [...Number.parseInt(mask, 16).toString(2)].filter((bit) => bit === '1').length;
  return { prefix: prefixOf(ipAddressFromWords([swapped(Number.parseInt(destination, 16))]), length), device };
}

function readRoute6(line: string): RouteHere | null {
  const [destination, length, , , , , , , flags, device] = line.split(/\s+/);
  if (destination?.length !== 32 || length === undefined || flags === undefined || device === undefined) return null;
  // Addresses of ours, and groups, are no places that others are at.
  if ((Number.parseInt(flags, 16) & ipv6LocalFlag) !== 0 || device === 'lo' || destination.startsWith('ff'))
    return null;
  const words = [0, 8, 16, 24].map((at) => Number.parseInt(destination.slice(at, at + 8), 16));
  return { prefix: prefixOf(ipAddressFromWords(words), Number.parseInt(length, 16)), device };
}

// The kernel writes the number as this machine holds it: the last byte first.
function swapped(word: number): number {
  return (((word & 255) << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0;
}

function lines(path: string): readonly string[] {
  try {
    return readFileSync(path, 'latin1')
      .split('\n')
      .filter((line) => line !== '');
  } catch {
    // A machine without IPv6.
    return [];
  }
}

// No run is so far from the first address that the words before the last one change.
function addressAt({ first }: IpPrefix, offset: number): string {
  const last = first.words.at(-1) ?? 0;
  return ipAddressFromWords([...first.words.slice(0, -1), last + offset]).text;
}

function overlap(one: IpPrefix, other: IpPrefix): boolean {
  return prefixContains(one, other.first) || prefixContains(other, one.first);
}

function prefixOrThrow(where: string, text: string): IpPrefix {
  const prefix = parseIpPrefix(text);
  if (prefix.ok) return prefix.value;
  throw new ExeatError(prefix.fault.code, `\`${where}\`: ${prefix.fault.message}`);
}

function taken(range: string, by: string): ExeatError {
  return new ExeatError('run_range_taken', `\`${range}\` of \`gateway.run.range\` meets ${by}: take another range`);
}
