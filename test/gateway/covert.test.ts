import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { KernelClient } from '../../src/gateway/index.ts';
import { at, type GatewayBed, openAt, openGatewayBed, planOf, toldAt, until } from '../support/gateway-bed.ts';
import { skipUnless } from '../support/requires.ts';

// What a workload with raw sockets makes of a flow that it was given: packets that say something else than they seem to.

const counted = `table inet seen {
  counter errors { }
  counter elsewhere { }
  chain c { type filter hook prerouting priority -450; policy accept;
    icmp type destination-unreachable ip daddr 198.51.100.7 counter name elsewhere
    icmpv6 type destination-unreachable ip6 daddr 2001:db8:f::7 counter name elsewhere
    icmp type destination-unreachable counter name errors
    icmpv6 type destination-unreachable counter name errors
  }
}
`;

describe('a flow as a channel for something else', { skip: skipUnless('root', 'ip', 'nft', 'perl') }, () => {
  let bed: GatewayBed;
  let client: KernelClient;

  before(async () => {
    bed = await openGatewayBed();
    for (const host of [at.origin, at.other, at.far].flatMap((both) => [both[4], both[6]])) {
      for (const port of [5432, 9000]) await bed.origin.tell({ does: 'listen', host, port });
    }
    for (const where of ['origin', 'workload'] as const) {
      assert.equal(await bed.exec(where, ['nft', '-f', '-'], counted), '');
    }
    await bed.startHelper();
    client = bed.connect();
    await until(() => client.isConnected(), 'the helper');
    assert.ok((await client.apply(planOf([at.origin[4], at.origin[6]].map((one) => openAt(one, 5432))))).ok);
  });
  after(() => bed?.close());

  const seen = async (name: string, where: 'origin' | 'workload' = 'origin'): Promise<number> => {
    const text = await bed.exec(where, ['nft', 'list', 'counter', 'inet', 'seen', name]);
    return Number(/packets (\d+)/.exec(text)?.[1]);
  };
  const localPort = async (host: string, port: number): Promise<number> => {
    const text = await bed.exec('workload', [
      'ss',
      '-Htn',
      'dst',
      host.includes(':') ? `[${host}]` : host,
      'and',
      'dport',
      '=',
      `:${port}`,
    ]);
    return Number(/:(\d+)\s+\S+\s*$/m.exec(text.replaceAll(/\s+$/gm, ''))?.[1] ?? Number.NaN);
  };
  // An error about a packet that came from `about`, with 300 bytes of one's own behind it, to `to`.
  const sendError = (family: 4 | 6, about: string, ports: readonly number[], to: string): Promise<string> =>
    bed.exec('workload', ['perl', '-e', errorSender, String(family), about, at.workload[family], ports.join(','), to]);
  const answerError = (family: 4 | 6, from: string, ports: readonly number[]): Promise<string> => {
    const about = at.workload[family];
    return bed.exec('origin', ['perl', '-e', errorSender, String(family), about, from, ports.join(','), about]);
  };

  for (const family of [4, 6] as const) {
    test(`an error about an IPv${family} flow passes to its peer, and to nobody else`, async () => {
      const { result } = await bed.workload.tell({ does: 'open', host: at.origin[family], port: 5432 });
      assert.match(result, /5432/);
      const port = await localPort(at.origin[family], 5432);
      const [before_, away] = [await seen('errors'), await seen('elsewhere')];
      assert.equal(await sendError(family, at.origin[family], [5432, port], at.origin[family]), 'sent');
      assert.equal(await seen('errors'), before_ + 1);
      assert.equal(await sendError(family, at.origin[family], [5432, port], at.far[family]), 'sent');
      assert.deepEqual([await seen('errors'), await seen('elsewhere')], [before_ + 1, away]);
    });

    test(`an error about an IPv${family} flow from its peer comes back as long as the flow is open`, async () => {
      const entry = toldAt(at.far[family], 9000);
      assert.ok(await client.learn([{ ...entry, seconds: 60 }]));
      assert.match((await bed.workload.tell({ does: 'open', host: at.far[family], port: 9000 })).result, /9000/);
      const ports = [await localPort(at.far[family], 9000), 9000];
      const before_ = await seen('errors', 'workload');
      assert.equal(await answerError(family, at.far[family], ports), 'sent');
      assert.equal(await seen('errors', 'workload'), before_ + 1);
      assert.ok(await client.forget([entry]));
      assert.equal(await answerError(family, at.far[family], ports), 'sent');
      assert.equal(await seen('errors', 'workload'), before_ + 1);
    });

    test(`an error about an IPv${family} flow that was revoked goes nowhere`, async () => {
      const entry = toldAt(at.other[family], 9000);
      assert.ok(await client.learn([{ ...entry, seconds: 60 }]));
      assert.match((await bed.workload.tell({ does: 'open', host: at.other[family], port: 9000 })).result, /9000/);
      const port = await localPort(at.other[family], 9000);
      const before_ = await seen('errors');
      assert.equal(await sendError(family, at.other[family], [9000, port], at.other[family]), 'sent');
      assert.equal(await seen('errors'), before_ + 1);
      assert.ok(await client.forget([entry]));
      for (let times = 0; times < 3; times++) {
        assert.equal(await sendError(family, at.other[family], [9000, port], at.other[family]), 'sent');
      }
      assert.equal(await seen('errors'), before_ + 1, 'a channel to whom the service may no longer reach');
    });
  }

  test('nobody answers ARP or neighbour discovery for another: what is sent to a source goes to its own address', async () => {
    const lie = '02:00:00:00:09:99';
    for (let times = 0; times < 3; times++) {
      assert.equal(
        await bed.exec('workload', ['perl', '-e', neighbourLiar, lie, at.workload[4], at.gateway[4]]),
        'sent',
      );
    }
    for (const [family, address] of [
      ['-4', at.workload[4]],
      ['-6', at.workload[6]],
    ] as const) {
      const shown = await bed.exec('gateway', ['ip', family, 'neigh', 'show', address]);
      assert.match(shown, /lladdr 02:00:00:00:09:02/, shown);
    }
    assert.match((await bed.workload.tell({ does: 'open', host: at.origin[4], port: 5432 })).result, /5432/);
  });
});

