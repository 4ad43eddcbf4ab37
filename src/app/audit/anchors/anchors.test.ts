import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type Server } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer as createTlsServer } from 'node:tls';
import { createTestSigner, hasher } from '../../../../test/support/audit-fixture.ts';
import { createAuthority } from '../../../../test/support/pki.ts';
import { skipUnless } from '../../../../test/support/requires.ts';
import { findNotes, signCheckpoint } from '../../../audit/index.ts';
import type { AnchorConfig } from '../../../config/index.ts';
import type { Logger } from '../../logger.ts';
import type { Anchor } from './anchor.ts';
import { createAnchors } from './create-anchors.ts';
import { type AnchorKeeper, keepAnchors } from './keep-anchors.ts';
import { readAnchors } from './read-anchors.ts';

const root = mkdtempSync(join(tmpdir(), 'anchors-'));
after(() => rmSync(root, { recursive: true, force: true }));
const clock = { now: () => Date.parse('2026-11-22T09:30:00Z') };
const signer = createTestSigner();
const noteOf = (size: number): string => signCheckpoint({ size, root: hasher.empty() }, signer);
const checkpoint = (size: number): { size: number; note: string } => ({ size, note: noteOf(size) });

async function send(config: AnchorConfig, ...sizes: readonly number[]): Promise<void> {
  const [anchor] = createAnchors([config], clock);
  for (const size of sizes) await anchor?.send(noteOf(size), AbortSignal.timeout(8_000));
}

function collectLogs(): { readonly lines: string[]; readonly logger: Logger } {
  const lines: string[] = [];
  const take = (message: string): void => void lines.push(message);
  return { lines, logger: { info: take, warn: take, error: take } };
}

test('a file anchor holds each checkpoint once, and goes on after half of one', async () => {
  const path = join(root, 'anchor.txt');
  await send({ kind: 'path', path }, 1, 2, 2);
  assert.deepEqual(findNotes(readFileSync(path, 'utf8')), [1, 2].map(noteOf));
  writeFileSync(path, readFileSync(path, 'utf8') + noteOf(3).slice(0, 30));
  await send({ kind: 'path', path }, 4);
  assert.deepEqual(findNotes(readFileSync(path, 'utf8')), [1, 2, 4].map(noteOf));
  const read = await readAnchors([
    { kind: 'path', path },
    { kind: 'path', path: join(root, 'absent') },
    { kind: 'http', url: 'http://a.example/', authorities: null },
  ]);
  assert.deepEqual(read.sources, [{ name: path, text: readFileSync(path, 'utf8') }]);
  assert.equal(read.missing.length, 1);
});

test('a git anchor commits its one file, whatever else is staged, and runs no hook', {
  skip: skipUnless('git'),
}, async () => {
  const repository = join(root, 'repository');
  const folder = join(repository, 'evidence');
  mkdirSync(folder, { recursive: true });
  const git = (...args: readonly string[]): string => execFileSync('git', ['-C', repository, ...args]).toString();
  git('init', '--quiet');
  writeFileSync(join(repository, '.git/hooks/pre-commit'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  writeFileSync(join(repository, 'other.txt'), 'staged by somebody');
  git('add', 'other.txt');
  await send({ kind: 'git', folder }, 7, 9, 9);
  assert.equal(git('log', '--format=%s').trim(), 'checkpoint of exeat/test at 9\ncheckpoint of exeat/test at 7');
  assert.equal(git('show', '--name-only', '--format=', 'HEAD').trim(), 'evidence/exeat-checkpoints.txt');
  assert.equal(git('status', '--porcelain').trim(), 'A  other.txt');
  assert.deepEqual(findNotes(git('show', 'HEAD:evidence/exeat-checkpoints.txt')), [7, 9].map(noteOf));
});

test('a folder that is no work tree is refused, and nothing is written there', {
  skip: skipUnless('git'),
}, async () => {
  const folder = mkdtempSync(join(root, 'plain-'));
  await assert.rejects(send({ kind: 'git', folder }, 1), /not a git repository/);
  assert.equal((await readAnchors([{ kind: 'git', folder }])).sources.length, 0);
});

test('syslog over TCP is one RFC 5424 message with octet counting, from which the checkpoint is read back', async () => {
  const seen: Buffer[] = [];
  const server = createServer((socket) => socket.on('data', (chunk: Buffer) => seen.push(chunk)));
  const port = await listen(server);
  await send({ kind: 'syslog', host: '127.0.0.1', port, protocol: 'tcp', authorities: null }, 12);
  await once(server.close(), 'close');
  const text = Buffer.concat(seen).toString('latin1');
  const [, length = '', message = ''] = /^(\d+) (.*)$/s.exec(text) ?? [];
  assert.equal(message.length, Number(length));
  assert.match(
    message,
    /^<109>1 2026-11-22T09:30:00\.000Z [!-~]+ exeat \d+ checkpoint - exeat checkpoint \{"note":"[ -~]+"\}$/,
  );
  assert.deepEqual(findNotes(`Nov 22 09:30:00 ${message}\n`), [noteOf(12)]);
});

test('syslog over TLS goes to the receiver that the authorities vouch for, and to no other', async () => {
  const authority = await createAuthority('Test CA');
  const { certificatePem, keyPem } = await authority.issueServer({ addresses: ['127.0.0.1'] });
  const seen: Buffer[] = [];
  const server = createTlsServer({ cert: certificatePem, key: keyPem }, (socket) => {
    socket.on('data', (chunk: Buffer) => seen.push(chunk)).on('end', () => socket.end());
  });
  server.on('tlsClientError', () => undefined);
  const port = await listen(server);
  const authorities = join(root, 'ca.pem');
  writeFileSync(authorities, authority.certificatePem);
  const receiver = { kind: 'syslog', host: '127.0.0.1', port, protocol: 'tls' } as const;
  await send({ ...receiver, authorities }, 12);
  await assert.rejects(send({ ...receiver, authorities: null }, 13));
  await once(server.close(), 'close');
  assert.deepEqual(findNotes(Buffer.concat(seen).toString()), [noteOf(12)]);
});

test('an http anchor posts the note, and anything but 2xx is a failure', async () => {
  const bodies: string[] = [];
  const answers = [204, 500, 302];
  const server = createHttpServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    bodies.push(`${request.method} ${request.url} ${body}`);
    response.writeHead(answers[bodies.length - 1] ?? 500, { location: '/elsewhere' }).end('x'.repeat(1000));
  });
  const url = `http://127.0.0.1:${await listen(server)}/exeat`;
  await send({ kind: 'http', url, authorities: null }, 1);
  await assert.rejects(send({ kind: 'http', url, authorities: null }, 2), /status 500/);
  await assert.rejects(send({ kind: 'http', url, authorities: null }, 3), /status 302/);
  await once(server.close(), 'close');
  assert.deepEqual(
    bodies,
    [1, 2, 3].map((size) => `POST /exeat ${noteOf(size)}`),
  );
});

