import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, openSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { skipUnless } from '../support/requires.ts';
import { openRunBed, type RunBed, spawnRun, stranger } from '../support/run-bed.ts';

// Every way out of `exeat run` that needs no allowed destination, tried by a user without rights from inside of one run. One line each:
// what was tried, and what the kernel said.
const attempts = String.raw`
use strict; use Socket; use POSIX ();
my $arm = (POSIX::uname())[4] eq 'aarch64';
sub told { my ($name, $result) = @_; print "$name: ", ($result ? 'DONE' : $! + 0 ? "$!" : 'no'), "\n"; $! = 0; }
sub call { my ($name, $x64, $arm64, @words) = @_; $! = 0; told($name, syscall($arm ? $arm64 : $x64, @words) >= 0); }
for ([raw => AF_INET, 3, 1], [raw6 => AF_INET6, 3, 58], [packet => 17, 3, 768], [packet_datagram => 17, 2, 768], [vsock => 40, 1, 0],
  [sctp => AF_INET, 5, 132], [netlink_firewall => 16, 3, 12], [bluetooth => 31, 3, 0], [alg => 38, 5, 0]) {
  my ($name, @words) = @$_; $! = 0; told($name, socket(my $s, $words[0], $words[1], $words[2])); }
call('io_uring', 425, 425, 1, 0); call('x32_socket', 0x40000029, 9999, 2, 1, 0); call('keyctl', 250, 219, 0, -3, 0);
call('user_namespace', 272, 97, 0x10000000); call('network_namespace', 272, 97, 0x40000000); call('clone3', 435, 435, 0, 0);
call('mount', 165, 40, 0, 0, 0, 0, 0); call('setns', 308, 268, 0, 0);
my $key = 'x'; $! = 0; told('type_into_terminal', ioctl(STDIN, 0x5412, $key));
for my $to (['127.0.0.1', $ENV{HOST_PORT}], ['192.0.2.1', 8443], ['169.254.169.254', 8080]) {
  socket(my $s, AF_INET, SOCK_STREAM, 0); $! = 0; told("connect_$to->[0]", connect($s, pack_sockaddr_in($to->[1], inet_aton($to->[0])))); }
for (['abstract', "\0" . $ENV{ABSTRACT}], ['path', $ENV{SOCKET}], ['datagram_path', '/dev/log'], ['door', $ENV{DOOR}]) {
  socket(my $s, AF_UNIX, SOCK_STREAM, 0); $! = 0; told($_->[0], connect($s, pack_sockaddr_un($_->[1]))); }
opendir(my $d, '/proc/self/fd'); print 'descriptors: ', join(' ', sort { $a <=> $b } grep { /\d/ } readdir $d), "\n";
$! = 0; told('see_a_process_outside', -e "/proc/$ENV{OUTSIDE}/environ"); $! = 0; told('signal_outside', kill(0, $ENV{OUTSIDE}));
print 'setuid: ', join(' ', map { s/\s+$//r } qx(su -c id 2>&1 </dev/null)) =~ /uid=0/ ? 'DONE' : 'no', "\n";
for my $file ('policy/new.yaml', 'policy/ci.yaml', 'exeat.yaml') { $! = 0; told("write_$file", open(my $f, '>>', $file)); }
$! = 0; told('plant_state', mkdir('.exeat/keys')); $! = 0; told('rename_state', rename('.exeat', 'planted'));
$! = 0; told('rename_policy', rename('policy', 'old')); $! = 0; told('rename_above', rename($ENV{PROJECT}, "$ENV{PROJECT}-old"));
$! = 0; told('link_policy', symlink('policy', 'drafts/link')); rename('drafts', 'gone'); $! = 0; told('swap_drafts', symlink('policy', 'drafts'));
$! = 0; told('sysctl', open(my $p, '>', '/proc/sys/net/ipv4/ip_forward')); $! = 0; told('route', system('ip route add default dev lo 2>/dev/null') == 0);
socket(my $own, AF_UNIX, SOCK_STREAM, 0); bind($own, pack_sockaddr_un('own.sock')); listen($own, 1);
socket(my $c, AF_UNIX, SOCK_STREAM, 0); $! = 0; told('own_socket', connect($c, pack_sockaddr_un('own.sock')));
`;

const refused: Readonly<Record<string, RegExp>> = {
  ...Object.fromEntries(['raw', 'raw6', 'sctp'].map((name) => [name, /^Operation not permitted$/])),
  ...Object.fromEntries(
    ['packet', 'packet_datagram', 'vsock', 'bluetooth', 'alg'].map((name) => [name, /^Address family not supported/]),
  ),
  netlink_firewall: /^Protocol not supported$/,
  ...Object.fromEntries(['io_uring', 'x32_socket', 'clone3'].map((name) => [name, /^Function not implemented$/])),
  ...Object.fromEntries(
    ['keyctl', 'user_namespace', 'network_namespace', 'mount', 'setns', 'type_into_terminal'].map((name) => [
      name,
      /^Operation not permitted$/,
    ]),
  ),
  'connect_127.0.0.1': /^Connection refused$/,
  'connect_192.0.2.1': /^Connection refused$/,
  'connect_169.254.169.254': /^Connection refused$/,
  abstract: /^Connection refused$/,
  path: /^Connection refused$/,
  datagram_path: /^No such file/,
  door: /^(?:No such file|Connection refused|Permission denied)/,
  descriptors: /^0 1 2 3$/,
  see_a_process_outside: /^No such file/,
  signal_outside: /^No such process$/,
  setuid: /^no$/,
  'write_policy/new.yaml': /^Read-only file system$/,
  'write_policy/ci.yaml': /^Read-only file system$/,
  'write_exeat.yaml': /^Read-only file system$/,
  rename_state: /^(?:Device or resource busy|Invalid cross-device link)$/,
  rename_policy: /^(?:Device or resource busy|Invalid cross-device link)$/,
  rename_above: /^(?:Device or resource busy|Invalid cross-device link)$/,
  sysctl: /^(?:Read-only file system|Permission denied)$/,
  route: /^no$/,
};

