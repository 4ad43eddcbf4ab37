import assert from 'node:assert/strict';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createFileZone } from './file-zone.ts';

const head = '$TTL 60\n@ SOA . . 1 2 3 4 5\n';

async function until(isSo: () => boolean): Promise<void> {
  for (let left = 500; left > 0 && !isSo(); left -= 1) await sleep(10);
  assert.ok(isSo(), 'it did not come about in 5 seconds');
}

test('a zone file is read at once and again when it changes, and the last good version stays', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'exeat-rpz-'));
  const path = join(folder, 'feed.rpz');
  const put = async (text: string): Promise<void> => {
    await writeFile(`${path}.new`, text);
    await rename(`${path}.new`, path);
  };
  let versions = 0;
  const onZone = (): void => {
    versions += 1;
  };
  const source = createFileZone({ path, origin: 'rpz.example', pollMs: 10, onZone });
  context.after(async () => {
    await source.close();
    await rm(folder, { recursive: true, force: true });
  });
  await until(() => source.problem()?.code === 'zone_unreadable');
  assert.equal(source.current(), null);

  await put(`${head}a.example CNAME .\n`);
  await until(() => source.current() !== null);
  assert.equal(source.problem(), null);
  assert.equal(source.current()?.findName('a.example')?.action.kind, 'nxdomain');

  const rows: readonly (readonly [string, RegExp])[] = [
    [`${head}b.example CNAME\n`, /feed\.rpz:3: CNAME/],
    ['$TTL 60\nb.example CNAME .\n', /no SOA/],
    [`${head}b.example TXT (`, /feed\.rpz:3: a `\(` is not closed/],
  ];
  for (const [text, message] of rows) {
    await put(text);
    await until(() => message.test(source.problem()?.message ?? ''));
    assert.equal(source.current()?.findName('a.example')?.action.kind, 'nxdomain');
  }

  await rm(path);
  await until(() => source.problem()?.code === 'zone_unreadable');
  assert.equal(source.current()?.rules.qname, 1);

  await put(`${head}b.example CNAME rpz-drop.\nout.org. CNAME .\n`);
  await until(() => source.current()?.findName('b.example') !== null);
  assert.equal(source.problem(), null);
  assert.equal(source.current()?.findName('a.example'), null);
  assert.deepEqual(source.current()?.unsupported, [{ kind: 'out_of_zone', count: 1, examples: ['out.org'] }]);
  await sleep(60);
  assert.equal(versions, 2);
});