test('an anchor that fails is tried again, told once, and gets the newest checkpoint', async () => {
  const { lines, logger } = collectLogs();
  let isUp = false;
  const sent: string[] = [];
  const anchor: Anchor = {
    name: 'flaky',
    send: async (note) => {
      if (!isUp) throw Object.assign(new TypeError('refused'), { code: 'ECONNREFUSED' });
      sent.push(note);
    },
  };
  const keeper = keepAnchors([anchor], { clock, logger, firstRetryMs: 5, maxRetryMs: 20 });
  keeper.publish(checkpoint(1));
  keeper.publish(checkpoint(2));
  await until(() => (keeper.status()[0]?.failures ?? 0) >= 3);
  const [down] = keeper.status();
  assert.deepEqual([down?.lastError, down?.isBehind, down?.sentCount], ['ECONNREFUSED', true, null]);
  isUp = true;
  await until(() => keeper.status()[0]?.isBehind === false);
  const [up] = keeper.status();
  assert.deepEqual([up?.lastError, up?.failures, up?.sentCount, up?.lastSuccessAtMs], [null, 0, 2, clock.now()]);
  assert.deepEqual(sent, [noteOf(2)]);
  assert.deepEqual(lines, [
    'an anchor did not take a checkpoint, it is tried again',
    'an anchor takes checkpoints again',
  ]);
  await keeper.close();
});

test('an anchor that hangs holds up neither who publishes nor the others, nor the end', async () => {
  let attempts = 0;
  const hanging: Anchor = {
    name: 'hanging',
    send: () => {
      attempts += 1;
      return new Promise(() => undefined);
    },
  };
  const sent: string[] = [];
  const other: Anchor = { name: 'other', send: async (note) => void sent.push(note) };
  const keeper: AnchorKeeper = keepAnchors([hanging, other], {
    clock,
    logger: collectLogs().logger,
    firstRetryMs: 1,
    attemptMs: 20,
  });
  for (const size of [1, 2, 3]) keeper.publish(checkpoint(size));
  await until(() => keeper.status()[0]?.lastError === 'no answer in time' && sent.at(-1) === noteOf(3));
  await sleep(50);
  assert.equal(attempts, 1, 'no second attempt is begun beside one that hangs');
  const began = performance.now();
  await keeper.close();
  assert.ok(performance.now() - began < 2_000);
});

async function listen(server: Server | ReturnType<typeof createServer>): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function until(isSo: () => boolean): Promise<void> {
  const end = performance.now() + 5_000;
  while (!isSo()) {
    assert.ok(performance.now() < end, 'in time');
    await sleep(2);
  }
}
