import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, describe, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { findFiles } from './find-files.ts';
import { openBytes } from './open-bytes.ts';

const folder = mkdtempSync(join(tmpdir(), 'exeat-intake-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, content: string | Buffer): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

async function read(path: string, stdin: Readable = Readable.from([])): Promise<string> {
  const bytes = await openBytes(path, stdin);
  if (!bytes.ok) return `${bytes.fault.code}: ${bytes.fault.message}`;
  const parts: Buffer[] = [];
  for await (const part of bytes.value.pieces) parts.push(part);
  return Buffer.concat(parts).toString();
}

describe('opening a source', () => {
  test('compression is told by its first bytes, whatever the name says', async () => {
    assert.equal(await read(write('plain.gz', 'plain')), 'plain');
    assert.equal(await read(write('packed.log', gzipSync('packed'))), 'packed');
    assert.equal(await read(write('dense.log', zstdCompressSync('dense'))), 'dense');
    assert.equal(await read(write('empty', '')), '');
  });

  test('standard input is read the same, even a byte at a time', async () => {
    const bytes = [...gzipSync('packed')].map((byte) => Buffer.from([byte]));
    assert.equal(await read('-', Readable.from(bytes, { objectMode: false })), 'packed');
    assert.equal(await read('-', Readable.from([Buffer.from('ab')], { objectMode: false })), 'ab');
    assert.equal(await read('-'), '');
  });

  test('standard input that fails, or is a terminal, is a fault', async () => {
    const failing = new Readable({ read: () => failing.destroy(Object.assign(new Error('x'), { code: 'EISDIR' })) });
    assert.equal(await read('-', failing), 'source_unreadable: standard input cannot be read (EISDIR)');
    const terminal = Object.assign(new Readable({ read: () => undefined }), { isTTY: true });
    assert.match(await read('-', terminal), /^source_unreadable: standard input is a terminal/);
  });

  test('what cannot be unpacked, is no file or is not there is a fault that says so', async () => {
    for (const [name, magic] of [
      ['bzip2', 'BZh9'],
      ['xz', '\u00fd7zXZ'],
      ['zip', 'PK\u0003\u0004'],
    ] as const) {
      assert.match(
        await read(write(name, Buffer.from(`${magic}0000`, 'latin1'))),
        new RegExp(`^compression_unknown: .* is compressed with ${name}`),
      );
    }
    assert.match(await read(write('table', 'PAR1....')), /^source_parquet: /);
    assert.match(await read(join(folder, 'gone')), /^source_unreadable: .* cannot be read \(ENOENT\)/);
    assert.match(await read('/dev/zero'), /^source_unreadable: .* is no file but a pipe, socket or device/);
  });

  test('bytes from the disk are counted as they are taken', async () => {
    const packed = gzipSync('x'.repeat(100_000));
    const bytes = await openBytes(write('count.gz', packed), Readable.from([]));
    assert.ok(bytes.ok);
    assert.deepEqual([bytes.value.totalBytes, bytes.value.readBytes()], [packed.length, 0]);
    for await (const piece of bytes.value.pieces) assert.ok(piece.length > 0);
    assert.equal(bytes.value.readBytes(), packed.length);
  });
});

describe('finding files', () => {
  test('folders give what is below them in order of name, links to files included, and nothing twice round', () => {
    const tree = join(folder, 'tree');
    mkdirSync(join(tree, 'b', 'node_modules'), { recursive: true });
    mkdirSync(join(tree, 'a'));
    for (const name of ['c.log', 'b/x.log', 'b/node_modules/y.log', 'a/z.log']) write(`tree/${name}`, 'x');
    symlinkSync('../c.log', join(tree, 'a', 'linked.log'));
    symlinkSync('..', join(tree, 'a', 'up'));
    symlinkSync('gone', join(tree, 'a', 'dangling'));
    symlinkSync('round', join(tree, 'a', 'round'));
    execFileSync('mkfifo', [join(tree, 'pipe')]);
    const found = findFiles([tree, join(tree, 'c.log'), '-']);
    assert.ok(found.ok);
    assert.deepEqual(
      found.value.map(({ path, isNamed }) => [path.replace(tree, ''), isNamed]),
      [
        ['/a/linked.log', false],
        ['/a/z.log', false],
        ['/b/x.log', false],
        ['/c.log', false],
        ['/c.log', true],
        ['-', true],
      ],
    );
  });

  test('a path that is not there is a fault before anything is read', () => {
    const found = findFiles([join(folder, 'nowhere')]);
    assert.ok(!found.ok);
    assert.match(found.fault.message, /nowhere`: there is no such file or folder$/);
  });
});
