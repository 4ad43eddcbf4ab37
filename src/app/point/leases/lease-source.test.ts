import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, test } from 'node:test';
import type { LeaseSourceConfig } from '../../../config/index.ts';
import { parseIpPrefix } from '../../../destination/index.ts';
import { createLeaseFetcher } from './fetch-leases.ts';
import type { Lease } from './lease.ts';
import { type LeaseSource, openLeaseSource } from './lease-source.ts';
import { readLeaseFile } from './read-lease-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'exeat-lease-source-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const range = parseIpPrefix('10.20.0.0/16');
const isRoot = process.getuid?.() === 0;

const document = (service: string): string =>
  JSON.stringify({
    version: 1,
    leases: [{ address: '10.20.0.7', service, from: '2026-01-01T00:00:00Z', until: '2026-12-31T00:00:00Z' }],
  });

let now = Date.UTC(2026, 10, 29);
let taken: (readonly Lease[])[] = [];
let logged: string[] = [];
const opened: LeaseSource[] = [];
afterEach(async () => {
  for (const source of opened.splice(0)) await source.close();
});

function follow(more: Partial<LeaseSourceConfig>): LeaseSource {
  [taken, logged] = [[], []];
  const log = (message: string): number => logged.push(message);
  const source = openLeaseSource({
    config: {
      ...{ name: 'ipam', file: null, url: null, everyMs: 3_600_000, authorities: null, token: null },
      ...{ ranges: ['10.20.0.0/16'], staleAfterMs: null, ...more },
    },
    clock: { now: () => now },
    logger: { info: log, warn: log, error: log },
    bounds: () => ({
      ...{ source: 'ipam', maxEntries: 10, network: { ownAddresses: [] }, boundTo: () => null },
      ranges: range.ok ? [range.value] : [],
    }),
    take: async (leases) => void taken.push(leases),
  });
  opened.push(source);
  return source;
}
const services = (): readonly string[] => taken.map((leases) => leases.map(({ service }) => service).join());

describe('a file of leases', () => {
  const path = join(folder, 'leases.json');
  const replace = (text: string): void => {
    writeFileSync(`${path}.new`, text, { mode: 0o644 });
    renameSync(`${path}.new`, path);
  };

  test('is taken when it is replaced, and kept as it was while it is broken', async () => {
    replace(document('payments'));
    const source = follow({ file: path });
    await source.look();
    await source.look();
    replace('{ "version": 1, "leases": [');
    await source.look();
    await source.look();
    assert.deepEqual(services(), ['payments']);
    assert.match(source.state().problem ?? '', /not JSON/);
    assert.equal(logged.filter((one) => /not read/.test(one)).length, 1, 'told once');
    replace(document('orders'));
    await source.look();
    assert.deepEqual([services(), source.state().problem], [['payments', 'orders'], null]);
    rmSync(path);
    await source.look();
    assert.match(source.state().problem ?? '', /cannot be read \(ENOENT\)/);
    assert.deepEqual(services(), ['payments', 'orders']);
  });

  test('is told when nobody wrote it for longer than was said', async () => {
    replace(document('payments'));
    const source = follow({ file: path, staleAfterMs: 60_000 });
    now = Date.now();
    await source.look();
    assert.equal(source.state().problem, null);
    now += 61_000;
    assert.match(source.state().problem ?? '', /its last good word is of/);
  });

  test('is not read where a workload could write to it, or put another in its place', async () => {
    const open = join(folder, 'open');
    mkdirSync(open, { mode: 0o700 });
    const inside = join(open, 'leases.json');
    writeFileSync(inside, document('payments'), { mode: 0o600 });
    const code = async (at = inside): Promise<string> => {
      const read = await readLeaseFile(at);
      return read.ok ? 'read' : read.fault.code;
    };
    assert.equal(await code(), 'read');
    for (const mode of [0o620, 0o602, 0o666]) {
      chmodSync(inside, mode);
      assert.equal(await code(), 'leases_exposed', mode.toString(8));
    }
    chmodSync(inside, 0o600);
    for (const mode of [0o720, 0o702, 0o777]) {
      chmodSync(open, mode);
      assert.equal(await code(), 'leases_exposed', mode.toString(8));
    }
    // A link from a good folder into one that is open leads there all the same.
    const link = join(folder, 'link.json');
    symlinkSync(inside, link);
    assert.equal(await code(link), 'leases_exposed');
    chmodSync(open, 0o700);
    assert.equal(await code(link), 'read');
    assert.equal(await code(open), 'leases_unreadable');
    if (!isRoot) return;
    chownSync(inside, 65_534, 65_534);
    assert.equal(await code(), 'leases_exposed');
  });
});

