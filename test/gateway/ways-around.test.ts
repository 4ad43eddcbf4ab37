import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import type { VerdictRecord } from '../../src/policy/index.ts';
import { at, type GatewayBed, openGatewayBed, pause, until } from '../support/gateway-bed.ts';
import { startGatewayProduct, startTlsOrigin, verdictOf } from '../support/gateway-product.ts';
import { helloBytes } from '../support/hello-bytes.ts';
import type { RunningProduct } from '../support/product.ts';
import { heardOf, openRaw, openRawWire, type RawPeer, type RawWire, sayRaw, segmentOf } from '../support/raw-wire.ts';
import { skipUnless } from '../support/requires.ts';

// workload (enforced), second (observed) -> the whole product -> origin, which answers for everybody. Each way by IPv4 and by IPv6.

const web = 'web.example.com';
const doh = 'dns.google';
/** As long as `web`, and denied. */
const bad = 'bad.example.com';
/** A TLS port whose server shows what came to it, and an HTTP port whose server takes an upgrade once it was asked twice. */
const [shown, upgraded] = [8443, 8080];
/** Addresses that everybody knows as resolvers'. */
const resolver = { 4: '8.8.8.8', 6: '2001:4860:4860::8888' } as const;
const unlisted = { 4: '192.0.2.53', 6: '2001:db8:f::53' } as const;
const families = [4, 6] as const;

