import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import type { DecisionRecord, VerdictRecord } from '../../src/policy/index.ts';
import { at, type GatewayBed, type NetAgent, openGatewayBed, pause, until } from '../support/gateway-bed.ts';
import { childOf } from '../support/kill-child.ts';
import { asUser, inUnit, localPolicy, startTls, unitCgroup, users, withCgroups } from '../support/local-bed.ts';
import { type RunningProduct, startProduct, waitFor } from '../support/product.ts';
import { skipUnless } from '../support/requires.ts';

// Processes of one host, under several users, with the whole product on that host -> origin.

const web = 'web.example.com';
/** The host's own addresses. */
const host = { 4: '203.0.113.1', 6: '2001:db8::1' } as const;

describe('a host that holds its own processes', {
  skip: skipUnless('root', 'ip', 'nft', 'perl', 'setpriv', 'dig', 'curl', 'openssl'),
}, () => {
  let bed: GatewayBed;
  let product: RunningProduct;
  let tls: ChildProcess;
  const agents = {} as Record<keyof typeof users, NetAgent>;

  before(async () => {
    bed = await openGatewayBed();
    for (const one of [at.origin[4], at.origin[6], at.far[4], at.far[6]]) {
      for (const port of [80, 123, 5432, 5433, 9000]) {
        assert.equal((await bed.origin.tell({ does: 'listen', host: one, port })).result, 'listens');
      }
    }
    tls = await startTls(bed, [web, 'other.example.com']);
    product = await startProduct({
      namespace: bed.names.gateway,
      before: withCgroups,
      command: ['gateway', '--local', '--exempt', String(users.exempt), '--inbound', '7000'],
      policy: { 'host.yaml': localPolicy([]) },
      config: {
        listen: { proxy: '127.0.0.1:3128', console: '127.0.0.1:8440' },
        hosts: {
          [web]: [at.origin[4], at.origin[6]],
          'other.example.com': [at.origin[4], at.origin[6]],
          'db.example.com': [at.origin[4], at.origin[6]],
          'denied.example.com': at.origin[4],
        },
      },
    });
    for (const name of Object.keys(users) as (keyof typeof users)[]) {
      agents[name] = bed.agent('gateway', asUser(users[name]));
    }
    await until(async () => (await map('whouser')).includes(String(users.builder)), 'the policy in the kernel', 20_000);
  });
  after(async () => {
    await product?.stop();
    tls?.kill('SIGKILL');
    await bed?.close();
  });

  const map = (name: string): Promise<string> => bed.exec('gateway', ['nft', 'list', 'map', 'inet', 'exeat', name]);
  const run = (user: keyof typeof users, words: readonly string[]): Promise<string> =>
    bed.exec('gateway', [...asUser(users[user]), ...words]);
  const open = async (user: keyof typeof users, to: string, port: number, more = {}): Promise<string> =>
    (await agents[user].tell({ does: 'open', host: to, port, ...more })).result;
  const datagram = async (user: keyof typeof users, to: string, port: number, more = {}): Promise<string> =>
    (await agents[user].tell({ does: 'datagram', host: to, port, ...more })).result;
  const dig = (user: keyof typeof users, name: string, server: string, type = 'A'): Promise<string> =>
    run(user, ['dig', `@${server}`, '+tries=1', '+time=2', '+short', name, type]);
  const asksFor = (user: keyof typeof users, name: string, type = 'A'): Promise<void> =>
    until(async () => /^[0-9a-f.:]+$/m.test(await dig(user, name, '127.0.0.53', type)), `an answer for ${name}`);
  const curl = (user: keyof typeof users, name: string, address: string): Promise<string> =>
    run(user, [
      ...['curl', '-sS', '-k', '--max-time', '4', '-o', '/dev/null', '-w', '%{http_code}'],
      ...['--resolve', `${name}:443:${address}`, `https://${name}/`],
    ]);
  const verdict = async (matches: (record: VerdictRecord) => boolean): Promise<VerdictRecord> => {
    const isWanted = (record: DecisionRecord): boolean => record.kind === 'verdict' && matches(record);
    // A busy machine counts packets every few seconds only.
    return (await waitFor(async () => (await product.records()).find(isWanted), 'the record', 15_000)) as VerdictRecord;
  };

  for (const family of [4, 6] as const) {
    describe(`by IPv${family}`, () => {
      const [origin, far] = [at.origin[family], at.far[family]];

      test('lets a user go by name to what its service may reach, wherever it aims', async () => {
        for (const address of [origin, far]) assert.equal(await curl('builder', web, address), '200');
        assert.match(await curl('builder', 'other.example.com', origin), /reset|SSL/i);
        assert.equal(await curl('deployer', 'other.example.com', origin), '200');
        assert.match(await curl('deployer', web, origin), /reset|SSL/i);
        assert.match(await curl('stranger', web, origin), /reset|SSL/i);
      });

      test('lets a user go by address and port to what its service may reach, and nobody else', async () => {
        assert.equal(await open('builder', far, 5433), `${far} 5433 ${host[family]}`);
        assert.equal(await datagram('builder', far, 123), 'x');
        for (const [user, port] of [
          ['builder', 9000],
          ['deployer', 5433],
          ['stranger', 5433],
          ['stranger', 9000],
        ] as const) {
          assert.equal(await open(user, far, port), 'ECONNREFUSED', `${user} ${port}`);
        }
        assert.equal(await datagram('deployer', far, 123), 'EPERM');
      });

      test('opens what a name leads to for the service that asked, and for no other', async () => {
        assert.equal(await open('builder', origin, 5432), 'ECONNREFUSED');
        await asksFor('builder', 'db.example.com', family === 4 ? 'A' : 'AAAA');
        assert.equal(await open('builder', origin, 5432), `${origin} 5432 ${host[family]}`);
        assert.equal(await open('deployer', origin, 5432), 'ECONNREFUSED');
        assert.equal(await open('stranger', origin, 5432), 'ECONNREFUSED');
      });

      test('refuses QUIC at once', async () => {
        for (const user of ['builder', 'stranger'] as const) {
          const { result, ms } = await agents[user].tell({ does: 'datagram', host: far, port: 443 });
          assert.ok(result === 'EPERM' || result === 'ECONNREFUSED', result);
          assert.ok(ms < 100, `${ms} ms`);
        }
      });

      test('does not touch loopback, but for the doors of the gateway itself', async () => {
        const own = family === 4 ? '127.0.0.1' : '::1';
        assert.equal((await agents.builder.tell({ does: 'listen', host: own, port: 6000 })).result, 'listens');
        assert.match(await open('stranger', own, 6000), /^(?:127\.0\.0\.1|::1) 6000/);
        assert.equal(await datagram('stranger', own, 6000), 'x');
        assert.equal(await open('stranger', own, 18443), 'ECONNREFUSED');
        assert.equal(await open('stranger', host[family], 18443), 'ECONNREFUSED');
      });

      test('answers whoever connects from outside where the host serves, and not where anybody listens', async () => {
        for (const port of [7000, 7001]) {
          assert.equal((await agents.stranger.tell({ does: 'listen', host: host[family], port })).result, 'listens');
        }
        const from = async (port: number): Promise<string> =>
          (await bed.origin.tell({ does: 'open', host: host[family], port, from: origin, timeoutMs: 400 })).result;
        assert.equal(await from(7000), `${host[family]} 7000 ${origin}`);
        assert.equal(await from(7001), 'timeout');
        // Nor does what came in open a way out to the same peer.
        assert.equal(await open('stranger', origin, 9000), 'ECONNREFUSED');
      });

      test('leaves exempted users alone', async () => {
        assert.equal(await open('exempt', far, 9000), `${far} 9000 ${host[family]}`);
      });
    });
  }

  test('answers questions by the service of who asks, whomever they are meant for', async () => {
    for (const server of ['127.0.0.53', '127.0.0.1', at.far[4], at.far[6]]) {
      await until(async () => (await dig('builder', 'db.example.com', server)).startsWith(at.origin[4]), server);
      assert.equal(await dig('deployer', 'db.example.com', server), '', server);
      assert.equal(await dig('stranger', 'db.example.com', server), '', server);
    }
    const direct = ['dig', '@127.0.0.1', '-p', '5353', '+tries=1', '+time=2', '+short', 'db.example.com'];
    assert.match(await run('builder', direct), /^203/);
    assert.equal(await run('stranger', direct), '');
  });

  test('writes down who it was by user and not by process', async () => {
    await open('builder', at.far[4], 9000);
    const denied = await verdict(
      (one) => one.point === 'gateway' && one.destination?.port === 9000 && one.principal?.service === 'builder',
    );
    assert.deepEqual(
      [denied.verdict, denied.principal?.service, denied.principal?.identity, denied.principal?.strength],
      ['deny', 'builder', `local:user:${users.builder}`, 'shared-secret'],
    );
    await curl('deployer', 'other.example.com', at.origin[4]);
    const named = await verdict(
      (one) => one.point === 'gateway' && one.destination?.host === 'other.example.com' && one.verdict === 'allow',
    );
    assert.deepEqual([named.principal?.service, named.principal?.identity], ['deployer', 'local:user:daemon']);
    await open('stranger', at.far[4], 9000);
    await verdict((one) => one.point === 'gateway' && one.reason === 'identity_unknown');
  });

  test('does not believe a source that a process binds: not a seat, and not an address of another', async () => {
    const mark = new RegExp(`\\b${users.builder} : (0x[0-9a-f]+)`).exec(await map('whouser'))?.[1];
    const seat = new RegExp(`${mark} : (127\\.71\\.\\d+\\.\\d+)`).exec(await map('seats4'))?.[1] ?? '';
    assert.match(seat, /^127\.71\./);
    const question = ['-b', seat, '@127.0.0.1', '-p', '5353', '+tries=1', '+time=1', '+short', 'db.example.com'];
    assert.doesNotMatch(await run('stranger', ['dig', ...question]), /^203/m);
    const fetch = ['-sS', '-k', '--max-time', '2', '--interface', seat, '--resolve', `${web}:443:${at.origin[4]}`];
    assert.match(await run('stranger', ['curl', ...fetch, `https://${web}/`]), /reset|SSL/i);
    assert.equal(await open('stranger', at.far[4], 5433, { from: seat, timeoutMs: 500 }), 'ECONNREFUSED');
    assert.match(await open('stranger', '127.0.0.1', 18443, { from: seat, timeoutMs: 300 }), /timeout|ECONNREFUSED/);
  });

  test('a port that another user leaves is not that user', async () => {
    const taken = `use Socket; my ($uid, $name) = @ARGV; my @users = split /,/, $uid; my @got;
for my $user (@users) { my $pid = open(my $in, '-|') // die; if (!$pid) { $) = "$user $user"; $> = $user;
  socket(my $s, AF_INET, SOCK_DGRAM, 0); setsockopt($s, SOL_SOCKET, SO_REUSEADDR, 1);
  bind($s, pack_sockaddr_in(45353, inet_aton('${host[4]}'))) or die $!; connect($s, pack_sockaddr_in(53, inet_aton('${at.far[4]}')));
  send($s, pack('nnnnnn', 7, 256, 1, 0, 0, 0) . pack('(C/a)*', split(/\\./, $name), '') . pack('nn', 1, 1), 0);
  my $r = ''; vec($r, fileno($s), 1) = 1; select($r, undef, undef, 1); my $m = ''; recv($s, $m, 512, 64) if vec($r, fileno($s), 1);
  print length($m) > 12 ? (unpack('n', substr($m, 6, 2)) > 0 ? 'answered' : 'refused') : 'nothing'; exit 0; }
  push @got, <$in>; } print join ' ', @got;`;
    const ask = (...who: readonly number[]): Promise<string> =>
      bed.exec('gateway', ['perl', '-e', taken, who.join(','), 'db.example.com']);
    assert.equal(await ask(users.builder, users.stranger), 'answered nothing');
  });

  test('a process that changes its user afterwards is who made its socket; what it makes then is another', async () => {
    const change = `use Socket; sub try { my $s = shift; connect($s, pack_sockaddr_in(5433, inet_aton('${at.far[4]}'))) ? 'open' : 'shut' }
socket(my $before, AF_INET, SOCK_STREAM, 0); $) = $( = "${users.builder} ${users.builder}"; $> = $< = ${users.builder};
socket(my $after, AF_INET, SOCK_STREAM, 0); print try($before), ' ', try($after);`;
    assert.equal(await bed.exec('gateway', ['perl', '-e', change]), 'shut open');
  });

  test('a program with a set user id gains nothing, neither as root nor as the user of the point', async () => {
    // What execve(2) gives it: another effective user, and the group of who started it.
    const helper = `use Socket; $) = "${users.stranger} ${users.stranger}"; $( = ${users.stranger}; $< = ${users.stranger}; $> = 0;
socket(my $s, AF_INET, SOCK_STREAM, 0); print connect($s, pack_sockaddr_in(9000, inet_aton('${at.far[4]}'))) ? 'open' : 'shut';`;
    assert.equal(await bed.exec('gateway', ['perl', '-e', helper]), 'shut');
  });

  test('lets ICMP and other protocols out of nobody', async () => {
    const echo = `socket(my $s, 2, 3, 1) or die; print send($s, pack('H*', '0800f7ff00000000'), 0, pack('Sna4x8', 2, 0, pack('C4', split /\\./, '${at.far[4]}'))) ? 'sent' : 'shut'`;
    assert.equal(await bed.exec('gateway', ['perl', '-e', echo]), 'shut');
  });

  test('lets through what is observed, and says what would be denied', async () => {
    assert.equal(await open('watched', at.far[4], 9000), `${at.far[4]} 9000 ${host[4]}`);
    assert.equal(await curl('watched', web, at.origin[4]), '200');
    for (const port of [9000, 443]) {
      const seen = await verdict(
        (one) => one.point === 'gateway' && one.principal?.service === 'watched' && one.destination?.port === port,
      );
      assert.deepEqual([seen.verdict, seen.wouldDeny], ['allow', true], String(port));
    }
  });

  test('knows a unit by its cgroup, also when it is started again, and whoever is in it by nothing else', async (t) => {
    const unit = `/sys/fs/cgroup${unitCgroup}`;
    const hasCgroups = await bed.exec('gateway', [...inUnit, 'cat', `${unit}/cgroup.procs`]);
    if (!/^\d+$/m.test(hasCgroups)) return t.skip(`cgroups of v2 cannot be had here: ${hasCgroups}`);
    const remove = (): Promise<string> =>
      bed.exec('gateway', [...withCgroups, 'rmdir', unit, unit.slice(0, unit.lastIndexOf('/'))]);
    const reach = `socket(my $s, 2, 1, 0); print connect($s, pack('Sna4x8', 2, 5432, pack('C4', split /\\./, '${at.far[4]}'))) ? 'open' : 'shut'`;
    const isOpen = async (): Promise<boolean> =>
      (await bed.exec('gateway', [...inUnit, ...asUser(users.stranger), 'perl', '-e', reach])) === 'open';
    for (let start = 0; start < 2; start += 1) {
      // Each look starts processes, and the rules follow within 1.5 s.
      await until(async () => (await pause(400)) === undefined && (await isOpen()), 'the unit');
      assert.equal(await open('stranger', at.far[4], 5432), 'ECONNREFUSED');
      // A user with a service of its own is two services there, and so none.
      assert.equal(
        await bed.exec('gateway', [...inUnit, ...asUser(users.builder), 'perl', '-e', reach.replace('5432', '5433')]),
        'shut',
      );
      await until(async () => (await remove()) === '', 'an empty cgroup');
    }
    assert.doesNotMatch(product.stderr(), /changed by others/);
  });

  test('cuts within a second what a new policy no longer allows, and leaves the rest', async () => {
    await product.changePolicy('host.yaml', localPolicy([`tcp://${at.far[4]}:9000`]));
    await until(async () => (await open('builder', at.far[4], 9000)).startsWith(at.far[4]), 'the new rule');
    const [ends, stays] = [
      await agents.builder.tell({ does: 'open', host: at.far[4], port: 9000 }),
      await agents.builder.tell({ does: 'open', host: at.far[4], port: 5433 }),
    ];
    await product.changePolicy('host.yaml', localPolicy([]));
    const began = performance.now();
    const isCut = async (): Promise<boolean> =>
      (await agents.builder.tell({ does: 'echo', connection: ends.id, timeoutMs: 300 })).result !== 'x';
    await until(isCut, 'the cut', 3_000);
    assert.ok(performance.now() - began < 1_500, `${performance.now() - began} ms`);
    assert.equal((await agents.builder.tell({ does: 'echo', connection: stays.id, text: 'on' })).result, 'on');
  });

  test('while the ruleset is away nobody gets out: neither who is exempt, by TCP or UDP, nor what lives', async () => {
    const lives = await agents.exempt.tell({ does: 'open', host: at.far[4], port: 9000 });
    assert.match(lives.result, /9000/);
    const helper = childOf(product, 'helper') ?? assert.fail('no helper');
    process.kill(helper, 'SIGSTOP');
    try {
      await bed.exec('gateway', ['nft', 'flush', 'ruleset']);
      const tries = (['exempt', 'stranger', 'builder'] as const).flatMap((user) =>
        [at.far[4], at.far[6]].flatMap((to) => [
          open(user, to, 9000, { timeoutMs: 300 }),
          datagram(user, to, 123, { timeoutMs: 300 }),
        ]),
      );
      const said = [
        ...(await Promise.all(tries)),
        (await agents.exempt.tell({ does: 'echo', connection: lives.id, timeoutMs: 300 })).result,
      ];
      for (const result of said) assert.match(result, /^(?:timeout|E[A-Z]+)$/, said.join(', '));
    } finally {
      process.kill(helper, 'SIGCONT');
    }
    await until(
      async () => (await open('exempt', at.far[4], 9000, { timeoutMs: 300 })) === `${at.far[4]} 9000 ${host[4]}`,
      'the ruleset',
      15_000,
    );
  });

  test('keeps the door shut and comes back when the ruleset is flushed, the helper and the point are killed', async () => {
    await bed.exec('gateway', ['nft', 'flush', 'ruleset']);
    for (const [user, to] of [
      ['stranger', at.far[4]],
      ['stranger', at.far[6]],
    ] as const) {
      assert.notEqual((await open(user, to, 9000, { timeoutMs: 300 })).split(' ').length, 3, `${user} ${to}`);
    }
    const isBack = async (): Promise<boolean> => (await curl('builder', web, at.origin[4])) === '200';
    await until(isBack, 'the ruleset', 15_000);
    process.kill(childOf(product, 'helper') ?? 0, 'SIGKILL');
    assert.equal(await curl('builder', web, at.origin[4]), '200');
    assert.equal(await open('stranger', at.far[4], 9000), 'ECONNREFUSED');
    process.kill(childOf(product, 'point') ?? 0, 'SIGKILL');
    assert.equal(await open('stranger', at.far[4], 9000), 'ECONNREFUSED');
    await until(isBack, 'the point', 20_000);
    assert.equal(await open('builder', at.far[4], 5433), `${at.far[4]} 5433 ${host[4]}`);
  });

  test('says what it cannot find, and gives the host back', async () => {
    await product.changePolicy(
      'more.yaml',
      localPolicy([])
        .replaceAll('daemon', 'no-such-user')
        .replaceAll(/service: (\w+)/g, 'service: $1-more')
        .replaceAll(/user: (\d+)/g, 'user: 9$1'),
    );
    const status = await product.run('gateway', 'status');
    assert.match(status.stdout, /knows no user `no-such-user`/);
    product.signal('SIGTERM');
    await product.ended;
    const removed = await product.run('gateway', 'remove');
    assert.equal(removed.code, 0, removed.stderr);
    assert.doesNotMatch(await bed.exec('gateway', ['ip', 'rule']), /473|478|469/);
    assert.equal(await open('stranger', at.far[4], 9000), `${at.far[4]} 9000 ${host[4]}`);
  });
});
