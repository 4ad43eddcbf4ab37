import { failed, fault, ok, quoteInput, type Result } from '../base/index.ts';
import type { DestinationFault } from './destination-fault.ts';
import { parsePort } from './parse-authority.ts';
import type { PortRange } from './target.ts';

// More parts than this in one entry is a list that should be `*` or several entries.
const mostPortParts = 64;
const allPorts: readonly PortRange[] = [{ first: 1, last: 65535 }];

/** Reads `443`, `80,443`, `8000-8100` or `*`: sorted, apart and merged. Faults: `port_malformed`, `target_malformed`. */
export function parsePorts(text: string): Result<readonly PortRange[], DestinationFault> {
  if (text === '*') return ok(allPorts);
  const parts = text.split(',', mostPortParts + 1);
  if (parts.length > mostPortParts) {
    return failed(fault('target_malformed', `${quoteInput(text)} lists more than ${mostPortParts} ports`));
  }
  const ranges: PortRange[] = [];
  for (const part of parts) {
    const range = parseRange(part);
    if (!range.ok) return range;
    ranges.push(range.value);
  }
  return ok(mergeRanges(ranges));
}

/** The one spelling of ports: `80,443`, `8000-8100`, `*`. */
export function portsText(ports: readonly PortRange[]): string {
  const [only] = ports;
  if (ports.length === 1 && only?.first === 1 && only.last === 65535) return '*';
  return ports.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}

/** Whether ports hold a port; null (DNS asks for none) is held by any. */
export function portsCover(ports: readonly PortRange[], port: number | null): boolean {
  if (port === null) return true;
  for (const range of ports) if (port >= range.first && port <= range.last) return true;
  return false;
}

function parseRange(part: string): Result<PortRange, DestinationFault> {
  const dash = part.indexOf('-');
  const first = parsePort(dash < 0 ? part : part.slice(0, dash));
  if (!first.ok) return first;
  const last = dash < 0 ? first : parsePort(part.slice(dash + 1));
  if (!last.ok) return last;
  if (first.value <= last.value) return ok({ first: first.value, last: last.value });
  return failed(
    fault('port_malformed', `ports ${quoteInput(part)} run backwards: write \`${last.value}-${first.value}\``),
  );
}

function mergeRanges(ranges: readonly PortRange[]): readonly PortRange[] {
  const merged: PortRange[] = [];
  for (const range of [...ranges].sort((a, b) => a.first - b.first)) {
    const before = merged.at(-1);
    if (before === undefined || range.first > before.last + 1) merged.push(range);
    else merged[merged.length - 1] = { first: before.first, last: Math.max(before.last, range.last) };
  }
  return merged;
}
