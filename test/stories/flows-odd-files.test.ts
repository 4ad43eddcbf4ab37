import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, beforeEach, describe, test } from 'node:test';
import {
  countConnections,
  createFlowsProduct,
  type FlowsProduct,
  type FlowsRun,
  ingestInto,
  squidLog,
} from '../support/flows-product.ts';
import { skipUnless } from '../support/requires.ts';

// Whatever lies in a folder of logs, what can be read is read and what cannot is told.

let product: FlowsProduct;
beforeEach(() => {
  product?.remove();
  product = createFlowsProduct();
});
after(() => product.remove());

type Ingested = ReturnType<typeof ingestInto>;
const ingest = (args: readonly string[], run?: FlowsRun): Ingested => ingestInto(product, args, run);
const connections = (): Promise<number> => countConnections(product);

describe('files that are odd', () => {
  test('an empty file is told and is no failure', async () => {
    const { code, stderr, files } = await ingest([product.write('empty.log', ''), product.write('a.log', squidLog(3))]);
    assert.equal(code, 0);
    assert.match(stderr, /empty\.log` is empty\n/);
    assert.deepEqual(
      files.map(({ outcome }) => outcome),
      ['passed-over', 'added'],
    );
  });

  test('empty standard input is told', async () => {
    const { code, stderr } = await ingest(['-']);
    assert.equal(code, 0);
    assert.match(stderr, /standard input is empty\n/);
  });

  test('a file of headers only is taken with nothing in it', async () => {
    const header =
      'version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n';
    const { code, files, stderr } = await ingest([product.write('vpc.log', header)]);
    assert.equal(code, 0, stderr);
    assert.deepEqual(
      [files[0]?.outcome, files[0]?.entry?.tally.taken, files[0]?.entry?.tally.skips],
      ['added', 0, { header: 1 }],
    );
  });

  test('a folder with odd things in it gives its logs, links to files included, and nothing hangs', async () => {
    const logs = join(product.folder, 'logs');
    mkdirSync(join(logs, 'deep', 'er'), { recursive: true });
    mkdirSync(join(logs, '.git'));
    product.write('logs/.git/access.log', squidLog(7));
    product.write('logs/deep/er/access.log', squidLog(5));
    product.write('logs/empty', '');
    product.write('logs/picture.png', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 0, 0, 0]));
    product.write('logs/notes.txt', 'nothing that is a log\nand no more of it\n');
    const target = product.write('elsewhere.log', squidLog(6, ['linked.example']));
    symlinkSync(target, join(logs, 'linked.log'));
    symlinkSync('nowhere', join(logs, 'dangling.log'));
    symlinkSync('loop-b', join(logs, 'loop-a'));
    symlinkSync('loop-a', join(logs, 'loop-b'));
    symlinkSync('..', join(logs, 'deep', 'up'));
    execFileSync('mkfifo', [join(logs, 'pipe')]);
    const { code, files, stderr } = await ingest([logs]);
    assert.equal(code, 0, stderr);
    assert.deepEqual(
      files.filter(({ outcome }) => outcome === 'added').map(({ path }) => path.slice(logs.length)),
      ['/deep/er/access.log', '/linked.log'],
    );
    assert.match(stderr, /2 files below the folders are in no known format and were passed over/);
    assert.equal(await connections(), 11);
  });

  test('a pipe, a device and a folder in the place of a file are refused at once, and say what to do', async () => {
    const pipe = join(product.folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const { code, stderr } = await ingest([pipe, '/dev/zero']);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /pipe` is no file but a pipe, socket or device: pipe what it gives into `exeat flows ingest -`/,
    );
    assert.match(stderr, /`\/dev\/zero` is no file but/);
  });

  test('a path that is not there, and a loop of links, are told', async () => {
    const missing = await ingest([join(product.folder, 'gone.log')]);
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /gone\.log`: there is no such file or folder/);
    symlinkSync('loop', join(product.folder, 'loop'));
    const loop = await ingest([join(product.folder, 'loop')]);
    assert.equal(loop.code, 1);
    assert.match(loop.stderr, /loop`: it cannot be read \(ELOOP\)/);
  });

  test('what may not be read is told, and what lies beside it is used', { skip: skipAsRoot() }, async () => {
    const logs = join(product.folder, 'logs');
    mkdirSync(logs);
    product.write('logs/a.log', squidLog(3));
    const secret = product.write('logs/secret.log', squidLog(3));
    mkdirSync(join(logs, 'closed'), { mode: 0 });
    execFileSync('chmod', ['0', secret]);
    const { code, stderr, files } = await ingest([logs], { heedsPermissions: true });
    execFileSync('chmod', ['700', join(logs, 'closed')]);
    assert.equal(code, 1);
    assert.match(stderr, /secret\.log` cannot be read \(EACCES\)/);
    assert.match(stderr, /folder `[^`]*closed` cannot be listed, make it readable for this user/);
    assert.equal(files.find(({ outcome }) => outcome === 'added')?.entry?.tally.taken, 3);
  });

  test('a terminal on standard input is refused instead of waited for', { skip: skipUnless('script') }, () => {
    const command = `${process.execPath} ${join(import.meta.dirname, '../../src/cli/exeat.ts')} flows ingest - --config ${join(product.folder, 'exeat.yaml')}`;
    const end = spawnSync('script', ['-qec', command, '/dev/null'], {
      encoding: 'utf8',
      timeout: 60_000,
      stdio: ['pipe', 'pipe', 'pipe'],
      input: '',
    });
    assert.equal(end.status, 1, end.stdout);
    assert.match(end.stdout, /standard input is a terminal: pipe a log in, or name a file/);
  });

  test('bzip2, xz and zip are named with what to do', async () => {
    const { code, stderr } = await ingest([product.write('a.bz2', Buffer.from('BZh91AY&SY'))]);
    assert.equal(code, 1);
    assert.match(stderr, /is compressed with bzip2: unpack it and pipe it in, gzip and zstd are read as they are/);
  });
});

// Root reads everything, unless it gives that power away.
function skipAsRoot(): string | false {
  return process.getuid?.() === 0 ? skipUnless('setpriv') : false;
}
