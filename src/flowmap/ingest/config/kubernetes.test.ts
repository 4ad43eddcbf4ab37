import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectDeclared } from '../../../../test/support/collect-observations.ts';
import { declaredOfFixture, readConfigFixture } from '../../../../test/support/declared-lines.ts';

test('workloads, ConfigMaps and network objects declare the outside, Secrets and what comes in do not', () => {
  assert.deepEqual(declaredOfFixture('kubernetes', 'cluster.yaml'), [
    '36 shop/api https://registry.example:443 image stated',
    '37 shop/api -://gate.example:7000 command stated',
    '40 shop/api https://registry-1.docker.io:443 image implied',
    '40 shop/api https://auth.docker.io:443 image implied',
    '40 shop/api https://production.cloudflare.docker.com:443 image implied',
    '45 shop/api postgres://db.example:5432 DATABASE_URL stated',
    '47 shop/api -://k1.example:9093 KAFKA_BROKERS stated',
    '47 shop/api -://k2.example:9093 KAFKA_BROKERS stated',
    '7 shop/api https://partner.example:443 PARTNER stated',
    '61 shop/api https://*.api.example:443 REGION_URL stated',
    '7 shop/api https://partner.example:443 PARTNER_URL stated',
    '10 shop/api postgresql://orders.db.example:5433 spring.datasource.url stated',
    '11 shop/api -://cache.example:6380 spring.redis.host stated',
    '63 shop/api https://up.example:8443 args stated',
    '33 shop/api -://legacy.example:- hostAliases.host stated',
    '77 - -://legacy.partner.example:- spec.externalName stated',
    '90 finance/month-end https://ghcr.example:443 image stated 0 3 1 * *',
    '92 finance/month-end -://sftp.bank.example:22 BANK_ENDPOINT stated 0 3 1 * *',
    '98 - -://pay.example:443 spec.hosts stated',
    '98 - -://*.wild.example:443 spec.hosts stated',
    '110 shop/api -://fqdn.example:443 toFQDNs.matchName stated',
    '111 shop/api -://*.pattern.example:443 toFQDNs.matchPattern stated',
    '114 shop/api -://198.51.100.0/24:- toCIDR stated',
    '120 - -://calico.example:- spec.allowedEgressDomains stated',
    '120 - -://*.sets.example:- spec.allowedEgressDomains stated',
    '129 - -://192.0.2.0/24:8443 ipBlock.cidr stated',
    '130 - -://203.0.113.5:8443 ipBlock.cidr stated',
  ]);
  assert.equal(collectDeclared('kubernetes', 'cluster.yaml', readConfigFixture('cluster.yaml')).faults, 0);
});

test('pods give leases of the workload behind their ReplicaSet or Job, until they finished', () => {
  const { leases, declared } = collectDeclared('kubernetes', 'pods.json', readConfigFixture('pods.json'));
  const pod = { kind: 'workload', origin: 'kubernetes' } as const;
  const api = { ...pod, holder: 'shop/api', fromMs: Date.UTC(2026, 10, 20, 8), untilMs: null };
  assert.deepEqual(leases, [
    { ...api, address: '10.1.2.3' },
    { ...api, address: '2001:db8::3' },
    {
      ...pod,
      address: '10.1.2.4',
      holder: 'finance/month-end',
      fromMs: Date.UTC(2026, 10, 1, 3),
      untilMs: Date.UTC(2026, 10, 1, 3, 20),
    },
  ]);
  assert.deepEqual(
    declared.map(({ service, host, key }) => [service, host, key]),
    [
      ['shop/api', 'ghcr.example', 'image'],
      ['shop/api', 'pay.example', 'PAY_URL'],
    ],
  );
});

test('a container that was restarted gives another lease from each start that its pod remembers', () => {
  const containers = [
    '    - { restartCount: 0, state: { running: { startedAt: "2026-11-20T08:00:09Z" } } }',
    '    - restartCount: 4',
    '      state: { running: { startedAt: "2026-11-24T10:00:00Z" } }',
    '      lastState: { terminated: { startedAt: "2026-11-22T10:00:00Z", finishedAt: "2026-11-24T09:59:00Z" } }',
    '    - restartCount: 1',
    '      state: { waiting: { reason: CrashLoopBackOff } }',
    '      lastState: { terminated: { startedAt: "2026-11-20T08:00:09Z", finishedAt: "2026-11-21T08:00:00Z" } }',
  ];
  const text = [
    'apiVersion: v1',
    'kind: Pod',
    'metadata: { name: db-0, namespace: shop, ownerReferences: [{ kind: StatefulSet, name: db }] }',
    'status:',
    '  podIP: 10.1.2.9',
    '  startTime: "2026-11-20T08:00:00Z"',
    '  phase: Running',
    '  containerStatuses:',
    ...containers,
  ].join('\n');
  const { leases } = collectDeclared('kubernetes', 'pod.yaml', text);
  assert.deepEqual(
    leases.map(({ address, holder, fromMs }) => [address, holder, new Date(fromMs ?? 0).toISOString()]),
    [
      ['10.1.2.9', 'shop/db', '2026-11-20T08:00:00.000Z'],
      ['10.1.2.9', 'shop/db', '2026-11-24T10:00:00.000Z'],
      ['10.1.2.9', 'shop/db', '2026-11-22T10:00:00.000Z'],
    ],
  );
});

test('pods printed as YAML give the same leases', () => {
  const text = [
    'apiVersion: v1',
    'items:',
    '- apiVersion: v1',
    '  kind: Pod',
    '  metadata: { name: db-0, namespace: shop, ownerReferences: [{ kind: StatefulSet, name: db }] }',
    '  status: { podIP: 10.1.2.9, startTime: "2026-11-20T08:00:00Z", phase: Running }',
    'kind: List',
  ].join('\n');
  const { leases } = collectDeclared('kubernetes', 'pods.yaml', text);
  assert.deepEqual(
    leases.map(({ address, holder, untilMs }) => [address, holder, untilMs]),
    [['10.1.2.9', 'shop/db', null]],
  );
});

test('a broken document does not take the others with it', () => {
  const text =
    'kind: A\napiVersion: v1\nspec: [1,\n---\napiVersion: v1\nkind: Thing\nspec:\n  url: https://a.example\n';
  const { declared, faults } = collectDeclared('kubernetes', 'x.yaml', text);
  assert.equal(faults, 1);
  assert.deepEqual(
    declared.map(({ host, line }) => [host, line]),
    [['a.example', 8]],
  );
});