describe('what a command in `exeat run` tries to get out by', {
  skip: skipUnless('root', 'perl', 'bwrap', 'setpriv'),
}, () => {
  let bed: RunBed;
  let project: string;
  before(async () => {
    bed = await openRunBed();
    project = join(bed.folder, 'work', 'project');
    for (const folder of ['work', 'work/project', 'work/project/policy', 'work/project/drafts']) {
      mkdirSync(join(bed.folder, folder));
      chmodSync(join(bed.folder, folder), 0o777);
    }
    writeFileSync(join(project, 'policy', 'ci.yaml'), policyText('enforce'));
    writeFileSync(join(project, 'exeat.yaml'), 'policy: ./policy\n');
    // It may write to all of them as far as modes go.
    for (const file of ['policy/ci.yaml', 'exeat.yaml']) chmodSync(join(project, file), 0o666);
    writeFileSync(join(project, 'attempts.pl'), attempts);
  });
  after(() => bed.close());

  test('each of them ends at the kernel, and what it writes changes no policy', async () => {
    const path = join(bed.folder, 'engine.sock');
    const reached: string[] = [];
    const byPath = createServer(() => reached.push('path')).listen(path);
    const byName = createServer(() => reached.push('abstract')).listen(`\0exeat-${process.pid}`);
    const byPort = createServer(() => reached.push('port')).listen(0, '127.0.0.1');
    await new Promise((resolve) => byPort.on('listening', resolve));
    chmodSync(path, 0o777);
    const { port } = byPort.address() as { port: number };
    const told = [
      ...[`SOCKET=${path}`, `ABSTRACT=exeat-${process.pid}`, `HOST_PORT=${port}`, `OUTSIDE=${process.pid}`],
      ...[`PROJECT=${project}`, `DOOR=${join(project, '.exeat/point/run.sock')}`],
    ];
    const words = ['--as', 'ci-job', '--learn', 'drafts/draft.yaml', '--', 'env', ...told, 'perl', 'attempts.pl'];
    const run = spawnRun(words, { cwd: project, inherited: openSync('/dev/null', 'r') });
    const { code, out, said } = await run.end;
    for (const server of [byPath, byName, byPort]) server.close();
    assert.equal(code, 0, said);
    assert.deepEqual(reached, []);
    const lines = new Map(
      out
        .trimEnd()
        .split('\n')
        .map((line) => [line.split(': ')[0] ?? '', line.replace(/^\S+: /, '')]),
    );
    for (const [name, pattern] of Object.entries(refused)) assert.match(lines.get(name) ?? 'not tried', pattern, name);
    assert.equal(lines.get('own_socket'), 'DONE');
    // It put a link to the policy where the draft was to go: the draft went into the folder that was meant.
    assert.equal(lines.get('swap_drafts'), 'DONE');
    assert.match(readFileSync(join(project, 'gone', 'draft.yaml'), 'utf8'), /^# exeat run --learn, untouched: sha256:/);
    assert.equal(existsSync(join(project, 'policy', 'draft.yaml')), false);
    assert.equal(readFileSync(join(project, 'policy', 'ci.yaml'), 'utf8'), policyText('enforce'));
    assert.equal(readFileSync(join(project, 'exeat.yaml'), 'utf8'), 'policy: ./policy\n');
    // It could make keys where those of a product would be; they were its own, and are gone.
    assert.equal(lines.get('plant_state'), 'DONE');
    assert.equal(existsSync(join(project, '.exeat')), false);
  });

  test('nothing starts where a link that the command could replace leads to its policy', async () => {
    symlinkSync('policy', join(project, 'linked'));
    const { code, said } = await bed.run(['--as', 'by-root', '--policy', join(project, 'linked')], 'true');
    assert.equal(code, 125);
    assert.match(said, /linked` is a link on the way to what judges the command/);
  });
});

function policyText(mode: string): string {
  return `apiVersion: exeat/v1
service: ci-job
owner: team-ci
kind: build
mode: ${mode}
identities: [ { local: { user: "${stranger.uid}" } } ]
allow: []
tests: [ { deny: "example.org:443", because: no_rule_matched } ]
---
apiVersion: exeat/v1
service: by-root
owner: team-ci
kind: build
mode: enforce
identities: [ { local: { user: root } } ]
allow: []
`;
}
