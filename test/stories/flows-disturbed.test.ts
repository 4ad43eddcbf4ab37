import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import {
  childrenOf,
  countConnections,
  createFlowsProduct,
  endOf,
  type FlowsProduct,
  type FlowsRun,
  ingestInto,
  squidLog,
} from '../support/flows-product.ts';
import { waitFor } from '../support/product.ts';
import { skipUnless } from '../support/requires.ts';

// Whatever ends an ingest, what was in the lake stays, and what was half done is done again as if it had never begun.

let product: FlowsProduct;
beforeEach(() => {
  product?.remove();
  product = createFlowsProduct();
});
after(() => product.remove());

type Ingested = ReturnType<typeof ingestInto>;
const ingest = (args: readonly string[], run?: FlowsRun): Ingested => ingestInto(product, args, run);
const connections = (): Promise<number> => countConnections(product);

describe('ingests that are disturbed', () => {
  test('a second ingest waits, and then says who holds the lake; the first one is not disturbed', async () => {
    const first = product.start(['ingest', '-']);
    const ended = once(first, 'close');
    first.stdin.write(squidLog(100));
    const incoming = join(product.lake, 'incoming');
    const isWriting = async (): Promise<boolean> => existsSync(incoming) && readdirSync(incoming).length > 0;
    await waitFor(isWriting, 'the first ingest', 30_000);
    const second = await ingest([product.write('b.log', squidLog(5, ['second.example']))]);
    assert.equal(second.code, 1);
    assert.match(second.stderr, /is being written by another `exeat flows`, wait for it to end/);
    first.stdin.end();
    assert.deepEqual((await ended)[0], 0);
    assert.equal(await connections(), 100);
  });

  test('killed in the middle and run again, nothing is double and nothing is lost', async () => {
    const log = squidLog(
      200_000,
      Array.from({ length: 5000 }, (_, index) => `n${index}.example`),
    );
    const path = product.write('a.log', log);
    for (const waitMs of [900, 1600, 2300]) {
      const child = product.start(['ingest', path]);
      await new Promise((resolve) => setTimeout(resolve, waitMs));
      const lakeProcesses = childrenOf(child.pid ?? 0);
      const ended = child.exitCode === null ? once(child, 'close') : Promise.resolve();
      for (const pid of [...lakeProcesses, child.pid ?? 0]) killHard(pid);
      await ended;
    }
    const { code, stderr } = await ingest([path]);
    assert.equal(code, 0, stderr);
    assert.equal(await connections(), 200_000);
    assert.deepEqual(readdirSync(join(product.lake, 'incoming')), []);
  });

  test('a lake process that is killed is told, not waited for', async () => {
    const child = product.start(['ingest', '-']);
    child.stdin.write(squidLog(10));
    const [pid] = await waitFor(
      async () => {
        const pids = childrenOf(child.pid ?? 0);
        return pids.length > 0 && pids;
      },
      'the lake process',
      30_000,
    );
    killHard(pid ?? 0);
    const end = await endOf(child);
    assert.equal(end.code, 1);
    assert.match(end.stderr, /the process that reads the flow lake ended early \(/);
  });

  test('a damaged file in the lake ends in 1 and says which source to take out', async () => {
    const path = product.write('a.log', squidLog(10));
    await ingest([path]);
    const [day = ''] = readdirSync(join(product.lake, 'flows'));
    const [file = ''] = readdirSync(join(product.lake, 'flows', day));
    truncateSync(join(product.lake, 'flows', day, file), 50);
    const map = await product.flows(['map']);
    assert.equal(map.code, 1);
    assert.match(
      map.stderr,
      new RegExp(
        `flows/${day}/${file}\` in the flow lake is damaged: take its source out with \`exeat flows forget [0-9a-f]{8}\` and ingest \`[^\`]*a\\.log\` again`,
      ),
    );
    const id = /forget ([0-9a-f]{8})/.exec(map.stderr)?.[1] ?? '';
    assert.equal((await product.flows(['forget', id])).code, 0);
    assert.equal((await ingest([path])).files[0]?.outcome, 'added');
    assert.equal(await connections(), 10);
  });

  test('a lake of a newer version is left alone by every command', async () => {
    const path = product.write('a.log', squidLog(10));
    await ingest([path]);
    writeFileSync(join(product.lake, 'version'), '99\n');
    for (const args of [['map'], ['sources'], ['ingest', path]]) {
      const end = await product.flows(args);
      assert.equal(end.code, 1);
      assert.match(end.stderr, /exeat: the flow lake was written by a newer version of Exeat/);
    }
  });
});

function killHard(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}

describe('a disk that is full', { skip: skipUnless('root', 'mount') }, () => {
  let disk: string;
  before(() => {
    disk = mkdtempSync(join(tmpdir(), 'exeat-disk-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', disk]);
  });
  after(() => {
    execFileSync('umount', [disk]);
    rmSync(disk, { recursive: true, force: true });
  });

  test('ends the ingest with the reason, keeps what was there, and leaves nothing behind', async () => {
    const small = createFlowsProduct({ state: disk });
    try {
      const first = await small.flows(['ingest', small.write('first.log', squidLog(10))]);
      assert.equal(first.code, 0, first.stderr);
      const names = Array.from({ length: 300_000 }, (_, index) => `n${(index * 7919) % 999_983}x${index}.example`);
      const many = await small.flows(['ingest', small.write('many.log', squidLog(300_000, names))]);
      assert.equal(many.code, 1);
      assert.match(
        many.stderr,
        /nothing of `[^`]*many\.log` is kept, the flow lake cannot be written, see that its disk has room: ./,
      );
      assert.deepEqual(readdirSync(join(small.lake, 'incoming')), []);
      assert.equal((await small.map()).edges.length, 2);
      const after = await small.flows(['ingest', small.write('after.log', squidLog(10, ['after.example']))]);
      assert.equal(after.code, 0, after.stderr);
    } finally {
      small.remove();
    }
  });
});
