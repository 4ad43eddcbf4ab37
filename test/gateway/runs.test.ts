import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { at, type GatewayBed, openGatewayBed, until } from '../support/gateway-bed.ts';
import { startGatewayProduct, startTlsOrigin, verdictOf } from '../support/gateway-product.ts';
import {
  indexOf,
  listens,
  macOf,
  type Running,
  type RunStarter,
  sends,
  startRuns,
  tools,
} from '../support/gateway-runs.ts';
import { childOf } from '../support/kill-child.ts';
import type { RunningProduct } from '../support/product.ts';
import { skipUnless } from '../support/requires.ts';
import { openRunBed, type RunBed, spawnRun } from '../support/run-bed.ts';

// A command in a network of its own that leads out through the gateway: by name, by address, by UDP.

const web = 'web.example.com';
const db = 'db.example.com';

describe('exeat run behind the gateway', {
  skip: skipUnless('root', 'ip', 'nft', 'perl', 'bwrap', 'curl', 'openssl', 'dig', 'nsenter'),
}, () => {
  let bed: GatewayBed;
  let runs: RunBed;
  let product: RunningProduct;
  const children: ChildProcess[] = [];

  before(async () => {
    [bed, runs] = await Promise.all([openGatewayBed(), openRunBed()]);
    for (const host of [at.origin, at.far].flatMap((both) => [both[4], both[6]])) {
      for (const port of [123, 5432, 9000]) {
        assert.equal((await bed.origin.tell({ does: 'listen', host, port })).result, 'listens');
      }
    }
    children.push(await startTlsOrigin(bed, [web]), await startTlsOrigin(bed, [web], '8443'));
    product = await startGatewayProduct(bed, {
      policy,
      hosts: { [web]: at.origin[4], [db]: [at.origin[4], at.origin[6]] },
      gateway: { tlsPorts: [443, 8443], run: { range: ['10.9.7.0/29', 'fd09:7::/125'] } },
      config: { run: { socket: './run.sock' } },
    });
  });
  after(async () => {
    await product?.stop();
    for (const one of children) one.kill('SIGKILL');
    await bed?.close();
    runs?.close();
  });

  const run = (service: string, script: string, ...words: readonly string[]): ReturnType<RunBed['run']> =>
    runs.run(['--as', service, '--config', product.configPath, ...words], `cd $OUT\n${tools}\n${script}`);
  /** The links that there are, as a process of the gateway sees them. */
  const links = (): readonly string[] => {
    const pid = childOf(product, 'helper') ?? childOf(product, 'control') ?? assert.fail('nobody is there');
    return [...readFileSync(`/proc/${pid}/net/dev`, 'latin1').matchAll(/exeat-run\d+/g)].map(([name]) => name);
  };

  const start = (service: string): Promise<Running> => runnerAt(product.configPath)(service);
  const runnerAt = (configPath: string): RunStarter => startRuns({ folder: runs.folder, configPath, children });

  test('names, addresses and UDP go out by the policy, and what the kernel denied is in the report', async () => {
    const { code, said } = await run(
      'first',
      `{ by() { curl -sS -m 5 -k -o /dev/null -w '%{http_code}\n' "$@" 2>/dev/null; }
         by --noproxy '*' --resolve ${web}:443:${at.far[4]} https://${web}/
         by --noproxy '*' --resolve ${web}:8443:${at.origin[4]} https://${web}:8443/
         by --noproxy '*' --resolve other.example.com:443:${at.origin[4]} https://other.example.com/
         by https://${web}/
         tcp ${at.far[4]} 5432; tcp ${at.far[6]} 5432; udp ${at.far[4]} 123; udp ${at.far[6]} 123
         tcp ${at.origin[4]} 5432; getent ahosts ${db} > told; tcp ${at.origin[4]} 5432; tcp ${at.origin[6]} 5432
         tcp ${at.far[4]} 9000; udp ${at.origin[4]} 123; dig @${at.far[4]} +short +tries=1 +time=2 ${db}; } > seen
       grep -E '^(CapEff|NoNewPrivs|Seccomp):' /proc/self/status > rights; ls /run > run`,
      '--report',
      join(runs.folder, 'report.json'),
    );
    assert.equal(code, 0, said);
    const refused = 'Connection refused';
    assert.deepEqual(runs.written('seen').split('\n'), [
      ...['200', '200', '000', '200'],
      ...[`${at.far[4]} 5432 203.0.113.1`, `${at.far[6]} 5432 2001:db8::1`, 'x', 'x'],
      ...[refused, `${at.origin[4]} 5432 203.0.113.1`, `${at.origin[6]} 5432 2001:db8::1`],
      ...[refused, refused, at.origin[4]],
    ]);
    assert.equal(runs.written('rights'), 'CapEff:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2');
    assert.equal(runs.written('run'), 'lock\nuser');
    const { reached, denied } = JSON.parse(runs.written('report.json')) as Report;
    const text = ({ host, port, protocol }: Report['reached'][number]): string => `${protocol} ${host} ${port}`;
    assert.deepEqual(reached.map(text).sort(), [
      ...[`tcp ${at.far[4]} 5432`, `tcp ${at.far[6]} 5432`, `tcp ${db} 5432`, `tls ${web} 443`, `tls ${web} 8443`],
      ...[`udp ${at.far[4]} 123`, `udp ${at.far[6]} 123`],
    ]);
    assert.ok(
      reached.every(({ bytesUp, bytesDown }) => bytesUp > 0 && bytesDown > 0),
      JSON.stringify(reached),
    );
    // What was refused at an address just before it was told of is of that name by now.
    for (const [port, reason] of [
      [9000, /^no_rule_matched$/],
      [5432, /^(?:no_rule_matched|address_untold)$/],
      [443, /^no_rule_matched$/],
      [123, /^no_rule_matched$/],
    ] as const) {
      assert.match(denied.find((one) => one.port === port)?.reason ?? 'none', reason, `${port}`);
    }
    const record = await verdictOf(
      product,
      ({ point, destination }) => point === 'gateway' && destination?.port === 9000,
    );
    assert.deepEqual([record.principal?.service, record.principal?.identity], ['first', 'leased:run']);
    assert.deepEqual(links(), []);
  });

  test('who is not listed gets no link, and a service that does not take leases of runs has its loopback alone', async () => {
    const before_ = await bed.exec('gateway', ['ip', '-o', 'link', 'show']);
    const words = ['--as', 'first', '--config', product.configPath, '--', 'true'];
    const { code, said } = await spawnRun(words, { cwd: runs.folder }).end;
    assert.deepEqual([code, /may not run as `first`/.test(said)], [125, true], said);
    const plain = await run(
      'plain',
      `ls /sys/class/net > devices; grep -c : /proc/net/dev >> devices; tcp ${at.far[4]} 5432 >> devices`,
    );
    assert.equal(plain.code, 0, plain.said);
    assert.match(runs.written('devices'), /\n1\nConnection refused$/);
    assert.equal(await bed.exec('gateway', ['ip', '-o', 'link', 'show']), before_);
  });

  test('two runs at once are two services, and neither comes to the other, to the gateway or out of its link', async () => {
    const [one, other] = await Promise.all([start('first'), start('second')]);
    const gateway = bed.agent('gateway');
    for (const host of ['0.0.0.0', '::'])
      for (const port of [67, 547, 7777]) await gateway.tell({ does: 'listen', host, port });
    const here = { 4: '10.9.7.1', 6: 'fd09:7::1' };
    const [mine4 = '', mine6 = ''] = one.addresses;
    const [its4 = '', its6 = ''] = other.addresses;
    assert.equal(new Set([mine4, its4, mine6, its6]).size, 4);
    assert.deepEqual(links().toSorted(), ['exeat-run1', 'exeat-run2']);
    assert.equal(
      await one.does(`tcp ${at.far[4]} 5432; tcp ${at.far[4]} 9000`),
      `${at.far[4]} 5432 203.0.113.1\nConnection refused`,
    );
    assert.equal(
      await other.does(`tcp ${at.far[4]} 9000; tcp ${at.far[4]} 5432`),
      `${at.far[4]} 9000 203.0.113.1\nConnection refused`,
    );
    await other.within(`perl -MSocket -e '${listens}' > /dev/null 2>&1 &`);
    await until(async () => (await other.within('ss -ltn')).includes(':9100'), 'the listeners');

    // By what a command may do.
    const state = product.state;
    const said = await one.does(`
      for c in "addr add ${its4}/32 dev eth0" "link set eth0 down" "route add default dev lo" "neigh del ${here[4]} dev eth0"; do ip $c; done
      perl -MSocket -e 'for ([AF_INET,3,1],[AF_INET,3,17],[AF_INET6,3,58],[17,3,768],[17,2,768]) { print((socket(my $s,$$_[0],$$_[1],$$_[2]) ? "made" : "no"), "\n") }'
      perl -MSocket -e 'for (@ARGV) { socket(my $s,AF_UNIX,SOCK_STREAM,0); print((connect($s,pack_sockaddr_un($_)) ? "connected" : "no"), "\n") }' \
        ${state}/point/point.sock ${state}/control/control.sock ${product.folder}/run.sock ${sockets().join(' ')}`);
    assert.equal(said.match(/Operation not permitted/g)?.length, 4, said);
    assert.doesNotMatch(said, /made|connected/);
    const near = [here[4], here[6], at.gateway[4], at.gateway[6], '203.0.113.1'].map(
      (host) => `tcp ${host} 7777; tcp ${host} 22`,
    );
    const beside = [its4, its6].map((host) => `tcp ${host} 9100; tcp ${host} 5432; udp ${host} 9100`);
    const odd = ['fe80::1', 'ff02::1', '224.0.0.251', '169.254.169.254'].map((host) => `udp ${host} 7777`);
    const lines = (await one.does([...near, ...beside, ...odd].join('\n'))).split('\n');
    assert.equal(lines.length, 2 * near.length + 3 * beside.length + odd.length, lines.join('\n'));
    for (const line of lines)
      assert.match(line, /refused|unreachable|timeout|Invalid|not permitted|No route/i, lines.join('\n'));

    // By what who started it may do, who has all rights in the namespace.
    const spoofed = await one.within(`
      ip addr add ${its4}/32 dev eth0; ip addr add ${its6}/128 dev eth0 nodad; ip addr add ${at.workload[4]}/32 dev eth0
      ip addr add 10.9.7.6/32 dev eth0; ip addr add fd09:7::6/128 dev eth0 nodad
      ip link set eth0 address ${macOf(other)}; ip -br link show eth0 | grep -c ${macOf(other)}
      from() { perl -MSocket -e '${sends}' "$@"; }
      from ${its4} ${at.far[4]} 9000; from ${its6} ${at.far[6]} 9000; from 10.9.7.6 ${at.far[4]} 123; from fd09:7::6 ${at.far[6]} 123
      from ${mine4} ${at.far[4]} 123; from ${at.workload[4]} ${at.far[4]} 123`);
    assert.equal(spoofed, '1\nnothing\nnothing\nnothing\nnothing\nnothing\nnothing');
    assert.equal(
      await one.within(`ip link set eth0 address ${macOf(one)}; perl -MSocket -e '${sends}' ${mine4} ${at.far[4]} 123`),
      'x',
    );
    const leased = await one.within(
      `perl -MSocket -e '${sends}' ${mine4} ${here[4]} 67; perl -MSocket -e '${sends}' 0.0.0.0 255.255.255.255 67`,
    );
    assert.equal(leased, 'nothing\nnothing');
    assert.equal(await other.does(`tcp ${at.far[4]} 9000`), `${at.far[4]} 9000 203.0.113.1`);
    const spoofs = async (): Promise<number> =>
      Number(
        /packets (\d+)/.exec(await bed.exec('gateway', ['nft', 'list', 'counter', 'inet', 'exeat', 'spoofed']))?.[1],
      );
    assert.ok((await spoofs()) >= 6);

    // However it ends, its link, its addresses and what it learned go.
    assert.match(await one.does(`getent ahosts ${db}; tcp ${at.origin[4]} 5432`), / 5432 203\.0\.113\.1$/);
    process.kill(one.pid, 'SIGKILL');
    const kept = ['ip rule', 'ip -6 rule', 'nft list map inet exeat lease4', 'nft list set inet exeat told4'];
    const own = new RegExp(`exeat-run${indexOf(one)} |203\\.0\\.113\\.7|${mine4.replaceAll('.', '\\.')} `);
    const isGone = async (): Promise<boolean> => !own.test(await bed.exec('gateway', ['sh', '-c', kept.join('; ')]));
    await until(async () => links().length === 1 && (await isGone()), 'the end of all of it', 5_000);
    assert.equal(await other.does(`tcp ${at.far[4]} 9000`), `${at.far[4]} 9000 203.0.113.1`);

    // A helper that is killed changes nothing, and a point that is killed takes its runs along.
    const helper = childOf(product, 'helper') ?? assert.fail('no helper');
    process.kill(helper, 'SIGKILL');
    await until(() => (childOf(product, 'helper') ?? helper) !== helper, 'the helper');
    assert.equal(await other.does(`tcp ${at.far[4]} 9000`), `${at.far[4]} 9000 203.0.113.1`);
    const point = childOf(product, 'point') ?? assert.fail('no point');
    process.kill(point, 'SIGKILL');
    await until(() => (childOf(product, 'point') ?? point) !== point && links().length === 0, 'the end of the link');
    assert.match(await other.does(`tcp ${at.far[4]} 9000`), /unreachable/);
    await other.end();
  });

  test('a full range says so; who is next has the address of one that ended, and nothing that it was told', async () => {
    const all = await Promise.all(Array.from({ length: 5 }, () => start('first')));
    assert.equal(new Set(all.map(({ addresses }) => addresses[0])).size, 5);
    const [one = assert.fail('nobody'), ...others] = all;
    assert.match(await one.does(`getent ahosts ${db}; tcp ${at.origin[4]} 5432`), / 5432 203\.0\.113\.1$/);
    const full = await run('second', 'true');
    assert.equal(full.code, 125);
    assert.match(
      full.said,
      /all 5 addresses of `gateway\.run\.range` are in use: wait for a run to end, or take a larger range/,
    );
    const doctor = await product.run('doctor');
    assert.match(doctor.stdout, /^WARN +gateway runs +all 5 addresses .* in use\n +-> wait for a run to end/m);
    const status = await product.run('gateway', 'status');
    assert.match(status.stdout, /^runs +5; none can begin: all 5 addresses/m);
    await one.end();
    const next = await start('second');
    assert.deepEqual(next.addresses, one.addresses);
    // Its own rule has that name too, and it never asked for it; who did still may.
    const lines = `tcp ${at.origin[4]} 5432; tcp ${at.far[4]} 9000`;
    assert.equal(await next.does(lines), `Connection refused\n${at.far[4]} 9000 203.0.113.1`);
    assert.match((await others[0]?.does(`tcp ${at.origin[4]} 5432`)) ?? '', / 5432 203\.0\.113\.1$/);
    await Promise.all([...others, next].map((each) => each.end()));
    assert.deepEqual(links(), []);
  });

  test('the next run with an address of an earlier one has nothing of it, and ends with the word of the policy', async () => {
    const next = await start('second');
    // Whichever it is: all of them were those of `first`, when the range was full.
    assert.match(next.addresses[0] ?? '', /^10\.9\.7\.[2-6]$/);
    const seen = await next.does(
      `tcp ${at.origin[4]} 5432; tcp ${at.far[4]} 5432; udp ${at.far[4]} 123; tcp ${at.far[4]} 9000`,
    );
    const refused = 'Connection refused';
    assert.equal(seen, [refused, refused, refused, `${at.far[4]} 9000 203.0.113.1`].join('\n'));
    const without = policy.replace(/(service: second[\s\S]*?local: \{ user: )"0"/, '$1"61000"');
    await product.changePolicy('workload.yaml', without);
    await until(async () => (await next.does(`tcp ${at.far[4]} 9000`)) === '', 'the end of the run', 5_000);
    await next.end();
    assert.deepEqual(links(), []);
  });
});

/** The sockets of the helper. */
function sockets(): readonly string[] {
  const all = readdirSync('/run/exeat').filter((name) => /\.(?:sock|runs)$/.test(name));
  return all.slice(-4).map((name) => join('/run/exeat', name));
}

interface Report {
  readonly reached: readonly { host: string; port: number; protocol: string; bytesUp: number; bytesDown: number }[];
  readonly denied: readonly {
    host: string;
    port: number;
    protocol: string;
    bytesUp: number;
    bytesDown: number;
    reason: string;
  }[];
}

const policy = `apiVersion: exeat/v1
service: first
owner: team-ci
kind: build
mode: enforce
identities: [ { local: { user: "0" } }, { leased: run } ]
allow:
  - { to: "${web}:443", reason: the site }
  - { to: "${web}:8443", reason: the site }
  - { to: "tcp://${at.far[4]}:5432", reason: shared }
  - { to: "tcp://[${at.far[6]}]:5432", reason: shared }
  - { to: "udp://${at.far[4]}:123", reason: the time }
  - { to: "udp://[${at.far[6]}]:123", reason: the time }
  - { to: "tcp://${db}:5432", reason: the database }
---
apiVersion: exeat/v1
service: second
owner: team-ci
kind: build
mode: enforce
identities: [ { local: { user: "0" } }, "leased:run" ]
allow:
  - { to: "tcp://${at.far[4]}:9000", reason: its own }
  - { to: "tcp://[${at.far[6]}]:9000", reason: its own }
  - { to: "tcp://${db}:5432", reason: the database }
---
apiVersion: exeat/v1
service: plain
owner: team-ci
kind: build
mode: enforce
identities: [ { local: { user: "0" } } ]
allow:
  - { to: "tcp://${at.far[4]}:5432", reason: by the proxy alone }
---
apiVersion: exeat/v1
service: workload
owner: team-workload
kind: app
mode: enforce
identities: [ "source:${at.workload[4]}/32", "source:${at.workload[6]}/128" ]
allow: []
`;
