import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type NetNamespace, openNetNamespace } from '../../../test/support/net-namespace.ts';
import { skipUnless } from '../../../test/support/requires.ts';
import { type EntryChange, forgetChanges, learnChanges, type TimedEntry } from '../kernel/entry-changes.ts';
import { tableText } from '../kernel/table-text.ts';

// Run inside a network namespace. Its words: where the program is looked for, then one list of changes for each transaction as JSON, or
// `kill`, which ends the process that was started. Prints what each came to, a line each.
const agent = `
  import { createNetlinkLine } from ${JSON.stringify(new URL('./netlink-line.ts', import.meta.url).href)};
  const [path, ...steps] = process.argv.slice(1);
  let pid = 0;
  const line = createNetlinkLine({ onStart: (started) => (pid = started), path });
  for (const step of steps) {
    if (step === 'kill') {
      process.kill(pid, 'SIGKILL');
      await new Promise((resolve) => setTimeout(resolve, 100));
    } else {
      const result = await line.put(JSON.parse(step));
      console.log(result === null ? 'no way' : result.ok ? 'ok' : result.fault.message);
    }
  }
  line.close();
`;
const entry: TimedEntry = {
  serviceId: 257,
  family: 4,
  address: '203.0.113.7',
  protocol: 'tcp',
  ports: { from: 5432, to: 5432 },
  verdict: 'allow',
  seconds: 600,
};
const every: readonly TimedEntry[] = [
  entry,
  { ...entry, ports: { from: 8000, to: 8100 } },
  { ...entry, family: 6, address: '2001:db8::7', protocol: 'udp', verdict: 'observe' },
  { ...entry, family: 6, address: '2001:db8::7', ports: { from: 1, to: 9 }, verdict: 'observe' },
];

for (const program of ['perl', 'python3'] as const) {
  describe(`entries that ${program} brings to the kernel`, { skip: skipUnless('root', 'ip', 'nft', program) }, () => {
    let namespace: NetNamespace;
    let folder: string;

    before(async () => {
      namespace = await openNetNamespace();
      folder = mkdtempSync(join(tmpdir(), 'exeat-netlink-'));
      symlinkSync(`/usr/bin/${program}`, join(folder, program));
      writeFileSync(join(folder, 'table.nft'), tableText());
      assert.equal((await namespace.run(['nft', '-f', join(folder, 'table.nft')])).code, 0);
    });
    after(async () => {
      await namespace?.close();
      rmSync(folder, { recursive: true, force: true });
    });

    const put = async (...steps: readonly ('kill' | readonly EntryChange[])[]): Promise<readonly string[]> => {
      const words = steps.map((step) => (step === 'kill' ? step : JSON.stringify(step)));
      return (await namespace.run([process.execPath, '--input-type=module', '-e', agent, folder, ...words])).stdout
        .trim()
        .split('\n');
    };
    const held = async (set: string): Promise<string> =>
      (await namespace.run(['nft', 'list', 'set', 'inet', 'exeat', set])).stdout;

    test('are those that nft would have put there, and go again', async () => {
      assert.deepEqual(await put(learnChanges(every, true)), ['ok']);
      // nft finds an element only under the bytes that it would have written itself.
      for (const [set, key] of [
        ['told4', '257 . 203.0.113.7 . tcp . 5432'],
        ['toldrange4', '257 . 203.0.113.7 . tcp . 8000-8100'],
        ['watchtold6', '257 . 2001:db8::7 . udp . 5432'],
        ['watchtoldrange6', '257 . 2001:db8::7 . tcp . 1-9'],
      ] as const) {
        const words = ['inet', 'exeat', set, `{ ${key} }`];
        assert.equal((await namespace.run(['nft', 'get', 'element', ...words])).code, 0, set);
        assert.match(await held(set), /timeout 10m expires (10m|9m5\d)/);
      }
      assert.deepEqual(await put(forgetChanges(every)), ['ok']);
      for (const set of ['told4', 'toldrange4', 'watchtold6', 'watchtoldrange6', 'live4']) {
        assert.doesNotMatch(await held(set), /elements/);
      }
    });

    test('are all there or none, and a refusal is told', async () => {
      const other = { ...entry, address: '203.0.113.8' };
      const refused = await put(
        [
          { does: 'add', set: 'told4', entries: [entry] },
          { does: 'delete', set: 'told4', entries: [other] },
        ],
        [{ does: 'add', set: 'told4', entries: [other] }],
      );
      assert.deepEqual(refused, ['the kernel refused entries: ENOENT', 'ok']);
      const now = await held('told4');
      assert.ok(now.includes(other.address) && !now.includes(entry.address), now);
    });

    test('go on when the process that brings them was killed', async () => {
      const change = learnChanges([entry], true);
      assert.deepEqual(await put(change, 'kill', change), ['ok', 'ok']);
    });

    test('find no way where the program cannot speak to the kernel', async () => {
      rmSync(join(folder, program));
      writeFileSync(join(folder, program), '#!/bin/sh\nexit 1\n');
      chmodSync(join(folder, program), 0o755);
      assert.deepEqual(await put(learnChanges([entry], true), learnChanges([entry], true)), ['no way', 'no way']);
    });
  });
}