describe('a URL of leases', () => {
  let server: Server;
  let url: string;
  let asked: IncomingMessage['headers'][] = [];
  let answer: (response: ServerResponse, request: IncomingMessage) => void;

  beforeEach(async () => {
    asked = [];
    server = createServer((request, response) => {
      asked.push(request.headers);
      answer(response, request);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/leases?key=secret`;
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });
  const serves = (text: string, etag = '"1"'): void => {
    answer = (response, request) => {
      if (request.headers['if-none-match'] === etag) response.writeHead(304).end();
      else response.writeHead(200, { etag }).end(text);
    };
  };

  test('is asked with its token and what it said last, and keeps the last good word while it fails', async () => {
    const token = join(folder, 'token');
    writeFileSync(token, 'abc.def\n', { mode: 0o600 });
    serves(document('payments'));
    const source = follow({ url, token });
    await source.look();
    await source.look();
    assert.deepEqual(services(), ['payments']);
    assert.deepEqual(
      asked.map((headers) => [headers.authorization, headers['if-none-match']]),
      [
        ['Bearer abc.def', undefined],
        ['Bearer abc.def', '"1"'],
      ],
    );
    answer = (response) => void response.writeHead(500).end();
    await source.look();
    assert.match(source.state().problem ?? '', /cannot be had \(status 500\)/);
    assert.doesNotMatch(source.state().problem ?? '', /secret/);
    serves(document('payments'));
    await source.look();
    assert.equal(source.state().problem, null, 'as it was is good again');
    serves(document('orders'), '"2"');
    await source.look();
    assert.deepEqual(services(), ['payments', 'orders']);
  });

  test('what was broken is not taken for as it was', async () => {
    serves('{', '"1"');
    const source = follow({ url });
    await source.look();
    await source.look();
    assert.deepEqual(
      asked.map((headers) => headers['if-none-match']),
      [undefined, undefined],
    );
    assert.match(source.state().problem ?? '', /not JSON/);
  });

  test('no redirect is followed, no answer without end is read, and none is waited for without end', async () => {
    const source = follow({ url });
    answer = (response) => void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end();
    await source.look();
    assert.match(source.state().problem ?? '', /status 302/);
    const chunk = Buffer.alloc(1024 * 1024, 32);
    answer = (response) => {
      response.writeHead(200);
      const pour = (): void => void (response.write(chunk) ? setImmediate(pour) : response.once('drain', pour));
      pour();
    };
    await source.look();
    assert.match(source.state().problem ?? '', /more than 16777216 bytes/);
    answer = () => undefined;
    const fetcher = createLeaseFetcher({ url, authorities: null, token: null, timeoutMs: 100 });
    const silent = await fetcher.fetch();
    assert.match(silent.ok ? 'read' : silent.fault.message, /cannot be had \(TimeoutError\)/);
  });

  test('a token that everybody may read is not sent', async () => {
    const token = join(folder, 'open-token');
    writeFileSync(token, 'abc');
    chmodSync(token, 0o644);
    serves(document('payments'));
    const source = follow({ url, token });
    await source.look();
    assert.match(source.state().problem ?? '', /everybody may read/);
    assert.equal(asked.length, 0);
  });

  test('is told when it was not reached for ten times its turn', async () => {
    now = Date.UTC(2026, 10, 29);
    serves(document('payments'));
    const source = follow({ url, everyMs: 15_000 });
    await source.look();
    now += 149_000;
    assert.equal(source.state().problem, null);
    now += 2_000;
    assert.match(source.state().problem ?? '', /its last good word is of 2026-11-29/);
  });
});
