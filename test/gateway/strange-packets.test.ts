import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { KernelClient } from '../../src/gateway/index.ts';
import {
  at,
  type GatewayBed,
  openAt,
  openGatewayBed,
  pause,
  planOf,
  toldAt,
  until,
  workloadMac,
} from '../support/gateway-bed.ts';
import { mark, oddFrames } from '../support/odd-frames.ts';
import { fragmentsOf } from '../support/raw-packets.ts';
import {
  heardOf,
  hearOrigin,
  openRaw,
  openRawWire,
  type RawPeer,
  type RawWire,
  sayRaw,
  segmentOf,
} from '../support/raw-wire.ts';
import { skipUnless } from '../support/requires.ts';

// Packets that no kernel sends: workload (raw) -> gateway, its ruleset only -> origin, where everything that comes is counted.

const secret = Buffer.from('secret');
const foreignMac = '02:00:00:00:09:99';
const counted = `table inet seen {
  counter arrived { }
  chain c { type filter hook prerouting priority -450; policy accept;
    iifname "oi" ip ttl 63 counter name arrived
    iifname "oi" ip6 hoplimit 63 counter name arrived
  }
}
`;
// Of what the workload sends 64 hops are left before the gateway; resets that the gateway sends in its name begin with as many.
// Eight bytes each, of which the first says what comes next.
const extensions = {
  'hop-by-hop options': { number: 0, bytes: Buffer.from('0000010400000000', 'hex') },
  'a routing header': { number: 43, bytes: Buffer.from('0000fd0000000000', 'hex') },
  'a whole fragment': { number: 44, bytes: Buffer.from('0000000000000007', 'hex') },
  'an authentication header': { number: 51, bytes: Buffer.concat([Buffer.from([0, 6]), Buffer.alloc(30, 0x53)]) },
  'destination options': { number: 60, bytes: Buffer.from('0000010473656372', 'hex') },
  'a mobility header': { number: 135, bytes: Buffer.from('0000000000000000', 'hex') },
  'a number that is not taken': { number: 253, bytes: Buffer.from('0000000000000000', 'hex') },
} as const;

