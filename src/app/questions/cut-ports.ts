import { readFileSync } from 'node:fs';
import { failed, fault, ok, type Result } from '../../base/index.ts';
import type { Config } from '../../config/index.ts';
import type { LocalPlace } from '../../gateway/index.ts';
import { findLocalPlace } from '../point/local-place.ts';

/** A line of `/proc/self/net/tcp` as far as it matters here. */
interface TcpSocket {
  readonly localPort: number;
  readonly isLoopback: boolean;
  /** `established` or `listening`; others do not matter. */
  readonly state: 'established' | 'listening' | 'other';
  readonly userId: number;
}

// Of ourselves: what a unit shows of /proc may be processes alone.
const tables = ['/proc/self/net/tcp', '/proc/self/net/tcp6'];
// include/net/tcp_states.h
const states: Readonly<Record<string, TcpSocket['state']>> = { '01': 'established', '0A': 'listening' };

/**
 * Ports at which somebody from outside is connected now and would no longer be answered once the processes of this machine are held: a shell
 * at a port of its own, most of all. In order.
 */
export function findCutPorts(
  { inbound, exempt }: LocalPlace,
  texts: readonly string[] = readTables(),
): readonly number[] {
  const sockets = texts.flatMap((text) => text.split('\n').slice(1).flatMap(readSocket));
  const listening = sockets.filter(({ state }) => state === 'listening');
  const serves = (port: number): boolean => listening.some(({ localPort }) => localPort === port);
  const isAnswered = ({ localPort, userId }: TcpSocket): boolean =>
    exempt.includes(userId) || inbound.some(({ from, to }) => from <= localPort && localPort <= to);
  const cut = sockets.filter(
    (one) => one.state === 'established' && !one.isLoopback && serves(one.localPort) && !isAnswered(one),
  );
  return [...new Set(cut.map(({ localPort }) => localPort))].sort((a, b) => a - b);
}

/** Whether holding the processes of this machine would cut somebody off. Fault: `inbound_cut`, with what to write. */
export async function askForCuts({ gateway }: Config): Promise<Result<null>> {
  const { place } = await findLocalPlace(gateway?.local ?? null);
  const ports = place === null ? [] : findCutPorts(place);
  if (ports.length === 0) return ok(null);
  return failed(
    fault(
      'inbound_cut',
      `people are connected to port ${ports.join(', ')} of this machine and would be cut off, add it to \`gateway.local.inbound\` or end what listens there`,
    ),
  );
}

function readTables(): readonly string[] {
  return tables.map((path) => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      // A kernel without IPv6 has one table only.
      return '';
    }
  });
}

// `0: 0100007F:0CEA 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000 …`
function readSocket(line: string): readonly TcpSocket[] {
  const [, address, port, state, user] =
    /^\s*\d+: ([0-9A-F]+):([0-9A-F]{4}) [0-9A-F]+:[0-9A-F]{4} ([0-9A-F]{2}) \S+ \S+ \S+\s+(\d+)/.exec(line) ?? [];
  if (address === undefined || port === undefined || state === undefined) return [];
  // Words of four bytes in the order of the machine: 127.0.0.1 ends in 7F, also inside IPv6.
  const isLoopback =
    address === '00000000000000000000000001000000' || /^(?:0{16}FFFF0000)?[0-9A-F]{6}7F$/.test(address);
  return [{ localPort: Number.parseInt(port, 16), isLoopback, state: states[state] ?? 'other', userId: Number(user) }];
}