// An answer to ARP that nobody asked for, and a neighbour advertisement that overrides what is known (RFC 4861).
const neighbourLiar = `use Socket; my ($mac, $ip, $gateway) = @ARGV; (my $hex = $mac) =~ tr/://d; my $m = pack('H*', $hex);
socket(my $s, 17, SOCK_RAW, 0x0608) or die "socket: $!"; my $index = do { open my $f, '<', '/sys/class/net/wi/ifindex' or die; <$f> + 0 };
sub out { my ($type, $to, $frame) = @_; send($s, $to . $m . pack('n', $type) . $frame, 0, pack('SnlSCCa8', 17, $type, $index, 0, 0, 6, $to)) or die "send: $!" }
out(0x0806, chr(255) x 6, pack('nnCCn', 1, 0x0800, 6, 4, 2) . $m . inet_aton($ip) . ("\\0" x 6) . inet_aton($gateway));
my ($from, $to, $target) = map { Socket::inet_pton(AF_INET6, $_) } 'fe80::ff:fe00:999', 'ff02::1', 'fd09::2';
my $na = pack('CCnN', 136, 0, 0, 0x20000000) . $target . pack('CC', 2, 1) . $m;
my $sum = 0; $sum += $_ for unpack('n*', $from . $to . pack('NN', length $na, 58) . $na); $sum = ($sum >> 16) + ($sum & 0xffff) while $sum >> 16;
substr($na, 2, 2) = pack('n', ~$sum & 0xffff);
out(0x86dd, pack('H*', '333300000001'), pack('NnCC', 0x60000000, length $na, 58, 255) . $from . $to . $na);
select undef, undef, undef, 0.05; print 'sent';`;

const errorSender = `use Socket; my ($family, $about, $me, $ports, $to) = @ARGV; my ($sport, $dport) = split /,/, $ports;
my $six = $family == 6; my $f = $six ? AF_INET6 : AF_INET;
my ($from, $mine) = map { Socket::inet_pton($f, $_) } $about, $me;
my $tcp = pack('nnNNCCnnn', $sport, $dport, 1, 1, 0x50, 0x10, 1000, 0, 0) . ('secret' x 50);
my $inner = $six ? pack('NnCC', 0x60000000, length $tcp, 6, 64) . $from . $mine . $tcp
  : pack('CCnnnCCn', 0x45, 0, 20 + length $tcp, 7, 0, 64, 6, 0) . $from . $mine . $tcp;
my $sum = sub { my $s = 0; $s += $_ for unpack('n*', $_[0] . (length($_[0]) % 2 ? chr 0 : '')); $s = ($s >> 16) + ($s & 0xffff) while $s >> 16; ~$s & 0xffff };
substr($inner, 10, 2) = pack('n', $sum->(substr($inner, 0, 20))) unless $six;
my $icmp = pack('CCnN', $six ? 1 : 3, $six ? 4 : 3, 0, 0) . $inner;
substr($icmp, 2, 2) = pack('n', $sum->($icmp)) unless $six;
socket(my $s, $f, SOCK_RAW, $six ? 58 : 1) or die "socket: $!";
my $address = $six ? pack_sockaddr_in6(0, Socket::inet_pton($f, $to)) : pack_sockaddr_in(0, inet_aton($to));
send($s, $icmp, 0, $address) or die "send: $!"; select undef, undef, undef, 0.05; print 'sent';`;