for (const tracksFlows of [false, true]) {
  describe(`packets that no kernel sends, ${tracksFlows ? 'tracked' : 'past conntrack'}`, {
    skip: skipUnless('root', 'ip', 'nft', 'perl'),
  }, () => {
    let bed: GatewayBed;
    let client: KernelClient;
    let wire: RawWire;
    let lastPort = 60_000;

    before(async () => {
      bed = await openGatewayBed();
      for (const host of [at.origin, at.other].flatMap((both) => [both[4], both[6]])) {
        for (const port of [443, 5432, 9000]) await bed.origin.tell({ does: 'listen', host, port });
      }
      assert.equal(await bed.exec('origin', ['nft', '-f', '-'], counted), '');
      await bed.startHelper();
      client = bed.connect();
      await until(() => client.isConnected(), 'the helper');
      const plan = planOf([at.origin[4], at.origin[6]].map((one) => openAt(one, 5432)));
      assert.ok((await client.apply({ ...plan, place: { ...plan.place, tracksFlows } })).ok);
      wire = await openRawWire(bed);
      for (const state of ['close', 'close_wait', 'fin_wait']) {
        await bed.exec('gateway', ['sh', '-c', `echo 1 > /proc/sys/net/netfilter/nf_conntrack_tcp_timeout_${state}`]);
      }
    });
    after(async () => {
      wire?.close();
      await bed?.close();
    });

    const seen = async (): Promise<number> => {
      const text = await bed.exec('origin', ['nft', 'list', 'counter', 'inet', 'seen', 'arrived']);
      return Number(/packets (\d+)/.exec(text)?.[1]);
    };
    const way = (family: 4 | 6, to: string, dport: number): Pick<RawPeer, 'from' | 'to' | 'sport' | 'dport'> => {
      lastPort += 1;
      return { from: at.workload[family], to, sport: lastPort, dport };
    };
    const opened = async (family: 4 | 6, to: string, dport: number): Promise<RawPeer> => {
      const peer = await openRaw(wire, way(family, to, dport));
      assert.ok(peer !== null, `${to} ${dport} is open`);
      return peer;
    };
    const echoes = async (peer: RawPeer, text: string): Promise<void> => {
      await until(() => heardOf(wire, peer).text.includes('\n'), 'its greeting', 2_000);
      await sayRaw(wire, peer, Buffer.from(text));
      await until(() => heardOf(wire, peer).text.includes(text), `the echo of ${text}`, 2_000);
    };
    const nothingComes = async (packets: readonly Buffer[], what: string, mac?: string): Promise<void> => {
      const before_ = await seen();
      await wire.send(packets, mac);
      await pause(30);
      assert.equal(await seen(), before_, what);
    };

    for (const family of [4, 6] as const) {
      describe(`by IPv${family}`, () => {
        test('a SYN with data in it carries none to what is not open, nor to a port that is read by name', async () => {
          const fastOpen = Buffer.from('2202' + '0101', 'hex');
          for (const port of [9000, 443]) {
            const peer = { ...way(family, at.origin[family], port), seq: 1, ack: 0 };
            for (const options of [fastOpen, Buffer.from('220a0102030405060708' + '0101', 'hex')]) {
              await nothingComes([segmentOf(peer, { flags: 'syn', data: secret, options })], `port ${port}`);
            }
          }
        });

        test('a segment without a connection goes nowhere', async () => {
          const peer = { ...way(family, at.origin[family], 9000), seq: 1, ack: 1 };
          for (const flags of ['ack', 'fin ack', 'rst', 'syn ack', 'fin', 'fin psh urg']) {
            await nothingComes([segmentOf(peer, { flags, data: secret })], flags);
          }
        });

        test('a flow is neither ended nor shifted by another that has its addresses, not the hardware address', async () => {
          const entry = toldAt(at.other[family], 9000);
          assert.ok(await client.learn([{ ...entry, seconds: 1 }]));
          const peer = await opened(family, at.other[family], 9000);
          await echoes(peer, 'one');
          // What lives goes on past its time: from here on the flow is open by itself only.
          await pause(1_100);
          const { spoofed } = await dropped();
          for (const flags of ['rst', 'rst ack', 'fin ack', 'syn', 'ack']) {
            await nothingComes(
              [segmentOf(peer, { flags, data: flags === 'ack' ? secret : Buffer.alloc(0) })],
              flags,
              foreignMac,
            );
          }
          // A kernel may say something of its own meanwhile.
          assert.ok((await dropped()).spoofed >= spoofed + 5);
          // Whoever conntrack believes to be over is forgotten after a second here, and then nothing of it lives.
          await pause(1_500);
          await echoes(peer, 'two');
          await wire.send([segmentOf(peer, { flags: 'rst' })]);
        });

        test('the port of a flow that was revoked is no way, by a new beginning or in its midst', async () => {
          const entry = toldAt(at.other[family], 9000);
          assert.ok(await client.learn([{ ...entry, seconds: 60 }]));
          const peer = await opened(family, at.other[family], 9000);
          await echoes(peer, 'one');
          assert.ok(await client.forget([entry]));
          await nothingComes([segmentOf(peer, { flags: 'psh ack', data: secret })], 'in its midst');
          await nothingComes([segmentOf(peer, { flags: 'syn', seq: peer.seq + 70_000, ack: 0 })], 'a new beginning');
          await nothingComes([segmentOf(peer, { flags: 'fin ack' }), segmentOf(peer, { flags: 'rst' })], 'its end');
          await nothingComes([segmentOf(peer, { flags: 'syn', seq: 9, ack: 0, data: secret })], 'after its end');
          // Told again, it begins anew.
          assert.ok(await client.learn([{ ...entry, seconds: 60 }]));
          await echoes(await opened(family, at.other[family], 9000), 'again');
          assert.ok(await client.forget([entry]));
        });

        if (family === 4) {
          test('fragments go nowhere, tiny and overlapping ones too, nor what has options of IPv4', async () => {
            const peer = { ...way(4, at.origin[4], 5432), seq: 1, ack: 0 };
            const whole = segmentOf(peer, { flags: 'syn' });
            await nothingComes(fragmentsOf(whole, 8), 'eight bytes each: the flags are in the second');
            const [first, ...others] = fragmentsOf(segmentOf({ ...peer, dport: 9000 }, { flags: 'syn' }), 8);
            await nothingComes([...fragmentsOf(whole, 8), ...(first === undefined ? [] : [first]), ...others], 'twice');
            for (const ipOptions of ['070b04000000000000000000', '440c05000000000000000000', '01010101']) {
              const odd = segmentOf(peer, { flags: 'syn', ipOptions: Buffer.from(ipOptions, 'hex') });
              await nothingComes([odd], ipOptions);
            }
            await echoes(await opened(4, at.origin[4], 5432), 'whole');
          });
        } else {
          test('nothing stands between IPv6 and TCP, in a beginning or in a flow', async () => {
            const peer = await opened(6, at.origin[6], 5432);
            await echoes(peer, 'plain');
            for (const [what, header] of Object.entries(extensions)) {
              const begins = { ...way(6, at.origin[6], 5432), seq: 1, ack: 0 };
              await nothingComes([segmentOf(begins, { flags: 'syn', between: [header] })], what);
              await nothingComes([segmentOf(peer, { flags: 'psh ack', data: secret, between: [header] })], what);
            }
            await echoes(peer, 'still');
          });
        }
      });
    }

    const dropped = async (): Promise<{ readonly spoofed: number }> => {
      const counts = await client.counts();
      assert.ok(counts.ok);
      return counts.value.dropped;
    };

    test('nothing else comes out, whatever a workload puts on its wire, and nothing of it changes a route', async () => {
      // As careless as machines are: whatever may be believed of others is.
      const settings = [
        'ipv6/conf/gi/accept_ra=2',
        'ipv6/conf/gi/accept_redirects=1',
        'ipv4/conf/gi/accept_redirects=1',
      ].concat(
        [4, 6].map((family) => `ipv${family}/conf/gi/accept_source_route=1`),
        [
          'ipv4/conf/gi/proxy_arp=1',
          'ipv4/conf/all/bc_forwarding=1',
          'ipv4/conf/gi/bc_forwarding=1',
          'ipv4/conf/gi/route_localnet=1',
        ],
      );
      const set = settings.map((one) => `echo ${one.replace(/(.*)=(.*)/, '$2 > /proc/sys/net/$1')}`);
      assert.equal(await bed.exec('gateway', ['sh', '-c', set.join(' && ')]), '');
      // Without addresses of the link, which come when they are ready.
      const shown = 'ip route show table all; ip -6 route show table all';
      const routes = async (): Promise<string> =>
        (await bed.exec('gateway', ['sh', '-c', shown])).replaceAll(/^.* fe80:.*\n/gm, '');
      const origin = await hearOrigin(bed);
      try {
        const before_ = await routes();
        const frames = oddFrames(
          { mac: workloadMac, gatewayMac: wire.gatewayMac, sources, destinations },
          { closedPort: 9000, namePort: 443 },
        );
        assert.ok(frames.length > 2_000, `${frames.length}`);
        const isHeard = (text: string): boolean =>
          origin.frames().some((frame) => frame.includes(Buffer.from(text).toString('hex')));
        for (const [index, name] of ['first', 'last'].entries()) {
          // What may pass shows that the wire works, and comes after all of them.
          if (index > 0) await wire.sendFrames(frames);
          await wire.send([
            segmentOf(
              { ...way(4, at.origin[4], 5432), seq: 1, ack: 0 },
              { flags: 'syn', data: Buffer.from(name.padEnd(8)) },
            ),
          ]);
          await until(() => isHeard(name), `${name} at the origin`);
        }
        assert.deepEqual(
          origin.frames().filter((frame) => frame.includes(mark.toString('hex'))),
          [],
        );
        assert.equal(await routes(), before_);
      } finally {
        origin.close();
      }
    });
  });
}

const sources = {
  4: [
    at.workload[4],
    at.second[4],
    at.spoofed[4],
    at.gateway[4],
    '203.0.113.1',
    at.origin[4],
    '0.0.0.0',
    '255.255.255.255',
    '127.0.0.1',
    '224.0.0.1',
  ],
  6: [
    at.workload[6],
    at.second[6],
    at.spoofed[6],
    at.gateway[6],
    '2001:db8::1',
    at.origin[6],
    '::',
    '::1',
    'fe80::99',
    'ff02::1',
  ],
} as const;
const destinations = {
  4: [
    at.origin[4],
    at.far[4],
    at.gateway[4],
    '203.0.113.1',
    '203.0.113.255',
    '10.9.0.255',
    '255.255.255.255',
    '239.1.1.1',
    '127.0.0.1',
    '169.254.169.254',
  ],
  6: [
    at.origin[6],
    at.far[6],
    at.gateway[6],
    '2001:db8::1',
    'ff02::1',
    'ff0e::1',
    '::1',
    'fe80::1',
    '64:ff9b::cb00:7107',
    '2002:cb00:7107::1',
  ],
} as const;
