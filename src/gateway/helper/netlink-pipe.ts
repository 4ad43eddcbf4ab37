import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { commandEnvironment } from './run-command.ts';
import { findProgram } from './transparent-launcher.ts';

/** Which part of the kernel a socket speaks with (linux/netlink.h). */
export const netlinkProtocols = { route: 0, netfilter: 12 } as const;
/** One of them. */
export type NetlinkProtocol = (typeof netlinkProtocols)[keyof typeof netlinkProtocols];

// Node has no netlink sockets. A short program of a language that every Debian has owns one, and moves datagrams without reading them:
// what comes in with its length (four bytes, of the machine) goes to the kernel, what the kernel answers comes back the same way.

const longestRead = 65_536;
const maxHeldBytes = 4 * 1024 * 1024;

// AF_NETLINK 16, SOCK_RAW 3, its protocol; SOL_NETLINK 270, NETLINK_CAP_ACK 10: answers do not repeat what was sent
// (linux/netlink.h). The buffer for sending is raised past its bound (SO_SNDBUFFORCE 32), since a transaction is one datagram.
const perl = `use Socket; binmode STDIN; binmode STDOUT;
socket(my $n, 16, 3, $ARGV[0]) or die "netlink: $!\\n";
setsockopt($n, 270, 10, pack('i', 1)); setsockopt($n, SOL_SOCKET, 32, pack('i', 8388608));
my $in = '';
sub back { while (defined recv($n, my $d, ${longestRead}, 0x40)) { my $o = pack('V', length $d) . $d; syswrite(STDOUT, $o) == length $o or exit 1; }
  $!{EAGAIN} or die "netlink: $!\\n"; }
use Errno; my ($s, $k) = (fileno(STDIN), fileno($n));
for (;;) {
  my $r = ''; vec($r, $s, 1) = 1; vec($r, $k, 1) = 1;
  select($r, undef, undef, undef) > 0 or next;
  if (vec($r, $s, 1)) {
    sysread(STDIN, $in, 1048576, length $in) or exit 0;
    while (length $in >= 4 and length $in >= 4 + (my $l = unpack 'V', $in)) {
      defined send($n, substr($in, 4, $l), 0, pack('SSLL', 16, 0, 0, 0)) or die "netlink: $!\\n"; substr($in, 0, 4 + $l, '');
    }
  }
  back();
}
`;

const python = `import os, select, socket, struct, sys
n = socket.socket(16, socket.SOCK_RAW, int(sys.argv[1])); n.bind((0, 0))
n.setsockopt(270, 10, 1); n.setsockopt(socket.SOL_SOCKET, 32, 8388608)
held = b''
while True:
  ready = select.select([0, n], [], [])[0]
  if 0 in ready:
    got = os.read(0, 1048576)
    if not got: break
    held += got
    while len(held) >= 4 and len(held) >= 4 + struct.unpack('=I', held[:4])[0]:
      size = struct.unpack('=I', held[:4])[0]
      n.sendto(held[4:4 + size], (0, 0)); held = held[4 + size:]
  while True:
    try: d = n.recv(${longestRead}, socket.MSG_DONTWAIT)
    except BlockingIOError: break
    d = struct.pack('=I', len(d)) + d
    while d: d = d[os.write(1, d):]
`;

const programs = [
  { name: 'perl', words: ['-e', perl] },
  { name: 'python3', words: ['-c', python] },
] as const;

/** A netlink socket, held by a process of its own. */
export interface NetlinkPipe {
  readonly pid: number | null;
  send(datagram: Uint8Array): void;
  close(): void;
}

/** Who is told. */
export interface NetlinkPipeEvents {
  readonly onDatagram: (datagram: Buffer) => void;
  /** Called once, however it ended. */
  readonly onEnd: () => void;
}

/** How a pipe is made. */
export interface NetlinkPipeOptions {
  readonly protocol: NetlinkProtocol;
  /** Where its program is looked for. Default: `PATH`, then the folders of the system. */
  readonly path?: string | undefined;
}

/** Opens one; null where there is neither perl nor python3 in the folders of `path`. */
export function openNetlinkPipe({ protocol, path }: NetlinkPipeOptions, events: NetlinkPipeEvents): NetlinkPipe | null {
  const environment = commandEnvironment();
  for (const { name, words } of programs) {
    const program = findProgram(name, path ?? environment['PATH'] ?? '');
    if (program !== null) return startPipe(spawn(program, [...words, String(protocol)], { env: environment }), events);
  }
  return null;
}

function startPipe(child: ChildProcessWithoutNullStreams, events: NetlinkPipeEvents): NetlinkPipe {
  let held: Buffer = Buffer.alloc(0);
  let isOver = false;
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    child.kill('SIGKILL');
    events.onEnd();
  };
  child.on('error', end).on('close', end);
  child.stdin.on('error', end);
  child.stderr.resume();
  child.stdout.on('data', (chunk: Buffer) => {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    while (held.length >= 4 && held.length >= 4 + held.readUInt32LE(0)) {
      const size = held.readUInt32LE(0);
      const datagram = held.subarray(4, 4 + size);
      held = held.subarray(4 + size);
      events.onDatagram(datagram);
    }
    if (held.length > maxHeldBytes) end();
  });
  return {
    pid: child.pid ?? null,
    send: (datagram) => {
      const head = Buffer.alloc(4);
      head.writeUInt32LE(datagram.length);
      child.stdin.write(Buffer.concat([head, datagram]));
    },
    close: () => {
      isOver = true;
      child.stdin.end();
    },
  };
}
