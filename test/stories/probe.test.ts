import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { exeatWords, openProbeNetwork, type ProbeNetwork } from '../support/probe-network.ts';
import { skipUnless } from '../support/requires.ts';

// `exeat probe` in a workload of its own, the canary outside: an open network, one that lets out nothing, and one that answers everything.

interface Card {
  readonly token: string;
  readonly open: number;
  readonly closed: number;
  readonly untested: number;
  readonly ways: readonly {
    readonly way: string;
    readonly result: string;
    readonly ended: string;
    readonly detail: string | null;
  }[];
}

describe('a probe', { skip: skipUnless('root', 'ip', 'nft', 'perl') }, () => {
  let network: ProbeNetwork;
  let canary: { readonly said: () => string };
  let folder: string;
  let words: readonly string[];

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'exeat-probe-story-'));
    network = await openProbeNetwork();
    const addresses = [...network.canary, '169.254.169.254', '168.63.129.16', 'fd00:ec2::254'];
    const listens = addresses.flatMap((address) => ['--listen', address]);
    canary = await network.startOutside(exeatWords('probe', 'canary', ...listens), /answers on/);
    words = [
      ...network.canary.flatMap((address) => ['--canary-address', address]),
      ...['--canary', 'canary.example', '--allowed', 'bank.example', '--zone', 'zone.example', '-o', 'json'],
    ];
  });
  after(async () => {
    await network?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('finds nearly every way out of an open network, and the canary tells the same', async () => {
    const { card, code } = await probe(...words, '--timeout', '1s', '--intrusive');
    assert.equal(code, 9);
    const shut = card.ways.filter(({ result }) => result === 'closed').map(({ way }) => way);
    const isShutHere = /^(?:metadata-|gateway-|local-|do[ht]-(?:cloudflare|google|quad9)|dns-public)/;
    assert.deepEqual(
      shut.filter((way) => !isShutHere.test(way)),
      [],
    );
    const open = namesOf(card, 'open');
    for (const way of ['metadata-169-254-169-254', 'metadata-168-63-129-16', 'metadata-fd00-ec2-254', 'local-route']) {
      assert.ok(open.includes(way), way);
    }
    assert.ok(open.length >= 65, `${open.length} are open`);
    for (const way of [
      'tcp6-443',
      'tls-allowed-name',
      'tls-second-hello',
      'dns-system-txt',
      'quic-443',
      'raw-gre',
      'raw-fragments',
    ]) {
      assert.match(canary.said(), new RegExp(`${card.token}  ${way} `));
    }
  });

  test('finds what a careless proxy lets through', async () => {
    const script = join(import.meta.dirname, '../support/open-proxy.ts');
    const names = ['canary.example', 'bank.example'].map((name) => `${name}=${network.canary[0]}`);
    await network.startOutside([process.execPath, script, '198.51.100.1', '3128', ...names], /is up/);
    const { card, code } = await probe(
      ...words,
      '--only',
      'proxy,gateway-proxy',
      '--timeout',
      '1s',
      '--proxy',
      'http://198.51.100.1:3128',
    );
    assert.equal(code, 9);
    // The open proxy resolves no other name, and no library takes the overflow for an address.
    assert.deepEqual(namesOf(card, 'closed'), [
      'proxy-metadata-overflow',
      'proxy-metadata-name',
      'proxy-metadata-spelled-name',
    ]);
    assert.deepEqual(namesOf(card, 'untested'), []);
  });

  test('finds nothing open where everything is refused, and writes it as metrics', async () => {
    await network.set('workload', ['nft', closing('output', 'oifname != "lo" reject')]);
    await network.set('outside', ['nft', closing('input', 'iifname != "lo" drop')]);
    const metrics = join(folder, 'exeat.prom');
    const { card, code, stderr } = await probe(...words, '--timeout', '200ms', '--metrics', metrics);
    await network.set('workload', ['nft', 'delete table inet closing']);
    await network.set('outside', ['nft', 'delete table inet closing']);
    assert.deepEqual([namesOf(card, 'open'), code], [[], 0], stderr);
    assert.ok(card.closed > 100, `${card.closed} are closed`);
    const text = readFileSync(metrics, 'utf8');
    assert.match(text, /^exeat_probe_open\{way="tcp-443"\} 0$/m);
    assert.match(text, new RegExp(`^exeat_probe_ways\\{result="closed"\\} ${card.closed}$`, 'm'));
    assert.doesNotMatch(text, /proxy-connect-name/);
  });

  test('takes a sinkhole that answers everything for no way out', async () => {
    const script = join(import.meta.dirname, '../support/sinkhole.ts');
    await network.startOutside([process.execPath, script, '9999'], /is up/);
    // Pings are answered by the kernel, by whoever owns it: that is an echo, and one says so.
    await network.set('outside', ['sh', '-c', 'echo 1 > /proc/sys/net/ipv4/icmp_echo_ignore_all']);
    await network.set('outside', ['sh', '-c', 'echo 1 > /proc/sys/net/ipv6/icmp/echo_ignore_all']);
    await network.set('outside', ['nft', sinking]);
    const only = ['tcp', 'tls', 'http', 'metadata-169*', 'metadata-fd00*', 'dns', 'udp', 'icmp*', 'raw-udp', 'gateway'];
    const { card, code } = await probe(...words, '--timeout', '400ms', '--only', only.join(','));
    assert.deepEqual([namesOf(card, 'open'), code], [[], 0]);
    const said = new Map(card.ways.map(({ way, ended }) => [way, ended]));
    for (const way of ['tcp-443', 'tcp6-80', 'http-allowed-host', 'metadata-169-254-169-254', 'dns-udp', 'quic-443']) {
      assert.equal(said.get(way), 'answer without the token', way);
    }
  });

  async function probe(
    ...given: readonly string[]
  ): Promise<{ readonly card: Card; readonly code: number; readonly stderr: string }> {
    const { stdout, stderr, code } = await network.probe(given);
    assert.ok(stdout.startsWith('{'), stderr);
    return { card: JSON.parse(stdout) as Card, code, stderr };
  }
});

const sinking = `add table inet sinking
add chain inet sinking every { type nat hook prerouting priority -100; }
add rule inet sinking every meta l4proto { tcp, udp } redirect to :9999`;

function closing(hook: 'input' | 'output', rule: string): string {
  return `add table inet closing
add chain inet closing every { type filter hook ${hook} priority 0; }
add rule inet closing every ${rule}`;
}

function namesOf(card: Card, result: string): readonly string[] {
  return card.ways.filter((one) => one.result === result).map(({ way }) => way);
}
