import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { identify } from './identify.ts';
import { type HeldLease, type LeaseStanding, type LeaseView, parseLeaseSource } from './lease.ts';
import type { PrincipalDirectory } from './principal.ts';

const until = 2_000;
const ofIpam: HeldLease = { source: 'ipam', service: 'payments', until };
/** Both services take leases of `ipam`; `10.1.0.1` is of `orders` by itself, and a credential is of `payments` with or without a lease. */
const directory: PrincipalDirectory = {
  matchSource: (source, _now, leases = []) => [
    ...(source === '10.1.0.1'
      ? [{ service: 'orders', identity: 'source:10.1.0.1/32', strength: 'network' as const }]
      : []),
    ...leases.map((lease) => ({
      ...{ service: lease.service, identity: `leased:${lease.source}`, strength: 'network' as const },
      until: lease.until,
    })),
  ],
  matchPresented: (_evidence, leases = []) =>
    leases.length > 0
      ? [{ service: 'payments', identity: 'credential:x + leased:ipam', strength: 'shared-secret', until }]
      : [],
};
const view = (standing: LeaseStanding): LeaseView => ({ standingOf: () => standing });
const credential = { kind: 'credential', name: 'x', expiresAt: 9_000 } as const;

describe('identify by leases', () => {
  const rows: readonly (readonly [string, string, LeaseStanding, string])[] = [
    ['a lease names its service', '10.1.0.9', { kind: 'leased', leases: [ofIpam] }, 'payments 2000'],
    ['no lease: the source says what it says', '10.1.0.1', { kind: 'none' }, 'orders null'],
    ['a lease against the source is a conflict', '10.1.0.1', { kind: 'leased', leases: [ofIpam] }, 'identity_conflict'],
    [
      'leases that contradict each other leave nobody',
      '10.1.0.1',
      { kind: 'nobody', reason: 'identity_conflict' },
      'identity_conflict',
    ],
    [
      'while a lease changes its source names nobody',
      '10.1.0.1',
      { kind: 'nobody', reason: 'identity_unknown' },
      'identity_unknown',
    ],
  ];
  for (const [name, source, standing, expected] of rows) {
    it(name, () => {
      const found = identify(directory, { source, presented: [] }, 1_000, view(standing));
      const text =
        found.kind === 'identified'
          ? `${found.principal.service} ${found.principal.expiresAt}`
          : found.kind === 'refused'
            ? found.reason
            : found.kind;
      assert.equal(text, expected);
    });
  }

  it('a lease inside `all:` is a condition of a proof, and its end is the end of the principal', () => {
    const evidence = { source: '10.1.0.9', presented: [credential] };
    const found = identify(directory, evidence, 1_000, view({ kind: 'leased', leases: [ofIpam] }));
    assert.equal(found.kind === 'identified' && found.principal.expiresAt, until);
    assert.equal(
      identify(directory, evidence, 1_000, view({ kind: 'nobody', reason: 'identity_conflict' })).kind,
      'refused',
    );
    assert.equal(identify(directory, evidence, 1_000).kind, 'refused');
  });

  it('a source of leases is named as a credential is', () => {
    for (const name of ['ipam', 'a', 'dhcp-2.lab_x', 'x'.repeat(64)]) assert.ok(parseLeaseSource(name).ok, name);
    for (const name of ['', 'Ipam', '-a', 'a b', 'ä', 'x'.repeat(65)])
      assert.equal(parseLeaseSource(name).ok, false, name);
  });
});
