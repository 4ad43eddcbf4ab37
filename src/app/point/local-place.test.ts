import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findLocalPlace } from './local-place.ts';

const lookUp = async (
  users: readonly string[],
): Promise<{ users: ReadonlyMap<string, number>; groups: ReadonlyMap<string, number> }> => ({
  users: new Map(users.flatMap((name) => (name === 'deployer' ? [[name, 64_101] as const] : []))),
  groups: new Map(),
});
const find = (firstPort: string, exempt: readonly string[] = []): ReturnType<typeof findLocalPlace> =>
  findLocalPlace({ exempt, inbound: [9_100] }, lookUp, firstPort);
const own = { from: 9_100, to: 9_100 };

test('people are answered at ports where only root listens, and at those that are named', async () => {
  for (const [firstPort, ports] of [
    ['1024', [{ from: 1, to: 1_023 }, own]],
    ['80', [{ from: 1, to: 79 }, own]],
    ['4096', [{ from: 1, to: 1_023 }, own]],
    ['1', [own]],
    ['0', [own]],
  ] as const) {
    const { place, problems } = await find(firstPort);
    assert.deepEqual([place?.inbound, problems], [ports, []], firstPort);
  }
});

test('where it is hidden which ports those are, there is none, and that is told', async () => {
  const { place, problems } = await find('');
  assert.deepEqual(place?.inbound, [own]);
  assert.equal(problems.length, 1);
  assert.match(
    problems[0] ?? '',
    /ip_unprivileged_port_start` cannot be read, .*: let it be read .*, or name the ports$/,
  );
});

test('an exempt user that the host does not know is told', async () => {
  const { place, problems } = await find('1024', ['deployer', 'nobody-here']);
  assert.deepEqual(place?.exempt, [64_101]);
  assert.deepEqual(problems, ['`gateway.local.exempt`: this host knows no user `nobody-here`']);
});
