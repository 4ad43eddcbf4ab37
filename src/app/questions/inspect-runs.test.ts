import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { plainGateway } from '../../../test/support/gateway-config.ts';
import { identityNode, policyOf, serviceNode } from '../../../test/support/policy-fixture.ts';
import { nowForTest } from '../../../test/support/request-fixture.ts';
import type { Config } from '../../config/index.ts';
import type { CompiledPolicy, ServiceNode } from '../../policy/index.ts';
import { inspectRunLinks } from './inspect-runs.ts';
import type { Inspection } from './inspection.ts';

const taking = (name: string, identity: string): ServiceNode =>
  serviceNode(name, { identities: [identityNode(identity)] });
const nobody = policyOf([serviceNode('api')]);
const ci = policyOf([taking('ci', 'leased:run'), serviceNode('api')]);

const look = async (
  policy: CompiledPolicy | null,
  gateway: Partial<NonNullable<Config['gateway']>> = { run: { ranges: ['198.51.100.0/29'] } },
): Promise<Inspection | undefined> => {
  const config = { gateway: { ...plainGateway, ...gateway }, leases: [], state: '/nonexistent' };
  return (await inspectRunLinks(config, policy, nowForTest))[0];
};

describe('runs behind the gateway, as the doctor sees them', () => {
  test('are none where there is no gateway, and none where the configuration says so', async () => {
    assert.deepEqual(await inspectRunLinks({ gateway: null, leases: [], state: '/nonexistent' }, ci, nowForTest), []);
    assert.match((await look(ci, { run: null }))?.says ?? '', /^none: `gateway\.run` is null/);
  });

  test('are for the services that take leases of runs, with what room there is', async () => {
    assert.equal((await look(ci))?.says, '0 now, addresses for 5 more in 198.51.100.0/29; for ci');
    assert.match((await look(nobody))?.says ?? '', /; no service lists `leased:run`, so all runs have their loopback/);
    assert.match((await look(null))?.says ?? '', /^0 now/);
  });

  test('fail where something else has the range, and say what to do', async () => {
    const shared = await look(ci, {
      run: { ranges: ['198.51.100.0/29'] },
      neighbours: [{ address: '198.51.100.3', mac: '02:00:00:00:00:07' }],
    });
    assert.deepEqual([shared?.result, shared?.mend], ['fail', 'take another range']);
    assert.match(shared?.says ?? '', /meets the neighbour `198\.51\.100\.3`$/);
    const both = policyOf([taking('ci', 'leased:run'), taking('db', 'source:198.51.100.0/24')]);
    const named = await look(both);
    assert.deepEqual([named?.result, named?.mend], ['fail', 'take another `gateway.run.range`']);
    assert.match(named?.says ?? '', /^runs of `ci`: the address of the run is `db`'s by `source:198\.51\.100\.0\/24`$/);
  });
});
