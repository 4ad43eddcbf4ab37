import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { at, type GatewayBed, type NetAgent, openGatewayBed, until, workloadMac } from '../support/gateway-bed.ts';
import { asUser, users } from '../support/local-bed.ts';
import { type RunningProduct, startProduct } from '../support/product.ts';
import { skipUnless } from '../support/requires.ts';
import { openRunBed, type RunBed } from '../support/run-bed.ts';

// The parts as the units of examples/gateway start them, each with the rights of its unit:
// boot.nft, then the helper, then Exeat as a user without any right, with the sockets of exeat.socket. It holds workloads, the processes of
// the machine, and runs at once.

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
  skip: skipUnless('root', 'ip', 'nft', 'perl', 'setpriv', 'dig', 'curl', 'bwrap'),
}, () => {
  let bed: GatewayBed;
  let product: RunningProduct | undefined;
  let runs: RunBed | undefined;
  const agents: Partial<Record<'builder' | 'stranger', NetAgent>> = {};
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
    for (const [host, port] of [
      [at.origin[4], 5432],
      [at.far[4], 9000],
      [at.far[4], 9001],
    ] as const)
      await bed.origin.tell({ does: 'listen', host, port });
    for (const user of ['builder', 'stranger'] as const) agents[user] = bed.agent('gateway', asUser(users[user]));
    runs = await openRunBed();
    const server = `require('node:http').createServer((q, s) => s.end('reached')).listen(80, '${at.origin[4]}', () => console.log('on'))`;
    await startIn('origin', [process.execPath, '-e', server]);
  });
  after(async () => {
    await product?.stop();
    for (const child of children) child.kill('SIGKILL');
    await bed?.close();
    runs?.close();
  });

  const sends = async (user: 'builder' | 'stranger', port: number): Promise<string> =>
    (await agents[user]?.tell({ does: 'open', host: at.far[4], port, timeoutMs: 500 }))?.result ?? 'no agent';

  test('forward nothing before the first plan, also where forwarding is on', async () => {
    await bed.exec('gateway', ['sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward']);
    assert.match(await open(at.origin[4], 5432), /^203\.0\.113\.7 5432/, 'the way is open without them');
    assert.equal(await bed.exec('gateway', ['nft', '-f', '-'], unitOf('boot.nft')), '');
    assert.doesNotMatch(await open(at.origin[4], 5432), /^203\.0\.113\.7 5432/);
  });

  test('let no process of the machine send before the first plan', async () => {
    assert.match(await sends('builder', 9000), / 9000 /, 'the way is open without them');
    assert.equal(await bed.exec('gateway', ['nft', '-f', '-'], unitOf('local/boot.nft')), '');
    assert.doesNotMatch(await sends('builder', 9000), / 9000 /);
    // Who comes to a port of root is answered.
    await bed.agent('gateway').tell({ does: 'listen', host: at.gateway[4], port: 22 });
    assert.match(await open(at.gateway[4], 22), / 22 /);
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
      command: ['gateway', '--local'],
      policy: { 'workload.yaml': policy },
      config: {
        listen: { proxy: '127.0.0.1:3128', console: '127.0.0.1:8440', dns: '[::]:5353' },
        hosts: { [web]: at.origin[4], 'db.example.com': at.origin[4] },
        gateway: {
          inside: ['gi'],
          neighbours: { [at.workload[4]]: workloadMac },
          helper: join(bed.folder, 'helper.sock'),
          run: { range: ['10.9.7.0/30'] },
        },
        run: { socket: './run.sock' },
      },
    });
    await until(async () => (await curl(`http://${web}/`, at.far[4])) === 'reached', 'the gateway', 20_000);
    assert.match(await curl('http://other.example.com/', at.origin[4]), /no_rule_matched/);
    assert.match(
      await bed.exec('workload', ['dig', `@${at.gateway[4]}`, '+short', 'db.example.com']),
      /^203\.0\.113\.7/,
    );
    assert.equal(await open(at.origin[4], 5432), `${at.origin[4]} 5432 ${at.workload[4]}`);
    assert.equal(await open(at.far[4], 9000), 'ECONNREFUSED');
    const { supervisor, point } = product.report.pids;
    for (const pid of [supervisor, point]) {
      assert.match(
        readFileSync(`/proc/${pid}/status`, 'utf8'),
        /^CapBnd:\s+0+$/m,
        'no process of the product has a right',
      );
    }
  });

  test('hold the processes of the machine, and let runs out by a link of their own, with no more rights', async () => {
    const isRuled = async (): Promise<boolean> => (await sends('builder', 9000)) === `${at.far[4]} 9000 203.0.113.1`;
    await until(isRuled, 'the way of the user');
    assert.deepEqual([await sends('builder', 9001), await sends('stranger', 9000)], ['ECONNREFUSED', 'ECONNREFUSED']);
    const tries = [9000, 9001].map(
      (port) =>
        `timeout 3 bash -c 'exec 3<>/dev/tcp/${at.far[4]}/${port} && head -1 <&3' 2>&1 | tail -1 | sed 's/.*: //'`,
    );
    const words = ['--as', 'ci', '--config', product?.configPath ?? ''];
    const ran = await runs?.run(words, `{ ${tries.join('; ')}; } > $OUT/seen; grep -c : /proc/net/dev >> $OUT/seen`);
    assert.equal(ran?.code, 0, ran?.said);
    // The loopback and the link.
    assert.equal(runs?.written('seen'), `Connection refused\n${at.far[4]} 9001 203.0.113.1\n2`);
    assert.match(ran?.said ?? '', /198\.51\.100\.7:9000 .* no_rule_matched/);
    const status = await product?.run('gateway', 'status');
    assert.match(status?.stdout ?? '', /^No problems\.\n[\s\S]*\nruns +0, addresses for 1 more in 10\.9\.7\.0\/30\n/);
    assert.equal(status?.code, 0, status?.stdout);
    const doctor = await product?.run('doctor');
    assert.match(doctor?.stdout ?? '', /^ok +gateway runs +0 now, addresses for 1 more in 10\.9\.7\.0\/30; for ci$/m);
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
---
apiVersion: exeat/v1
service: builder
owner: team-build
kind: app
mode: enforce
identities: [ { local: { user: "${users.builder}" } } ]
allow:
  - { to: "tcp://${at.far[4]}:9000", reason: the store of this house }
---
apiVersion: exeat/v1
service: ci
owner: team-build
kind: build
mode: enforce
identities: [ { local: { user: "0" } }, { leased: run } ]
allow:
  - { to: "tcp://${at.far[4]}:9001", reason: test data }
`;
