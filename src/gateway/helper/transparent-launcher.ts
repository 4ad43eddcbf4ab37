import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { failed, fault, ok, type Result } from '../../base/index.ts';

// Node cannot set IP_TRANSPARENT, without which a socket accepts nothing that was meant for another address. So a short program of a
// language that every Debian has makes the listening sockets and becomes the command that was wanted. It needs CAP_NET_ADMIN, and keeps
// every other descriptor: 3 is the channel of a child of Node.

/** A command that has the listening sockets. */
export interface TransparentCommand {
  readonly program: string;
  readonly words: readonly string[];
}

/** What to start and where to listen. */
export interface TransparentOptions {
  readonly port: number;
  readonly command: readonly [string, ...string[]];
  /** Where programs are looked for. Default: `PATH`, then the folders of the system. */
  readonly path?: string;
}

/** The descriptors of the sockets, IPv4 first: `4,5`; without IPv6 in the kernel `4`. */
export const transparentFdsVariable = 'EXEAT_TRANSPARENT_FDS';

const descriptors = '4,5';
const backlog = 4_096;

// SOL_IP 0, IP_TRANSPARENT 19; SOL_IPV6 41, IPV6_V6ONLY 26, IPV6_TRANSPARENT 75 (linux/in.h, linux/in6.h). The sockets are moved up first:
// one of them may have got the number that the other is to have.
const perl = `use Socket; use POSIX ();
my ($port, $fds, @command) = @ARGV; my @fds = split /,/, $fds; my @given; $^F = 1023;
for my $row ([AF_INET, 0, 19, pack_sockaddr_in($port, INADDR_ANY)], [AF_INET6, 41, 75, pack_sockaddr_in6($port, Socket::IN6ADDR_ANY)]) {
  my ($family, $level, $option, $address) = @$row;
  socket(my $s, $family, SOCK_STREAM, 0) or ($family == AF_INET6 ? next : die "socket: $!\\n");
  setsockopt($s, SOL_SOCKET, SO_REUSEADDR, 1) or die "SO_REUSEADDR: $!\\n";
  $family == AF_INET or setsockopt($s, 41, 26, 1) or die "IPV6_V6ONLY: $!\\n";
  setsockopt($s, $level, $option, 1) or die "IP_TRANSPARENT: $!\\n";
  bind($s, $address) or die "bind: $!\\n"; listen($s, ${backlog}) or die "listen: $!\\n";
  my $high = 64 + @given; POSIX::dup2(fileno($s), $high) or die "dup2: $!\\n"; push @given, $high; close $s;
}
for (0 .. $#given) { POSIX::dup2($given[$_], $fds[$_]) or die "dup2: $!\\n"; POSIX::close($given[$_]); }
$ENV{${transparentFdsVariable}} = join ',', @fds[0 .. $#given];
exec { $command[0] } @command or die "$command[0]: $!\\n";
`;

const python = `import os, socket, sys
port, fds, command, given = int(sys.argv[1]), [int(fd) for fd in sys.argv[2].split(',')], sys.argv[3:], []
for family, level, option, address in ((socket.AF_INET, 0, 19, '0.0.0.0'), (socket.AF_INET6, 41, 75, '::')):
  try: s = socket.socket(family, socket.SOCK_STREAM)
  except OSError:
    if family == socket.AF_INET6: continue
    raise
  s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
  if family == socket.AF_INET6: s.setsockopt(41, 26, 1)
  s.setsockopt(level, option, 1); s.bind((address, port)); s.listen(${backlog})
  given.append(os.dup2(s.fileno(), 64 + len(given))); s.close()
for high, fd in zip(given, fds): os.dup2(high, fd); os.close(high)
os.environ['${transparentFdsVariable}'] = ','.join(str(fd) for fd in fds[:len(given)])
os.execvp(command[0], command)
`;

const launchers = [
  { name: 'perl', words: ['-e', perl, '--'] },
  { name: 'python3', words: ['-c', python] },
] as const;

/**
 * The command line that gives a command the listening sockets: IPv4 at 0.0.0.0 and IPv6 at ::, transparent, at descriptors 4 and 5, told
 * in `EXEAT_TRANSPARENT_FDS`. Fault: `launcher_missing` when there is neither perl nor python3.
 */
export function transparentCommand(options: TransparentOptions): Result<TransparentCommand> {
  const path = options.path ?? `${process.env['PATH'] ?? ''}:/usr/bin:/bin`;
  for (const { name, words } of launchers) {
    const program = findProgram(name, path);
    if (program !== null) {
      return ok({ program, words: [...words, String(options.port), descriptors, ...options.command] });
    }
  }
  return failed(
    fault(
      'launcher_missing',
      'transparent sockets need `perl` or `python3`, install perl-base or let systemd make them',
    ),
  );
}

/** The path of a program in these folders (`PATH`), or null. */
export function findProgram(name: string, path: string): string | null {
  for (const folder of path.split(delimiter).filter((one) => one !== '')) {
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not in this folder.
    }
  }
  return null;
}
