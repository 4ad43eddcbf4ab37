import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { plainGateway } from '../../../test/support/gateway-config.ts';
import { identityNode, policyOf, ruleNode, serviceNode } from '../../../test/support/policy-fixture.ts';
import { type GatewayConfig, parseEndpoint } from '../../config/index.ts';
import { parseIpAddress } from '../../destination/index.ts';
import { noFacts } from '../../policy/index.ts';
import { openClassIds } from './class-ids.ts';
import { bindingsOf, computeGatewayPlane, type GatewayPlane, placeOf } from './gateway-plane.ts';

const now = 1_800_000_000_000;
const folder = mkdtempSync(join(tmpdir(), 'exeat-plane-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const config: GatewayConfig = {
  ...plainGateway,
  binding: 'mac',
  neighbours: [{ address: 'FD09:0::2', mac: '02:00:00:00:09:02' }],
  tlsPorts: [443, 8443],
  httpPorts: [80, 8443],
  masquerades: true,
  tracksFlows: false,
};

function listening(proxy: string): Parameters<typeof placeOf>[1] {
  const [dns, at] = [parseEndpoint('0.0.0.0:53'), parseEndpoint(proxy)];
  return dns.ok && at.ok ? { listen: { dns: dns.value, proxy: at.value }, leases: [] } : assert.fail();
}

function planeOf(...allow: readonly string[]): Promise<GatewayPlane> {
  const policy = policyOf([
    serviceNode('one', {
      identities: [identityNode('source:10.9.0.2/32'), identityNode('source:fd09::2/128')],
      allow: allow.map((to) => ruleNode(to)),
    }),
    serviceNode('two', { identities: [identityNode('source:10.9.0.3/32')] }),
  ]);
  return computeGatewayPlane({
    ...{ policy, facts: noFacts, network: { ownAddresses: [], localOrigins: [] }, now },
    ids: openClassIds(join(folder, `ids-${allow.length}`)),
    seatIds: openClassIds(join(folder, `seats-${allow.length}`)),
    place: placeOf(config, listening('0.0.0.0:3128')),
    bindings: bindingsOf(config),
  });
}

describe('what the kernel is told of a policy', () => {
  test('is which class each source is of, each with a number of its own', async () => {
    const { plan, classes } = await planeOf();
    const [one, two] = classes;
    assert.deepEqual(
      plan.sources.map(({ from, to, serviceId }) => [from, to, serviceId]),
      [
        ['10.9.0.2', '10.9.0.2', one?.id],
        ['10.9.0.3', '10.9.0.3', two?.id],
        ['fd09::2', 'fd09::2', one?.id],
      ],
    );
    assert.deepEqual([one?.service, two?.service], ['one', 'two']);
    assert.notEqual(one?.id, two?.id);
  });

  test('is what opaque rules for addresses open, and nothing that is read', async () => {
    const { plan, classes } = await planeOf('tcp://203.0.113.0/24:5432', '198.51.100.7:443');
    assert.deepEqual(plan.open, [
      {
        ...{ serviceId: classes[0]?.id, family: 4, from: '203.0.113.0', to: '203.0.113.255' },
        ...{ protocol: 'tcp', ports: { from: 5432, to: 5432 }, verdict: 'allow' },
      },
    ]);
  });

  test('closes metadata and public resolvers, and no address that a rule may open', async () => {
    const { plan } = await planeOf();
    const isClosed = (text: string): boolean => {
      const words = wordsOf(text);
      return plan.closed.some(({ from, to }) => wordsOf(from) <= words && words <= wordsOf(to));
    };
    const closed = ['169.254.169.254', '100.100.100.200', '168.63.129.16', 'fd00:ec2::254', 'fe80::1', '8.8.8.8'];
    assert.deepEqual(
      closed.map(isClosed),
      closed.map(() => true),
    );
    const free = ['203.0.113.7', '2001:db8::7', '10.60.0.1', '8.8.8.9', '2606:4700::1', 'fd09::2'];
    assert.deepEqual(
      free.map(isClosed),
      free.map(() => false),
    );
  });

  test('lets nobody out while no policy is in force', async () => {
    const { plan, changesAt } = await computeGatewayPlane({
      ...{ policy: null, facts: noFacts, network: { ownAddresses: [], localOrigins: [] }, now },
      ids: openClassIds(join(folder, 'ids-none')),
      seatIds: openClassIds(join(folder, 'seats-none')),
      place: placeOf(config, listening('0.0.0.0:3128')),
      bindings: bindingsOf(config),
    });
    assert.deepEqual([plan.sources, plan.open, changesAt], [[], [], null]);
    assert.ok(plan.closed.length > 0);
  });

  test('has the place and the neighbours of the configuration, addresses in their one spelling', async () => {
    const { plan } = await planeOf();
    assert.deepEqual(plan.place.namePorts, [443, 8443, 80]);
    assert.deepEqual(
      ['0.0.0.0:3128', '127.0.0.1:3128', '0.0.0.0:0'].map((proxy) => placeOf(config, listening(proxy)).proxyPort),
      [3128, null, null],
    );
    assert.deepEqual(plan.bindings, [{ family: 6, address: 'fd09::2', mac: '02:00:00:00:09:02' }]);
  });
});

function wordsOf(text: string): string {
  const parsed = parseIpAddress(text);
  assert.ok(parsed.ok, text);
  const { family, words } = parsed.value;
  return `${family} ${words.map((word) => word.toString(16).padStart(8, '0')).join(' ')}`;
}
