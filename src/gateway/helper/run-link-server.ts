import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createServer, type Server, type Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { failed, fault, type Result } from '../../base/index.ts';
import { onLines } from '../../transport/index.ts';
import type { RunLink } from '../kernel/kernel-plan.ts';
import { parseRunLink } from './helper-protocol.ts';
import { type CommandOutcome, commandEnvironment } from './run-command.ts';
import type { makeRunLink } from './run-links.ts';
import { findProgram } from './transparent-launcher.ts';

/** Makes a link whose namespace is at hand. */
export type LinkMaker = (link: RunLink, into: Parameters<typeof makeRunLink>[2]) => Promise<Result<null>>;

/** Where links to runs are asked for: beside the socket of the helper, with the same rights. */
export function runSocketOf(socketPath: string): string {
  return `${socketPath}.runs`;
}

const maxConnections = 8;
const maxLineBytes = 4_096;
const deadlineMs = 10_000;
const namespaceDescriptor = 4;

/**
 * The program that takes one request: Node cannot take descriptors. It takes one message with a line and the network namespace of a run
 * (SCM_RIGHTS), which no number of a process stands for, so that none can be taken for another. It tells the line, and becomes `ip`
 * with the namespace at 4, whose commands it is told afterwards. The connection is at 3.
 */
const receiver = String.raw`
use strict; use POSIX ();
$^F = 1023; alarm 5;
my $recvmsg = (POSIX::uname())[4] eq 'aarch64' ? 212 : 47;
my ($text, $rights) = ("\0" x 4096, "\0" x 64);
my $part = pack('PQ', $text, length $text); my $head = pack('QLx4PQPQix4', 0, 0, $part, 1, $rights, length $rights, 0);
my $wanted = ''; vec($wanted, 3, 1) = 1; select(my $ready = $wanted, undef, undef, undef);
my $n = syscall($recvmsg, 3, $head, 0); $n > 0 or die "recvmsg: $!\n";
my ($length, $flags) = unpack('x40Qi', $head); ($flags & 0x28) == 0 or die "the message is too long\n";
my ($size, $level, $type) = unpack('Qii', $rights); my @fds = $length >= 16 && $level == 1 && $type == 1 ? unpack('i*', substr($rights, 16, $size - 16)) : ();
@fds == 1 or die "it takes one namespace\n";
open(my $given, '<&=', $fds[0]) or die "open: $!\n"; my $kind = ioctl($given, 0xb703, 0);
defined $kind && $kind == 0x40000000 or die "it is no network namespace\n";
my @own = stat '/proc/self/ns/net'; my @its = stat $given;
@own && @its && "@own[0, 1]" ne "@its[0, 1]" or die "it is the namespace of the gateway\n";
$fds[0] == ${namespaceDescriptor} or POSIX::dup2($fds[0], ${namespaceDescriptor}) or die "dup2: $!\n";
opendir(my $held, '/proc/self/fd') or die "fd: $!\n"; my @held = grep { /^\d+$/ && $_ > 2 && $_ != ${namespaceDescriptor} } readdir $held; POSIX::close($_) for @held;
my $line = substr($text, 0, $n); $line =~ s/\n.*//s; syswrite STDOUT, "$line\n";
alarm 0; exec { $ARGV[0] } $ARGV[0], '-batch', '-'; die "$ARGV[0]: $!\n";
`;

/** Makes the server; it does not listen yet. Each connection is one question and one answer. */
export function createLinkServer(make: LinkMaker): Server {
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    void serve(socket, make)
      .catch((error: unknown) => failed(fault('run_unlinked', String(error))))
      .then((result) => socket.end(`${JSON.stringify(result)}\n`, () => socket.destroy()));
  });
  server.maxConnections = maxConnections;
  return server;
}

function serve(socket: Socket, make: LinkMaker): Promise<Result<null>> {
  const folders = commandEnvironment()['PATH'] ?? '';
  const [perl, ip] = [findProgram('perl', folders), findProgram('ip', folders)];
  if (perl === null || ip === null) {
    const missing = perl === null ? 'perl`, install perl-base' : 'ip`, install iproute2';
    return Promise.resolve(failed(fault('run_unlinked', `the helper has no program \`${missing}`)));
  }
  const child = spawn(perl, ['-e', receiver, '--', ip], {
    env: commandEnvironment(),
    stdio: ['pipe', 'pipe', 'pipe', socket],
    timeout: deadlineMs,
    killSignal: 'SIGKILL',
  }) as ChildProcessByStdio<Writable, Readable, Readable>;
  let [stdout, stderr] = ['', ''];
  child.stderr.on('data', (chunk: Buffer) => (stderr = `${stderr}${chunk.toString('utf8')}`.slice(0, maxLineBytes)));
  child.stdin.on('error', () => undefined);
  const ended = new Promise<CommandOutcome>((resolve) => {
    child.on('error', (error) => resolve({ code: null, stdout, stderr, failure: error.message }));
    child.on('close', (code) => resolve({ code, stdout, stderr, failure: code === null ? 'deadline' : null }));
  });
  const told = new Promise<string | null>((resolve) => {
    onLines(child.stdout as Socket, maxLineBytes, resolve);
    void ended.then(() => resolve(null));
  });
  const use = async (): Promise<Result<null>> => {
    const line = await told;
    if (line === null) return failed(fault('run_refused', `no namespace came with the question: ${stderr.trim()}`));
    const link = parseRunLink(line);
    if (!link.ok) return link;
    return make(link.value, {
      namespace: `/proc/self/fd/${namespaceDescriptor}`,
      make: (commands) => {
        child.stdin.end(commands);
        return ended;
      },
    });
  };
  // Whatever it came to, nothing holds the namespace any more.
  return use().finally(() => child.kill('SIGKILL'));
}
