import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { at, type GatewayBed, openGatewayBed, until, workloadMac } from '../support/gateway-bed.ts';
import { type RunningProduct, startProduct } from '../support/product.ts';
import { skipUnless } from '../support/requires.ts';

// The parts as the units of examples/gateway start them, each with the rights of its unit:
// boot.nft, then the helper, then `exeat up` as a user without any right, with the sockets of exeat.socket.

const repository = join(import.meta.dirname, '../..');
const unitOf = (name: string): string => readFileSync(join(repository, 'examples/gateway', name), 'utf8');
const userId = 64_321;
const web = 'web.example.com';

// What systemd does for exeat.socket (sd_listen_fds(3)): sockets from 3 on, for the process that it becomes.
const likeSystemd = `use Socket; use POSIX (); $^F = 1023; my @high;
for my $row ([AF_INET, 0, 19, pack_sockaddr_in(18443, INADDR_ANY)], [AF_INET6, 41, 75, pack_sockaddr_in6(18443, Socket::IN6ADDR_ANY)]) {
  my ($family, $level, $option, $address) = @$row;
  socket(my $s, $family, SOCK_STREAM, 0) or die "socket: $!";
  setsockopt($s, 41, 26, 1) if $family == AF_INET6;
  setsockopt($s, $level, $option, 1) or die "transparent: $!";
  bind($s, $address) or die "bind: $!"; listen($s, 64) or die "listen: $!";
  my $up = 64 + @high; POSIX::dup2(fileno($s), $up); push @high, $up; close $s;
}
for (0 .. $#high) { POSIX::dup2($high[$_], 3 + $_); POSIX::close($high[$_]); }
$ENV{LISTEN_FDS} = @high; $ENV{LISTEN_PID} = $$;
exec { $ARGV[0] } @ARGV or die "$ARGV[0]: $!";`;

describe('the units of examples/gateway', {
  skip: skipUnless('root', 'ip', 'nft', 'perl', 'setpriv', 'dig', 'curl'),
}, () => {
  let bed: GatewayBed;
  let product: RunningProduct | undefined;
  const children: ChildProcess[] = [];

  const startIn = async (where: 'gateway' | 'origin', words: readonly string[]): Promise<void> => {
    const child = spawn('ip', ['netns', 'exec', bed.names[where], ...words], {
      cwd: repository,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    await once(createInterface({ input: child.stdout }), 'line');
  };
  const open = async (host: string, port: number): Promise<string> =>
    (await bed.workload.tell({ does: 'open', host, port, timeoutMs: 500 })).result;
  const curl = (url: string, address: string): Promise<string> =>
    bed.exec('workload', [
      'curl',
      '-sS',
      '--max-time',
      '5',
      '--resolve',
      `${new URL(url).hostname}:80:${address}`,
      url,
    ]);

  before(async () => {
    bed = await openGatewayBed();
    chmodSync(bed.folder, 0o711);
    await bed.origin.tell({ does: 'listen', host: at.origin[4], port: 5432 });
    const server = `require('node:http').createServer((q, s) => s.end('reached')).listen(80, '${at.origin[4]}', () => console.log('on'))`;
    await startIn('origin', [process.execPath, '-e', server]);
  });
  after(async () => {
    await product?.stop();
    for (const child of children) child.kill('SIGKILL');
    await bed?.close();
  });

  test('forward nothing before the first plan, also where forwarding is on', async () => {
    await bed.exec('gateway', ['sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward']);
    assert.match(await open(at.origin[4], 5432), /^203\.0\.113\.7 5432/, 'the way is open without them');
    assert.equal(await bed.exec('gateway', ['nft', '-f', '-'], unitOf('boot.nft')), '');
    assert.doesNotMatch(await open(at.origin[4], 5432), /^203\.0\.113\.7 5432/);
  });

  test('let out what the policy says, with the rights that they leave', async () => {
    const bounds = /^CapabilityBoundingSet=(.+)$/m.exec(unitOf('exeat-gateway.service'))?.[1]?.split(' ') ?? [];
    const kept = bounds.map((name) => `+${name.replace('CAP_', '').toLowerCase()}`).join(',');
    assert.equal(kept, '+net_admin,+chown');
    const helperFiles = ['--socket', join(bed.folder, 'helper.sock'), '--state', join(bed.folder, 'state.json')];
    await startIn('gateway', [
      ...['setpriv', '--bounding-set', `-all,${kept}`, '--inh-caps', '-all', '--no-new-privs', process.execPath],
      ...['src/gateway/helper/helper-process.ts', ...helperFiles, '--user', String(userId)],
    ]);
    product = await startProduct({
      namespace: bed.names.gateway,
      before: [
        ...['perl', '-e', likeSystemd, '--', 'setpriv', '--reuid', String(userId), '--regid', String(userId)],
        ...['--clear-groups', '--bounding-set', '-all', '--inh-caps', '-all', '--no-new-privs'],
      ],
      prepare: async (folder) => chownSync(folder, userId, userId),
      policy: { 'workload.yaml': policy },
      config: {
        listen: { proxy: '127.0.0.1:3128', console: '127.0.0.1:8440', dns: '[::]:5353' },
        hosts: { [web]: at.origin[4], 'db.example.com': at.origin[4] },
        gateway: {
          inside: ['gi'],
          neighbours: { [at.workload[4]]: workloadMac },
          helper: join(bed.folder, 'helper.sock'),
        },
      },
    });
    await until(async () => (await curl(`http://${web}/`, at.far[4])) === 'reached', 'the gateway', 20_000);
    assert.match(await curl('http://other.example.com/', at.origin[4]), /no_rule_matched/);
    assert.match(
      await bed.exec('workload', ['dig', `@${at.gateway[4]}`, '+short', 'db.example.com']),
      /^203\.0\.113\.7/,
    );
    assert.equal(await open(at.origin[4], 5432), `${at.origin[4]} 5432 ${at.workload[4]}`);
    const { supervisor, point } = product.report.pids;
    for (const pid of [supervisor, point]) {
      assert.match(
        readFileSync(`/proc/${pid}/status`, 'utf8'),
        /^CapBnd:\s+0+$/m,
        'no process of the product has a right',
      );
    }
  });
});

const policy = `apiVersion: exeat/v1
service: workload
owner: team-workload
kind: app
mode: enforce
identities: [ "source:${at.workload[4]}/32" ]
allow:
  - { to: "http://${web}:80", reason: the site }
  - { to: "tcp://db.example.com:5432", reason: the database }
`;
