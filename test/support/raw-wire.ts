import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type GatewayBed, until, workloadMac } from './gateway-bed.ts';
import { framed, type HeardSegment, readSegment, type Segment, writeSegment } from './raw-packets.ts';

/** A wire of the workload on which a test sends packets that no kernel would, and hears what comes back. */
export interface RawWire {
  /** Sends packets of IP as they are. `mac`: from whose hardware address; default the workload's. */
  send(packets: readonly Buffer[], mac?: string): Promise<void>;
  /** Sends frames of Ethernet as they are, in hexadecimal. */
  sendFrames(frames: readonly string[]): Promise<void>;
  /** The hardware address of the gateway. */
  readonly gatewayMac: string;
  /** What came for this port since the wire was opened. */
  heard(port: number): readonly HeardSegment[];
  close(): void;
}

/** One end of a TCP connection, spoken packet by packet. */
export interface RawPeer {
  readonly from: string;
  readonly to: string;
  readonly sport: number;
  readonly dport: number;
  /** What the next byte of ours is counted as, and what we got. */
  seq: number;
  ack: number;
}

// AF_PACKET 17, SOCK_RAW 3, ETH_P_ALL 3; what we send ourselves is heard as type 4 and left out.
const wire = `use Socket; $| = 1; my ($index) = @ARGV;
socket(my $s, 17, 3, unpack('S', pack('n', 3))) or die "socket: $!"; bind($s, pack('SnlSCCa8', 17, 3, $index, 0, 0, 0, '')) or die "bind: $!";
print "ready\\n"; my $in = '';
for (;;) {
  my $r = ''; vec($r, 0, 1) = 1; vec($r, fileno($s), 1) = 1; select($r, undef, undef, undef) > 0 or next;
  if (vec($r, fileno($s), 1)) { my $from = recv($s, my $d, 65536, 0); print unpack('H*', $d), "\\n" if (unpack 'SnlSC', $from)[4] != 4; }
  if (vec($r, 0, 1)) { sysread(STDIN, $in, 65536, length $in) or exit 0; while ($in =~ s/^(.*)\\n//) { if ($1 eq 'done') { print "done\\n" } else { send($s, pack('H*', $1), 0) } } }
}`;

const silent = `table inet raw {
  chain c { type filter hook output priority 0; policy accept;
    tcp sport >= 60000 tcp flags & rst != 0 drop
  }
}
`;

/** Opens one beside the workload's own stack, which is told to reset nothing that it does not know: ports from 60,000 on are the test's. */
export async function openRawWire(bed: GatewayBed): Promise<RawWire> {
  const said = await bed.exec('workload', ['nft', '-f', '-'], silent);
  if (said !== '') throw new Error(said);
  const index = (await bed.exec('workload', ['cat', '/sys/class/net/wi/ifindex'])).trim();
  const gatewayMac = /link\/ether (\S+)/.exec(await bed.exec('gateway', ['ip', 'link', 'show', 'gi']))?.[1] ?? '';
  const heard: HeardSegment[] = [];
  const hear = (frame: string): void => void heard.push(...readSegment(Buffer.from(frame, 'hex').subarray(14)));
  const line = await openWire(bed, 'workload', { index, hear });
  return {
    gatewayMac,
    send: (packets, mac = workloadMac) =>
      line.send(packets.map((packet) => framed(packet, mac, gatewayMac).toString('hex'))),
    sendFrames: (frames) => line.send(frames),
    heard: (port) => heard.filter((segment) => segment.dport === port),
    close: line.close,
  };
}

/** Hears every frame that comes to the origin, in hexadecimal. */
export async function hearOrigin(bed: GatewayBed): Promise<{ frames(): readonly string[]; close(): void }> {
  const frames: string[] = [];
  const index = (await bed.exec('origin', ['cat', '/sys/class/net/oi/ifindex'])).trim();
  const { close } = await openWire(bed, 'origin', { index, hear: (frame) => void frames.push(frame) });
  return { frames: () => frames, close };
}

interface WireEnd {
  readonly index: string;
  readonly hear: (frame: string) => void;
}

async function openWire(
  bed: GatewayBed,
  where: 'workload' | 'origin',
  { index, hear }: WireEnd,
): Promise<{ send(frames: readonly string[]): Promise<void>; close(): void }> {
  const child: ChildProcess = spawn('ip', ['netns', 'exec', bed.names[where], 'perl', '-e', wire, index], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let isReady = false;
  let done = 0;
  if (child.stdout === null) throw new TypeError('"stdout" of the wire is not a pipe');
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line === 'ready') isReady = true;
    else if (line === 'done') done += 1;
    else hear(line);
  });
  await until(() => isReady, 'the wire');
  return {
    send: async (frames) => {
      const wanted = done + 1;
      child.stdin?.write(`${[...frames, 'done'].join('\n')}\n`);
      await until(() => done >= wanted, 'the packets on the wire');
    },
    close: () => void child.kill('SIGKILL'),
  };
}

/** A segment of this connection; bytes are counted where the caller says so. */
export function segmentOf({ from, to, sport, dport, seq, ack }: RawPeer, more: Partial<Segment> = {}): Buffer {
  return writeSegment({ from, to, sport, dport, seq, ack, flags: 'ack', ...more });
}

/** Opens a connection by a SYN (with `more` in it) and gives its end; null where the answer is a reset or none. */
export async function openRaw(
  wire: RawWire,
  { from, to, sport, dport }: Pick<RawPeer, 'from' | 'to' | 'sport' | 'dport'>,
  more: Partial<Segment> = {},
): Promise<RawPeer | null> {
  const peer: RawPeer = { from, to, sport, dport, seq: 1_000, ack: 0 };
  const before = wire.heard(sport).length;
  await wire.send([segmentOf(peer, { flags: 'syn', ...more })]);
  const answered = (): HeardSegment | undefined => wire.heard(sport)[before];
  await until(() => answered() !== undefined, 'an answer to the SYN', 1_000).catch(() => undefined);
  const answer = answered();
  if (answer === undefined || answer.flags.includes('rst')) return null;
  peer.seq += 1;
  peer.ack = answer.seq + 1;
  await wire.send([segmentOf(peer)]);
  return peer;
}

/** Sends bytes on a connection, and that everything was got that was heard: the other side holds small parts back until then. */
export async function sayRaw(wire: RawWire, peer: RawPeer, data: Buffer): Promise<void> {
  for (const { seq, data: got } of wire.heard(peer.sport)) peer.ack = Math.max(peer.ack, seq + got.length);
  await wire.send([segmentOf(peer, { flags: 'psh ack', data })]);
  peer.seq += data.length;
}

/** What the other side has sent by now, and whether it reset the connection. */
export function heardOf(
  wire: RawWire,
  { sport }: Pick<RawPeer, 'sport'>,
): { readonly text: string; readonly isReset: boolean } {
  const all = wire.heard(sport);
  const parts = new Map(all.filter(({ data }) => data.length > 0).map(({ seq, data }) => [seq, data]));
  const text = [...parts].sort(([a], [b]) => a - b).map(([, data]) => data.toString('latin1'));
  return { text: text.join(''), isReset: all.some(({ flags }) => flags.includes('rst')) };
}
