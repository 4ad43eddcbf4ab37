import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { findProgram } from '../../sandbox/index.ts';
import type { Logger } from '../logger.ts';
import { closeSockets, type DoorCaller, openRunDoor, type RunDoor } from './run-door.ts';

// Connects, waits, and hands over a listener, the two sockets of DNS and as many more listeners as it is told. Prints the first answer.
const caller = String.raw`
use strict; use Socket; my ($path, $wait, $more) = @ARGV;
my $sendmsg = (POSIX::uname())[4] eq 'aarch64' ? 211 : 46; use POSIX ();
socket(my $door, AF_UNIX, SOCK_STREAM, 0); connect($door, pack_sockaddr_un($path)) or die "$!\n";
select(undef, undef, undef, $wait);
my @sockets = map { socket(my $s, AF_INET, $_, 0); bind($s, pack_sockaddr_in(0, INADDR_LOOPBACK)); listen($s, 1) if $_ == SOCK_STREAM; $s }
  SOCK_STREAM, SOCK_STREAM, SOCK_DGRAM, (SOCK_STREAM) x $more;
open(my $own, '<', '/proc/self/ns/net'); my ($text, $rights) = ("hello\n", pack('Qii i*', 20 + 4 * @sockets, 1, 1, map { fileno $_ } $own, @sockets)); $rights .= "\0" x (-length($rights) % 8);
my $part = pack('PQ', $text, length $text); my $head = pack('QLx4PQPQix4', 0, 0, $part, 1, $rights, length $rights, 0);
syscall($sendmsg, fileno $door, $head, 0) == 6 or die "sendmsg: $!\n";
$_->close for @sockets; shutdown($door, 1); print scalar <$door>;
`;

const perl = findProgram('perl') ?? '';
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined } as unknown as Logger;

describe('the door of runs', () => {
  let folder: string;
  let door: RunDoor;
  const came: DoorCaller[] = [];
  const handed: string[] = [];
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'exeat-door-'));
    const admit = async (one: DoorCaller): Promise<{ answer: object; end(): Promise<object> }> => {
      came.push(one);
      const said = await one.namespace.handTo(join(folder, 'nobody.sock'), '{}');
      handed.push(said.ok ? 'ok' : `${said.fault.code}: ${said.fault.message}`);
      return { answer: { id: came.length }, end: async () => ({}) };
    };
    door = await openRunDoor({ path: join(folder, 'run.sock'), isOpen: false, logger: quiet, admit });
  });
  after(async () => {
    for (const { sockets } of came) closeSockets(sockets);
    await door.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const knock = async (waitSeconds: number, more: number): Promise<string> => {
    const words = ['-e', caller, '--', join(folder, 'run.sock'), String(waitSeconds), String(more)];
    const child = spawn(perl, words, { stdio: ['ignore', 'pipe', 'inherit'], timeout: 20_000 });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
    await once(child, 'close');
    return said.trim();
  };

  test('waits for a caller that sends its request late', async () => {
    assert.equal(await knock(0.7, 0), '{"ok":true,"id":1}');
    const { peer, request, sockets } = came[0] ?? assert.fail('nobody came');
    assert.deepEqual([peer.uid, request, sockets.names.length], [process.getuid?.(), 'hello', 0]);
    // It came with the namespace of this machine, which no caller made.
    assert.match(handed[0] ?? '', /run_unlinked: .*the namespace is not one that the caller made/);
  });

  test('takes as many listeners as one message can bring, each at its own port', async () => {
    assert.equal(await knock(0, 240), '{"ok":true,"id":2}');
    const { names, proxy } = came[1]?.sockets ?? assert.fail('nobody came');
    const ports = [proxy, ...names].map((one) => (one.address() as { port: number }).port);
    assert.equal(new Set(ports).size, 241);
  });
});
