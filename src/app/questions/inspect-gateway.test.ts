import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainGateway } from '../../../test/support/gateway-config.ts';
import { policyOf, ruleNode, serviceNode } from '../../../test/support/policy-fixture.ts';
import { failed, fault, ok } from '../../base/index.ts';
import type { GatewayConfig } from '../../config/index.ts';
import type { MachineView } from '../../gateway/index.ts';
import { inspectGateway } from './inspect-gateway.ts';

const gateway: GatewayConfig = { ...plainGateway, inside: ['gi', 'gj'] };
const sound: MachineView = {
  kernel: '6.18.44',
  isKernelTooOld: false,
  nft: ok('1.0.6'),
  hasNetAdmin: true,
  launcher: ok('/usr/bin/perl'),
  missingInterfaces: [],
  ipv6: 'on',
  routes: { 4: ok(['default via 192.0.2.1 dev eth0']), 6: ok([]) },
  forwarding: { isOn: false, isSettable: true },
};
const policy = policyOf([serviceNode('api', { allow: [ruleNode('bank.example.com:443')] })]);
const beyond = policyOf([
  serviceNode('api', { allow: [ruleNode('db.example.com:8443'), ruleNode('http://old.example.com:8080-8081')] }),
]);
const missing = failed(fault('nft_missing', 'there is no program `nft`, install nftables 1.0.6 or later'));

test('a machine that can be a gateway passes every check', () => {
  const all = inspectGateway({ gateway, machine: sound, policy });
  assert.equal(all.length, 9);
  assert.deepEqual(
    all.filter(({ result }) => result !== 'ok'),
    [],
  );
});

const cases: readonly (readonly [changed: Partial<MachineView>, check: string, result: string, says: RegExp])[] = [
  [{ isKernelTooOld: true, kernel: '5.4.0' }, 'gateway kernel', 'fail', /^5\.4\.0 is older than 5\.11$/],
  [{ nft: missing }, 'gateway nft', 'fail', /^there is no program `nft`$/],
  [{ hasNetAdmin: false }, 'gateway rights', 'fail', /CAP_NET_ADMIN/],
  [{ launcher: missing }, 'gateway sockets', 'fail', /^there is no program/],
  [{ missingInterfaces: ['gj'] }, 'gateway inside', 'fail', /named gj$/],
  [{ ipv6: 'absent', routes: { 4: ok(['default']), 6: null } }, 'gateway ipv6', 'ok', /not in this kernel/],
  [{ ipv6: 'off' }, 'gateway ipv6', 'ok', /switched off/],
  [{ routes: { 4: ok([]), 6: missing } }, 'gateway ipv6', 'fail', /no program/],
  [{ routes: { 4: missing, 6: null } }, 'gateway routes', 'fail', /no program/],
  [{ routes: { 4: ok([]), 6: ok([]) } }, 'gateway routes', 'warn', /no default route/],
  [{ routes: { 4: ok([]), 6: ok(['default']) } }, 'gateway routes', 'ok', /^default$/],
  [{ forwarding: { isOn: false, isSettable: false } }, 'gateway forwarding', 'fail', /may not set/],
];

for (const [changed, check, result, says] of cases) {
  test(`${check}: ${result} for ${JSON.stringify(changed)}, with a mend where it is not well`, () => {
    const found = inspectGateway({ gateway, machine: { ...sound, ...changed }, policy }).find(
      (one) => one.check === check,
    );
    assert.equal(found?.result, result);
    assert.match(found.says, says);
    assert.equal(found.mend === null, result === 'ok');
  });
}

test('rules at ports that are not read by name are a warning that names the settings', () => {
  const last = inspectGateway({ gateway, machine: sound, policy: beyond }).at(-1);
  assert.equal(last?.result, 'warn');
  assert.match(last.says, /api\/allow\/db\.example\.com:8443 \(tls 8443\), .*\(http 8080-8081\)$/);
  assert.match(last.mend ?? '', /`gateway\.tlsPorts` and `gateway\.httpPorts`/);
  const wider = { ...gateway, tlsPorts: [443, 8443], httpPorts: [80, 8080, 8081] };
  assert.equal(inspectGateway({ gateway: wider, machine: sound, policy: beyond }).at(-1)?.result, 'ok');
});

test('a policy that does not compile is said by its own check', () => {
  assert.equal(inspectGateway({ gateway, machine: sound, policy: null }).at(-1)?.check, 'gateway forwarding');
});
