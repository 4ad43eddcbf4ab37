import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { KernelClient, KernelPlan } from '../../src/gateway/index.ts';
import {
  at,
  type GatewayBed,
  openAt,
  openGatewayBed,
  pause,
  planOf,
  services,
  toldAt,
  until,
} from '../support/gateway-bed.ts';
import { skipUnless } from '../support/requires.ts';

// workload -> gateway (the ruleset, in a namespace of its own) -> origin, which echoes on every port of `ports`.

const ports = [53, 123, 443, 5432, 5433, 5434, 9000];
const counted = `table inet seen {
  counter echo { }
  counter gre { }
  counter fragments { }
  chain c { type filter hook prerouting priority -450; policy accept;
    icmp type echo-request counter name echo
    icmpv6 type echo-request counter name echo
    ip protocol 47 counter name gre
    ip frag-off & 0x3fff != 0 counter name fragments
    exthdr frag exists counter name fragments
  }
}
`;

for (const tracksFlows of [false, true]) {
  describe(`the address plane, ${tracksFlows ? 'tracked' : 'past conntrack'}`, {
    skip: skipUnless('root', 'ip', 'nft', 'perl'),
  }, () => {
    let bed: GatewayBed;
    let client: KernelClient;
    const open = (host: string, port: number, more = {}): ReturnType<GatewayBed['workload']['tell']> =>
      bed.workload.tell({ does: 'open', host, port, ...more });
    const datagram = (host: string, port: number, more = {}): ReturnType<GatewayBed['workload']['tell']> =>
      bed.workload.tell({ does: 'datagram', host, port, ...more });
    const apply = async (plan: KernelPlan): Promise<void> => {
      const applied = await client.apply({ ...plan, place: { ...plan.place, tracksFlows } });
      assert.ok(applied.ok, JSON.stringify(applied));
    };

    before(async () => {
      bed = await openGatewayBed();
      // Each address by itself: a datagram is answered from the address that it came to.
      for (const host of [at.origin, at.other, at.far, at.metadata].flatMap((both) => [both[4], both[6]])) {
        for (const port of ports) {
          assert.equal((await bed.origin.tell({ does: 'listen', host, port })).result, 'listens');
        }
      }
      assert.equal(await bed.exec('origin', ['nft', '-f', '-'], counted), '');
      await bed.startHelper();
      client = bed.connect();
      await until(() => client.isConnected(), 'the helper');
      const both = [at.origin, at.far].flatMap((to) => [to[4], to[6]]);
      await apply(
        planOf([
          ...both.flatMap((address) => [openAt(address, 5432), openAt(address, 5432, { protocol: 'udp' })]),
          ...[at.metadata[4], at.metadata[6]].map((address) => openAt(address, 5432)),
          openAt(at.origin[4], 53),
          openAt('2001:db8:e::', 5432, { to: '2001:db8:e:0:ffff:ffff:ffff:ffff' }),
          openAt('203.0.113.0', 5434, { to: '203.0.113.255', serviceId: services.second, verdict: 'observe' }),
          openAt('2001:db8::', 5434, { to: '2001:db8::ffff', serviceId: services.second, verdict: 'observe' }),
        ]),
      );
    });
    after(() => bed?.close());

    for (const family of [4, 6] as const) {
      describe(`by IPv${family}`, () => {
        test('lets out to an address and port that are open, near and by the default route, by TCP and UDP', async () => {
          for (const to of [at.origin[family], at.far[family]]) {
            assert.equal((await open(to, 5432)).result, `${to} 5432 ${at.workload[family]}`);
            assert.equal((await datagram(to, 5432)).result, 'x');
          }
        });

        test('refuses every other port and address fast', async () => {
          for (const [to, port] of [
            [at.origin[family], 9000],
            [at.other[family], 5432],
            [at.far[family], 9000],
          ] as const) {
            const refused = await open(to, port);
            assert.equal(refused.result, 'ECONNREFUSED', `${to} ${port}`);
            assert.ok(refused.ms < 100, `${refused.ms} ms`);
          }
        });

        test('refuses QUIC fast, many times over', async () => {
          for (let at_ = 0; at_ < 12; at_++) {
            const refused = await datagram(at_ % 2 === 0 ? at.origin[family] : at.far[family], 443);
            assert.equal(refused.result, 'ECONNREFUSED');
            assert.ok(refused.ms < 100, `${refused.ms} ms`);
          }
        });

        test('opens nothing of one service to another', async () => {
          assert.equal((await open(at.origin[family], 5432, { from: at.second[family] })).result, 'ECONNREFUSED');
        });

        test('drops a source that has no binding, and one from another hardware address', async () => {
          const spoofed = await open(at.origin[family], 5432, { from: at.spoofed[family], timeoutMs: 500 });
          assert.notEqual(spoofed.result.split(' ').length, 3);
          assert.notEqual(spoofed.result, 'ECONNREFUSED');
          await bed.exec('workload', ['ip', 'link', 'set', 'wi', 'address', '02:00:00:00:09:99']);
          const wrong = await open(at.origin[family], 5432, { timeoutMs: 500 });
          await bed.exec('workload', ['ip', 'link', 'set', 'wi', 'address', '02:00:00:00:09:02']);
          if (family === 6)
            await bed.exec('workload', ['ip', '-6', 'route', 'replace', 'default', 'via', at.gateway[6]]);
          assert.equal(wrong.result, 'timeout');
          await until(
            async () => (await open(at.origin[family], 5432)).result.startsWith(at.origin[family]),
            'its way',
          );
        });

        test('keeps the ports of the gateway itself closed, the listener among them', async () => {
          for (const port of [22, 18443, 443]) {
            assert.equal((await open(at.gateway[family], port)).result, 'ECONNREFUSED', String(port));
          }
          assert.equal((await datagram(at.gateway[family], 161)).result, 'ECONNREFUSED');
        });

        if (family === 6) {
          test('keeps addresses that carry an IPv4 address closed, in every network', async () => {
            for (const id of ['0:5efe:cb00:7107', '200:5efe:cb00:7107']) {
              assert.equal((await open(`2001:db8:e::${id}`, 5432)).result, 'ECONNREFUSED');
            }
            // The same network is open otherwise: what nobody answers there is not refused by us.
            assert.notEqual((await open('2001:db8:e::7', 5432, { timeoutMs: 500 })).result, 'ECONNREFUSED');
          });
        }

        test('keeps metadata closed though an entry covers it', async () => {
          assert.equal((await open(at.metadata[family], 5432)).result, 'ECONNREFUSED');
        });

        test('opens what was told until its time; what lives goes on, what is new is refused', async () => {
          const entry = toldAt(at.other[family], 9000);
          assert.equal((await open(at.other[family], 9000)).result, 'ECONNREFUSED');
          assert.ok(await client.learn([{ ...entry, seconds: 2 }]));
          const living = await open(at.other[family], 9000);
          assert.equal(living.result, `${at.other[family]} 9000 ${at.workload[family]}`);
          await pause(2_500);
          assert.equal((await open(at.other[family], 9000)).result, 'ECONNREFUSED');
          const echoed = await bed.workload.tell({ does: 'echo', connection: living.id, text: 'still' });
          assert.equal(echoed.result, 'still');
        });

        test('lengthens what was told when it is told again', async () => {
          const entry = toldAt(at.other[family], 5433);
          assert.ok(await client.learn([{ ...entry, seconds: 1 }]));
          assert.ok(await client.learn([{ ...entry, seconds: 60 }]));
          await pause(1_500);
          assert.equal((await open(at.other[family], 5433)).result, `${at.other[family]} 5433 ${at.workload[family]}`);
        });

        test('cuts what lives within a second when it is forgotten, both ways, by TCP and UDP', async () => {
          const entries = [
            toldAt(at.other[family], 9000),
            toldAt(at.other[family], 9000, { protocol: 'udp' }),
            toldAt(at.other[family], 5433, { ports: { from: 5433, to: 5434 } }),
          ];
          assert.ok(await client.learn(entries.map((entry) => ({ ...entry, seconds: 60 }))));
          const [quiet, ranged, pouring] = [
            await open(at.other[family], 9000),
            await open(at.other[family], 5434),
            await open(at.other[family], 9000),
          ];
          assert.equal(
            (await bed.workload.tell({ does: 'echo', connection: pouring.id, text: 'pour' })).result,
            'drop ',
          );
          assert.equal((await datagram(at.other[family], 9000)).result, 'x');
          const beganAt = performance.now();
          assert.ok(await client.forget(entries));
          for (const { id } of [quiet, ranged]) {
            const echoed = await bed.workload.tell({ does: 'echo', connection: id });
            assert.ok(['ECONNRESET', 'ECONNREFUSED', 'gone'].includes(echoed.result), echoed.result);
          }
          assert.ok(performance.now() - beganAt < 1_000, `${performance.now() - beganAt} ms`);
          assert.equal((await datagram(at.other[family], 9000)).result, 'ECONNREFUSED');
          const more = await bed.workload.tell({ does: 'flow', connection: pouring.id, timeoutMs: 300 });
          assert.equal(more.result, '0');
        });

        test('forgetting leaves what another entry justifies', async () => {
          const entry = toldAt(at.origin[family], 5432);
          assert.ok(await client.learn([{ ...entry, seconds: 60 }]));
          const { id } = await open(at.origin[family], 5432);
          assert.ok(await client.forget([entry]));
          assert.equal((await bed.workload.tell({ does: 'echo', connection: id, text: 'on' })).result, 'on');
        });

        test('lets out what is observed, and counts it as observed', async () => {
          const from = at.second[family];
          const passed = await open(at.other[family], 5434, { from });
          assert.equal(passed.result, `${at.other[family]} 5434 ${from}`);
          assert.equal((await bed.workload.tell({ does: 'echo', connection: passed.id, text: 'seen' })).result, 'seen');
          const told = toldAt(at.other[family], 9000, { serviceId: services.second, verdict: 'observe' });
          assert.ok(await client.learn([{ ...told, seconds: 60 }]));
          assert.equal((await open(at.other[family], 9000, { from })).result, `${at.other[family]} 9000 ${from}`);
          const counts = await client.counts();
          assert.ok(counts.ok);
          const observed = counts.value.observed.filter((edge) => edge.source === from).map(({ port }) => port);
          assert.deepEqual(observed.sort(), [5434, 9000]);
        });
      });
    }

    test('lets no question out by itself, even where an entry covers it', async () => {
      // No filter listens here: the question is led to its port all the same.
      assert.equal((await open(at.origin[4], 53)).result, 'ECONNREFUSED');
      assert.equal((await datagram(at.origin[4], 53)).result, 'ECONNREFUSED');
    });

    test('lets no ICMP echo, no fragment and no protocol without ports out', async () => {
      const raw = (family: string, protocol: number, hex: string, to: string): Promise<string> =>
        bed.exec('workload', ['perl', '-e', rawSender, family, String(protocol), hex, to]);
      assert.equal(await raw('4', 1, '0800f7ff00000000', at.origin[4]), 'sent');
      assert.equal(await raw('6', 58, '8000000000000000', at.origin[6]), 'sent');
      assert.equal(await raw('4', 47, '0000080000000000', at.origin[4]), 'sent');
      await datagram(at.origin[4], 5432, { text: 'x'.repeat(3_000), timeoutMs: 300 });
      await datagram(at.origin[6], 5432, { text: 'x'.repeat(3_000), timeoutMs: 300 });
      const seen = await bed.exec('origin', ['nft', 'list', 'counters', 'table', 'inet', 'seen']);
      assert.deepEqual(
        [...seen.matchAll(/packets (\d+)/g)].map((match) => match[1]),
        ['0', '0', '0'],
        seen,
      );
      const counts = await client.counts();
      assert.ok(counts.ok);
      const protocols = counts.value.denied.filter(({ port }) => port === null).map(({ protocol }) => protocol);
      for (const protocol of [1, 17, 47, 58]) assert.ok(protocols.includes(protocol), `${protocol} in ${protocols}`);
    });

    test('counts what passed, both ways, and what did not, by service and edge', async () => {
      const edge = (
        edges: readonly {
          source: string;
          address: string;
          protocol: number;
          port: number | null;
          packets: number;
          bytes: number;
        }[],
      ) =>
        edges.find(
          ({ address, protocol, port, source }) =>
            address === at.far[4] && protocol === 6 && port === 5432 && source === at.workload[4],
        );
      const before_ = await client.counts();
      const { id } = await open(at.far[4], 5432);
      const text = 'y'.repeat(1_000);
      assert.equal((await bed.workload.tell({ does: 'echo', connection: id, text })).result, text);
      const after_ = await client.counts();
      assert.ok(before_.ok && after_.ok);
      for (const way of ['up', 'down'] as const) {
        const grown = (edge(after_.value[way])?.bytes ?? 0) - (edge(before_.value[way])?.bytes ?? 0);
        assert.ok(grown > 1_000 && grown < 2_500, `${way} ${grown}`);
      }
      const denied = after_.value.denied.find(({ address, port }) => address === at.far[4] && port === 9000);
      assert.deepEqual([denied?.serviceId, denied?.protocol, denied?.family], [services.workload, 6, 4]);
    });

    test('an address that changes hands takes its live flows with it', async () => {
      const { id } = await open(at.far[4], 5432);
      const kept = planOf([openAt(at.far[4], 5432)]);
      const sources = kept.sources.map((source) => ({ ...source, serviceId: services.second }));
      await apply({ ...kept, sources });
      assert.equal((await bed.workload.tell({ does: 'echo', connection: id })).result, 'ECONNRESET');
      await apply(kept);
    });

    test('what is malformed is refused and changes nothing', async () => {
      const plan = planOf([openAt(at.far[4], 5432)]);
      for (const wrong of [
        { ...plan, place: { ...plan.place, inside: ['gi"; flush ruleset; "'] } },
        { ...plan, sources: [...plan.sources, ...plan.sources] },
        { ...plan, open: [openAt('203.0.113.9 }', 5432)] },
        { ...plan, open: [openAt('203.0.113.9', 70_000)] },
      ]) {
        assert.equal((await client.apply(wrong)).ok, false);
        await until(() => client.isConnected(), 'the helper');
      }
      assert.equal((await open(at.far[4], 5432)).result, `${at.far[4]} 5432 ${at.workload[4]}`);
    });
  });
}

const rawSender = `use Socket; my ($family, $protocol, $hex, $to) = @ARGV;
my $six = $family == 6; socket(my $s, $six ? AF_INET6 : AF_INET, SOCK_RAW, $protocol) or die "socket: $!";
my $address = $six ? pack_sockaddr_in6(0, Socket::inet_pton(AF_INET6, $to)) : pack_sockaddr_in(0, inet_aton($to));
send($s, pack('H*', $hex), 0, $address) or die "send: $!"; print 'sent';`;