describe('ways around the gateway', {
  skip: skipUnless('root', 'ip', 'nft', 'perl', 'dig', 'curl', 'openssl'),
}, () => {
  let bed: GatewayBed;
  let product: RunningProduct;
  let tls: ChildProcess;
  let wire: RawWire;
  let lastPort = 60_000;

  before(async () => {
    bed = await openGatewayBed();
    for (const family of families) {
      for (const address of [resolver[family], unlisted[family]]) {
        await bed.exec('origin', ['ip', 'addr', 'add', address, 'dev', 'lo']);
      }
      const all = family === 4 ? '0.0.0.0' : '::';
      for (const port of [53, 80, 853, 9000, shown]) {
        assert.equal((await bed.origin.tell({ does: 'listen', host: all, port })).result, 'listens');
      }
      const order = { does: 'listen', host: all, port: upgraded + family, answers: [notYet, switches, 'frame'] };
      assert.equal((await bed.origin.tell(order)).result, 'listens');
    }
    tls = await startTlsOrigin(bed, [web, doh, 'other.example.com']);
    const both = (): readonly string[] => [at.origin[4], at.origin[6]];
    product = await startGatewayProduct(bed, {
      policy,
      gateway: { tlsPorts: [443, shown], httpPorts: [80, upgraded + 4, upgraded + 6] },
      hosts: {
        [web]: both(),
        [bad]: both(),
        [doh]: both(),
        'other.example.com': both(),
        'shop.example.com': both(),
        'lie.example.com': [resolver[4], resolver[6]],
      },
    });
    wire = await openRawWire(bed);
  });
  after(async () => {
    wire?.close();
    await product?.stop();
    tls?.kill('SIGKILL');
    await bed?.close();
  });

  const curl = (name: string, address: string, from: string): Promise<string> =>
    bed.exec('workload', [
      ...['curl', '-sS', '-k', '--max-time', '5', '-o', '/dev/null', '-w', '%{http_code}', '--interface', from],
      ...['--resolve', `${name}:443:${address.includes(':') ? `[${address}]` : address}`, `https://${name}/`],
    ]);
  const dig = (name: string, from: string, more: readonly string[] = []): Promise<string> =>
    bed.exec('workload', [
      ...[
        'dig',
        `@${from.includes(':') ? at.gateway[6] : at.gateway[4]}`,
        '-b',
        from,
        '+tries=1',
        '+time=3',
        name,
        ...more,
      ],
    ]);
  const open = async (host: string, port: number, more = {}): Promise<string> =>
    (await bed.workload.tell({ does: 'open', host, port, ...more })).result;
  const speak = async (host: string, port: number, parts: readonly Buffer[], more = {}): Promise<string> =>
    (await bed.workload.tell({ does: 'speak', host, port, parts: parts.map((part) => part.toString('hex')), ...more }))
      .result;
  const verdict = (matches: (record: VerdictRecord) => boolean): Promise<VerdictRecord> => verdictOf(product, matches);
  const isFrom = ({ source }: VerdictRecord, address: string): boolean => source.includes(address);

  for (const family of families) {
    const [enforced, observed] = [at.workload[family], at.second[family]];

    describe(`by IPv${family}`, () => {
      test('DNS over HTTPS by name is closed, under enforce and under observe', async () => {
        assert.match(await dig(doh, enforced), /NXDOMAIN[\s\S]*no_rule_matched/);
        assert.match(await dig(doh, observed), /NXDOMAIN[\s\S]*resolver_closed/);
        for (const [from, reason] of [
          [enforced, 'no_rule_matched'],
          [observed, 'resolver_closed'],
        ] as const) {
          assert.match(await curl(doh, at.origin[family], from), /reset|SSL/i);
          const record = await verdict(
            (one) => one.point === 'gateway' && one.destination?.host === doh && isFrom(one, from),
          );
          assert.deepEqual([record.verdict, record.reason], ['deny', reason]);
        }
      });

      test('DNS over HTTPS by address is closed, without a name and with that of another', async () => {
        const nameless = helloBytes({ serverName: null });
        for (const from of [enforced, observed]) {
          assert.equal(await speak(resolver[family], 443, [nameless], { from }), 'ECONNRESET');
        }
        const closed = await verdict(
          (one) => one.reason === 'resolver_closed' && one.destination?.host === resolver[family],
        );
        assert.deepEqual([closed.point, closed.principal?.service], ['gateway', 'second']);
        // A name of the client's own that leads there is none that observing opens either.
        assert.match(await curl('lie.example.com', resolver[family], observed), /reset|SSL/i);
      });

      test('DNS over TLS is closed by name and by address', async () => {
        for (const from of [enforced, observed]) {
          assert.equal(await open(resolver[family], 853, { from }), 'ECONNREFUSED');
        }
        assert.equal(await open(unlisted[family], 853, { from: enforced }), 'ECONNREFUSED');
        const quic = await bed.workload.tell({ does: 'datagram', host: unlisted[family], port: 853, from: enforced });
        assert.equal(quic.result, 'ECONNREFUSED');
      });

      test('a foreign resolver is answered by the filter, by UDP and by TCP', async () => {
        for (const more of [[], ['+tcp']]) {
          const words = [`@${unlisted[family]}`, '+short', ...more, web, 'A'];
          assert.match(await bed.exec('workload', ['dig', '+tries=1', ...words]), /^203\.0\.113\.7$/m);
          const denied = await bed.exec('workload', [
            'dig',
            '+tries=1',
            ...more,
            `@${unlisted[family]}`,
            'denied.example.com',
          ]);
          assert.match(denied, /NXDOMAIN[\s\S]*no_rule_matched/);
        }
      });

      test('what is observed passes and says what it would be', async () => {
        assert.equal(await open(at.other[family], 9000, { from: observed }), `${at.other[family]} 9000 ${observed}`);
        const byAddress = await verdict((one) => one.destination?.port === 9000 && isFrom(one, observed));
        assert.deepEqual([byAddress.verdict, byAddress.wouldDenyReason], ['allow', 'no_rule_matched']);
        assert.equal(await curl('shop.example.com', at.far[family], observed), '200');
        const byName = await verdict((one) => one.point === 'gateway' && one.destination?.host === 'shop.example.com');
        assert.deepEqual([byName.verdict, byName.wouldDenyReason], ['allow', 'no_rule_matched']);
      });

      test('a lie about the address, a shared front, and an address without a name', async () => {
        assert.equal(await curl(web, at.far[family], enforced), '200');
        const spoofed = await verdict((one) => one.aimedAt === at.far[family] && one.destination?.host === web);
        assert.notEqual(spoofed.destination?.address, at.far[family]);
        assert.match(await curl('other.example.com', at.origin[family], enforced), /reset|SSL/i);
        assert.equal(
          await speak(at.origin[family], 443, [helloBytes({ serverName: null })], { from: enforced }),
          'ECONNRESET',
        );
        assert.equal(await open(at.origin[family], 9000, { from: enforced }), 'ECONNREFUSED');
      });

      test('metadata stays closed where names are read, also under observe', async () => {
        for (const from of [enforced, observed]) {
          const get = Buffer.from(
            `GET /latest/ HTTP/1.1\r\nHost: ${family === 4 ? at.metadata[4] : `[${at.metadata[6]}]`}\r\n\r\n`,
          );
          assert.match(await speak(at.metadata[family], 80, [get], { from }), /403[\s\S]*boundary_denied/);
          assert.equal(
            await speak(at.metadata[family], 443, [helloBytes({ serverName: null })], { from }),
            'ECONNRESET',
          );
          assert.equal(await open(at.metadata[family], 9000, { from }), 'ECONNREFUSED');
        }
      });

      test('a hello in pieces, one byte each and over many records, is read whole; a slow one is reset', async () => {
        const bytes = helloBytes({ serverName: web, recordBytes: 3 });
        const pieces = Array.from(bytes, (_, index) => bytes.subarray(index, index + 1));
        // The origin answers a hello that it cannot agree with by an alert: it has come through.
        assert.match(await speak(at.far[family], 443, pieces, { from: enforced }), /^[^ ].* closed$/s);
        const others = helloBytes({ serverName: 'other.example.com', recordBytes: 3 });
        const denied = Array.from(others, (_, index) => others.subarray(index, index + 1));
        assert.equal(await speak(at.far[family], 443, denied, { from: enforced }), 'ECONNRESET');
        const began = performance.now();
        const half = [bytes.subarray(0, 40)];
        assert.equal(await speak(at.far[family], 443, half, { from: enforced, timeoutMs: 8_000 }), 'ECONNRESET');
        const ms = performance.now() - began;
        assert.ok(ms > 4_500 && ms < 6_500, `${ms} ms`);
      });

      const connected = async (to: string, more = {}): Promise<RawPeer> => {
        lastPort += 1;
        const peer = await openRaw(wire, { from: enforced, to, sport: lastPort, dport: shown }, more);
        return peer ?? assert.fail(`${to} ${shown} is read by name`);
      };
      const comesBack = (peer: RawPeer, text: string): Promise<void> =>
        until(() => heardOf(wire, peer).text.includes(text), `the echo of ${text}`, 3_000);
      const isReset = (peer: RawPeer): Promise<void> => until(() => heardOf(wire, peer).isReset, 'the reset', 3_000);

      test('data in a SYN and early data wait for the verdict like all else', async () => {
        const early = Buffer.concat([Buffer.from([0x17, 3, 3, 0, 6]), Buffer.from('secret')]);
        const flight = (name: string): Buffer =>
          Buffer.concat([helloBytes({ serverName: name, hasEarlyData: true }), early]);
        const fastOpen = Buffer.from('22020101', 'hex');
        const denied = await connected(at.far[family], { options: fastOpen, data: flight(bad) });
        await sayRaw(wire, denied, flight(bad));
        await isReset(denied);
        // The server would have said its greeting.
        assert.equal(heardOf(wire, denied).text, '');
        const allowed = await connected(at.far[family], { options: fastOpen, data: flight(bad) });
        await sayRaw(wire, allowed, flight(web));
        await comesBack(allowed, 'secret');
        assert.match(heardOf(wire, allowed).text, /web\.example\.com[\s\S]*secret/);
        assert.doesNotMatch(heardOf(wire, allowed).text, /bad\.example/);
      });

      test('segments that overlap and differ around the name: what was judged is what the server gets', async () => {
        const cut = helloBytes({ serverName: web }).indexOf(web) - 4;
        for (const [first, second] of [
          [web, bad],
          [bad, web],
        ] as const) {
          const [early, late] = [first, second].map((name) => helloBytes({ serverName: name })) as [Buffer, Buffer];
          const peer = await connected(at.far[family]);
          // The end comes before the middle, twice and with another name each time; the beginning comes last.
          for (const part of [early, late]) {
            await wire.send([segmentOf({ ...peer, seq: peer.seq + cut }, { data: part.subarray(cut) })]);
          }
          await wire.send([segmentOf(peer, { data: late.subarray(0, cut + 8) })]);
          const ends = (): boolean => heardOf(wire, peer).isReset || heardOf(wire, peer).text.includes(web);
          await until(ends, 'a verdict', 3_000);
          await pause(20);
          assert.doesNotMatch(heardOf(wire, peer).text, /bad\.example/);
          const said = heardOf(wire, peer).text;
          assert.equal(said === '', heardOf(wire, peer).isReset, 'the denied name is reset before anything is dialled');
        }
      });

      test('an upgrade to WebSocket is for the Host that was judged, and a request behind it is judged too', async () => {
        const port = upgraded + family;
        const upgrade = (host: string): Buffer =>
          Buffer.from(
            `GET /chat HTTP/1.1\r\nHost: ${host}:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
          );
        const get = Buffer.from(`GET /secret HTTP/1.1\r\nHost: ${bad}:${port}\r\n\r\n`);
        assert.match(await speak(at.far[family], port, [upgrade(bad)], { from: enforced }), /^HTTP\/1\.1 403 /);
        // The server takes no upgrade at first: what is behind it is a request of its own, however early it came.
        const behind = await speak(at.far[family], port, [Buffer.concat([upgrade(web), get])], { from: enforced });
        assert.match(behind, /^HTTP\/1\.1 404 [\s\S]*HTTP\/1\.1 403 [\s\S]*host_mismatch/);
        const heard = async (): Promise<string> => (await bed.origin.tell({ does: 'heard', port })).result;
        assert.match(await heard(), /chat/);
        assert.doesNotMatch(await heard(), /secret|bad\.example/);
        // Once it has, both speak WebSocket, and only with each other.
        const parts = [upgrade(web), upgrade(web), get];
        const more = { from: enforced, pauseMs: 100, timeoutMs: 600 };
        assert.match(await speak(at.far[family], port, parts, more), / 404 [\s\S]* 101 [\s\S]*frame timeout$/);
        assert.match(await heard(), /GET \/secret/);
      });

      test('what does not parse is refused with its reason: a hello with a reset, a request with a page', async () => {
        const aim = family === 4 ? '192.0.2.201' : '2001:db8:f::201';
        const garbled = Buffer.concat([Buffer.from([0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0xff]), Buffer.alloc(16, 0xff)]);
        assert.equal(await speak(aim, 443, [garbled], { from: enforced }), 'ECONNRESET');
        const record = await verdict((one) => one.destination?.host === aim);
        assert.deepEqual([record.verdict, record.reason], ['deny', 'hello_unreadable']);
        for (const [head, reason] of [
          [`GET / HTTP/1.1\r\nHost: ${web}\r\nHost: b.example\r\n\r\n`, 'http_malformed'],
          [`GET / HTTP/1.1\r\nHost : ${web}\r\n\r\n`, 'http_malformed'],
          [`GET http://b.example/ HTTP/1.1\r\nHost: ${web}\r\n\r\n`, 'host_mismatch'],
          ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'http_malformed'],
        ] as const) {
          const page = await speak(aim, 80, [Buffer.from(head)], { from: enforced });
          assert.match(page, new RegExp(`^HTTP/1\\.1 40[03] [\\s\\S]*Exeat-Reason: ${reason}`), head);
        }
      });
    });
  }
});

const notYet = 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n';
const switches = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
const policy = `apiVersion: exeat/v1
service: workload
owner: team-workload
kind: app
mode: enforce
identities: [ "source:${at.workload[4]}/32", "source:${at.workload[6]}/128" ]
allow:
  - { to: "${web}:443", reason: the site }
  - { to: "http://${web}:80", reason: the site }
  - { to: "${web}:${shown}", reason: a site that shows what came }
  - { to: "http://${web}:${upgraded + 4}", reason: a site that upgrades }
  - { to: "http://${web}:${upgraded + 6}", reason: a site that upgrades }
---
apiVersion: exeat/v1
service: second
owner: team-second
kind: app
mode: observe
observeUntil: ${new Date(Date.now() + 86_400_000 * 7).toISOString().slice(0, 10)}
identities: [ "source:${at.second[4]}/32", "source:${at.second[6]}/128" ]
allow:
  - { to: "${web}:443", reason: the site }
`;
