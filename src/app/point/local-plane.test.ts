import assert from 'node:assert/strict';

import { join } from 'node:path';
import { test } from 'node:test';
import { identityNode, policyOf, serviceNode } from '../../../test/support/policy-fixture.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { seatAddresses } from '../../gateway/index.ts';
import { identify } from '../../identity/index.ts';
import { noFacts } from '../../policy/index.ts';
import { openClassIds } from './class-ids.ts';
import { lookUpAccounts } from './local-accounts.ts';
import { createSeatBook } from './local-judge.ts';
import { computeLocalPlane, type LocalPlane } from './local-plane.ts';

const now = 1_000_000;
const folder = temporaryFolder('local');
const accounts: Readonly<Record<string, number>> = { builder: 1001, alias: 1001, ci: 2002 };
const numbersOf = (names: readonly string[]): ReadonlyMap<string, number> =>
  new Map(
    names.flatMap((name) => {
      const number = /^\d+$/.test(name) ? Number(name) : accounts[name];
      return number === undefined ? [] : [[name, number] as const];
    }),
  );
const of = (name: string, ...identities: string[]) => serviceNode(name, { identities: identities.map(identityNode) });
const policy = policyOf([
  of('api', 'local:user:builder', 'local:user:7'),
  of('job', 'local:group:ci + local:user:8'),
  of('unit', 'local:cgroup:/ci.slice/unit.service'),
  of('other', 'local:user:1002', 'local:user:nobody-here'),
  of('host', 'source:127.0.0.1/32', 'source:192.0.2.10/32'),
  of('sso', 'credential:sso + local:user:9'),
]);

function planeOf(revoked: readonly string[] = []): Promise<LocalPlane> {
  return computeLocalPlane({
    policy,
    facts: { ...noFacts, revokedIdentities: new Set(revoked) },
    now,
    ids: openClassIds(join(folder, 'ids')),
    seatIds: openClassIds(join(folder, 'seats')),
    lookUp: async (users, groups) => ({ users: numbersOf(users), groups: numbersOf(groups) }),
  });
}

function serviceOf(
  { plan, classes }: LocalPlane,
  cgroup: number,
  userId: number | null,
  groupId: number | null,
): string {
  const entry = plan.processes.find((one) => one.cgroup === cgroup && one.userId === userId && one.groupId === groupId);
  assert.ok(entry, `${cgroup} ${userId} ${groupId}`);
  return classes.find(({ id }) => id === entry.serviceId)?.service ?? 'nobody';
}

test('every process has a service or none: by user, by what must hold together, by cgroup; two services are none', async () => {
  const plane = await planeOf();
  const rows: readonly (readonly [number, number | null, number | null, string])[] = [
    [0, 1001, null, 'api'],
    [0, 7, 2002, 'api'],
    [0, 8, 2002, 'job'],
    [0, 8, null, 'nobody'],
    [0, null, 2002, 'nobody'],
    [0, 1002, null, 'other'],
    [0, null, null, 'nobody'],
    [0, 9, null, 'nobody'],
    [1, null, null, 'unit'],
    [1, 8, null, 'unit'],
    [1, 1001, null, 'nobody'],
    [1, 8, 2002, 'nobody'],
  ];
  for (const [cgroup, user, group, service] of rows)
    assert.equal(serviceOf(plane, cgroup, user, group), service, `${cgroup} ${user} ${group}`);
  assert.deepEqual(plane.problems, ['this host knows no user `nobody-here`: `local:user:nobody-here` names nobody']);
});

test('a revocation makes another class and keeps the seat, so that only what it ends is cut', async () => {
  const seatOf = ({ classes }: LocalPlane): number | undefined =>
    classes.find(({ principal }) => principal.identity === 'local:user:1002')?.seat;
  const idOf = ({ classes }: LocalPlane): number | undefined =>
    classes.find(({ principal }) => principal.identity === 'local:user:1002')?.id;
  const [before, after] = [await planeOf(), await planeOf(['local:user:1002'])];
  assert.equal(seatOf(before), seatOf(after));
  assert.notEqual(idOf(before), idOf(after));
});

test('who sits at a seat is judged by its process, and nobody by the address that it seems to have', async () => {
  const { classes } = await planeOf();
  const book = createSeatBook(identify);
  const ask = (source: string): string => {
    const found = book.identify(policy, { source, presented: [] }, now);
    return found.kind === 'identified' ? `${found.principal.service} ${found.principal.identity}` : found.kind;
  };
  const mine = classes.find(({ service }) => service === 'api');
  assert.ok(mine);
  const seat = seatAddresses(mine.seat);
  assert.equal(ask(seat[4]), 'refused', 'before the first plan');
  book.adopt(classes);
  assert.deepEqual([ask(seat[4]), ask(seat[6])], ['api local:user:builder', 'api local:user:builder']);
  for (const address of [seatAddresses(null)[4], seatAddresses(null)[6], '127.71.200.1'])
    assert.equal(ask(address), 'refused');
  assert.deepEqual(
    [ask('192.0.2.10'), ask('127.0.0.1'), ask('127.72.0.1')],
    ['host source:192.0.2.10/32', 'host source:127.0.0.1/32', 'anonymous'],
  );
});

test('accounts are looked up as the host does, numbers stand for themselves, and nothing else is made of a name', async () => {
  const found = await lookUpAccounts(['root', '4711', 'no-such-user', '-x', 'root:'], ['root', 'no-such-group']);
  assert.deepEqual([...found.users].sort(), [
    ['4711', 4711],
    ['root', 0],
  ]);
  assert.deepEqual([...found.groups], [['root', 0]]);
});
