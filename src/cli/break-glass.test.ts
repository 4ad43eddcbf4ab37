import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  type ControlStub,
  type Said,
  sayWith,
  startControlStub,
  stubException,
} from '../../test/support/control-stub.ts';
import type { SignedDocument } from '../app/index.ts';
import { ok } from '../base/index.ts';

interface Declared {
  readonly key: string;
  readonly document: string;
  readonly signature: string;
}

let folder: string;
let stub: ControlStub;
let point: Server;
let declared: Declared[];
const asks: { readonly ask: string; readonly body: unknown }[] = [];
const nonce = 'bm9uY2Utbm9uY2Utbm9uY2U';

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'exeat-cli-bg-'));
  declared = [];
  stub = await startControlStub({
    challengeBreakGlass: async () => ok({ body: { nonce, expiresAt: '2026-11-28T19:10:00.000Z' } }),
    declareBreakGlass: async ({ body }: { body: Declared }) => {
      declared.push(body);
      return ok({ body: stubException({ kind: 'break-glass', status: 'active' }) });
    },
  });
  mkdirSync(join(folder, 'state', 'point'), { recursive: true });
  writeFileSync(join(folder, 'exeat.yaml'), 'policy: ./policy\nstate: ./state\n');
  point = await servePoint(join(folder, 'state', 'point', 'point.sock'));
});
after(async () => {
  await stub?.close();
  point?.close();
  rmSync(folder, { recursive: true, force: true });
});

const at = (name: string): string => join(folder, name);
// No token: nobody breaks glass with one.
const say = (env: Record<string, string>, ...args: readonly string[]): Promise<Said> =>
  sayWith({ EXEAT_API: stub.api, EXEAT_CONFIG: at('exeat.yaml'), HOME: folder, ...env }, 'break-glass', ...args);

async function keygen(name: string, env: Record<string, string> = {}): Promise<string> {
  const said = await say(env, 'keygen', '--out', at(name));
  assert.equal(said.code, 0, said.error);
  return said.out.trim();
}

function isSignedBy(publicKey: string, text: string, signature: string): boolean {
  const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' });
  return verify(null, Buffer.from(text), key, Buffer.from(signature, 'base64'));
}

describe('a key', () => {
  test('is made once, 0600, and its public half alone is shown', async () => {
    const publicKey = await keygen('plain.pem');
    assert.match(publicKey, /^MCowBQYDK2VwAyEA[A-Za-z0-9+/]{43}=$/);
    assert.equal(statSync(at('plain.pem')).mode & 0o777, 0o600);
    const again = await say({}, 'keygen', '--out', at('plain.pem'));
    assert.equal(again.code, 1);
    assert.match(again.error, /a key is never written over/);
  });

  test('under a passphrase is opened by its file alone', async () => {
    writeFileSync(at('passphrase'), 'correct horse\n', { mode: 0o600 });
    const env = { EXEAT_KEY_PASSPHRASE_FILE: at('passphrase') };
    await keygen('locked.pem', env);
    assert.match(readFileSync(at('locked.pem'), 'utf8'), /^-----BEGIN ENCRYPTED PRIVATE KEY-----/);
    assert.match((await openWith({}, 'locked.pem')).error, /is locked, name the file of its passphrase/);
    writeFileSync(at('wrong'), 'incorrect', { mode: 0o600 });
    assert.match(
      (await openWith({ EXEAT_KEY_PASSPHRASE_FILE: at('wrong') }, 'locked.pem')).error,
      /holds no Ed25519 key that/,
    );
    assert.equal((await openWith(env, 'locked.pem')).code, 0);
  });

  test('that others could read is refused', async () => {
    await keygen('shared.pem');
    chmodSync(at('shared.pem'), 0o640);
    assert.match((await openWith({}, 'shared.pem')).error, /key file `.*shared\.pem` is open to others \(640\)/);
  });
});

const openWith = (env: Record<string, string>, key: string): Promise<Said> =>
  say(
    env,
    'open',
    '--service',
    'payments-api',
    '--to',
    'bank.example.com:443',
    '--for',
    '30m',
    '--reason',
    'payments stand still',
    '--key',
    at(key),
    '--key-id',
    'k1',
  );

test('open signs the challenge with what is declared, as canonical JSON, and needs no token', async () => {
  const publicKey = await keygen('ana.pem');
  declared = [];
  const said = await openWith({}, 'ana.pem');
  assert.equal(said.code, 0, said.error);
  const [sent] = declared;
  assert.equal(
    sent?.document,
    `{"for":1800,"key":"k1","nonce":"${nonce}","reason":"payments stand still","service":"payments-api","to":"bank.example.com:443"}`,
  );
  assert.ok(isSignedBy(publicKey, `exeat-break-glass-v1\n${sent.document}`, sent.signature));
  assert.match(said.out, /exeat break-glass acknowledge 01KB/);
});

test('what control or the point would refuse is neither asked nor signed', async () => {
  await keygen('early.pem');
  const rows: readonly (readonly [to: string, lasts: string, told: RegExp])[] = [
    ['*.example.com:443', '30m', /is not one host and one port/],
    ['bank.example.com:443-444', '30m', /is not one host and one port/],
    ['192.0.2.0/24:443', '30m', /is not one host and one port/],
    ['bank.example.com:443', '2h', /lasts at most `1h`/],
  ];
  declared = [];
  for (const [to, lasts, told] of rows) {
    const flags = [
      '--service',
      's',
      '--to',
      to,
      '--for',
      lasts,
      '--reason',
      'r',
      '--key',
      at('early.pem'),
      '--key-id',
      'k1',
    ];
    const said = await say({}, 'open', ...flags);
    assert.equal(said.code, 1);
    assert.match(said.error, told);
    writeFileSync(at('early.json'), JSON.stringify({ pointId: 'point-7', nonce, now: 0 }));
    const signed = await say({}, 'sign', ...flags, '--document', at('none.json'), '--challenge', at('early.json'));
    assert.equal(signed.code, 1);
    assert.match(signed.error, told);
  }
  assert.deepEqual(declared, []);
  assert.equal(existsSync(at('none.json')), false);
});

test('with control down, two people sign one document that the point opens', async () => {
  const [ana, ben] = [await keygen('ana2.pem'), await keygen('ben2.pem')];
  const challenge = await say({}, 'challenge', '-o', 'json');
  assert.equal(challenge.code, 0, challenge.error);
  writeFileSync(at('challenge.json'), challenge.out);
  const sign = (...args: readonly string[]): Promise<Said> => say({}, 'sign', '--document', at('open.json'), ...args);
  const first = await sign(
    '--challenge',
    at('challenge.json'),
    '--service',
    'payments-api',
    '--to',
    'bank.example.com:443',
    '--for',
    '1h',
    '--reason',
    'control is gone',
    '--key',
    at('ana2.pem'),
    '--key-id',
    'k1',
  );
  assert.equal(first.code, 0, first.error);
  const second = await sign('--key', at('ben2.pem'), '--key-id', 'k2');
  assert.equal(second.code, 0, second.error);
  assert.match(
    second.error,
    /^signing:\nWHAT[\s\S]*bank\.example\.com:443\nfor +1h\nat most +1\.0 GiB up\nreason +control is gone\nat point +point-7/,
  );
  assert.equal((await sign('--key', at('ben2.pem'), '--key-id', 'k2')).code, 0, 'signing twice counts once');

  const signed = JSON.parse(readFileSync(at('open.json'), 'utf8')) as SignedDocument;
  assert.equal(
    signed.document,
    `{"bytesUp":1073741824,"durationMs":3600000,"kind":"exeat-break-glass","nonce":"${nonce}","point":"point-7","reason":"control is gone","service":"payments-api","to":"bank.example.com:443","v":1}`,
  );
  assert.deepEqual(
    signed.signatures.map((one) => one.key),
    ['k1', 'k2'],
  );
  assert.ok(isSignedBy(ana, signed.document, signed.signatures[0]?.signature ?? ''));
  assert.ok(isSignedBy(ben, signed.document, signed.signatures[1]?.signature ?? ''));

  const applied = await say({}, 'apply', at('open.json'), '-o', 'json');
  assert.equal(applied.code, 0, applied.error);
  assert.deepEqual(JSON.parse(applied.out), { grantId: '01KD' });
  assert.deepEqual(asks.at(-1), { ask: 'break-glass-apply', body: signed });
});

describe('a document', () => {
  const cases: readonly (readonly [name: string, text: string, told: RegExp])[] = [
    [
      'that hides a member',
      JSON.stringify({
        document: `{"bytesUp":1,"durationMs":1000,"extra":1,"kind":"exeat-break-glass","nonce":"n","point":"p","reason":"r","service":"s","to":"t","v":1}`,
        signatures: [],
      }),
      /is none that `exeat break-glass sign` writes/,
    ],
    [
      'that says a thing twice',
      JSON.stringify({
        document: `{"bytesUp":1,"durationMs":1000,"durationMs":2000,"kind":"exeat-break-glass","nonce":"n","point":"p","reason":"r","service":"s","to":"t","v":1}`,
        signatures: [],
      }),
      /is none that `exeat break-glass sign` writes/,
    ],
    ['that is no JSON', 'sign here', /is not a document of `exeat break-glass sign`/],
    ['that is too large', ' '.repeat(70_000), /is too large for/],
  ];
  for (const [name, text, told] of cases) {
    test(`${name} is neither signed nor applied`, async () => {
      await keygen(`${name}.pem`);
      writeFileSync(at('odd.json'), text);
      const signed = await say({}, 'sign', '--document', at('odd.json'), '--key', at(`${name}.pem`), '--key-id', 'k1');
      assert.equal(signed.code, 1);
      assert.match(signed.error, told);
      assert.equal((await say({}, 'apply', at('odd.json'))).code, 1);
      assert.equal(readFileSync(at('odd.json'), 'utf8'), text);
    });
  }

  test('that is there is not declared anew, and one that is not there needs all of it', async () => {
    const more = await say(
      {},
      'sign',
      '--document',
      at('open.json'),
      '--to',
      'other.example.com:443',
      '--key',
      at('ana2.pem'),
      '--key-id',
      'k1',
    );
    assert.match(more.error, /says already what is opened/);
    const less = await say(
      {},
      'sign',
      '--document',
      at('new.json'),
      '--to',
      'other.example.com:443',
      '--key',
      at('ana2.pem'),
      '--key-id',
      'k1',
    );
    assert.match(less.error, /there is no file `.*new\.json` yet: the first one gives `--challenge`/);
    assert.deepEqual([more.code, less.code], [1, 1]);
  });
});

test('without a running point the challenge says what to do', async () => {
  writeFileSync(at('other.yaml'), 'policy: ./policy\nstate: ./none\n');
  const said = await say({ EXEAT_CONFIG: at('other.yaml') }, 'challenge');
  assert.equal(said.code, 1);
  assert.match(said.error, /no running `exeat up` answers on this state/);
});

function servePoint(path: string): Promise<Server> {
  const answers: Readonly<Record<string, unknown>> = {
    'break-glass-challenge': { pointId: 'point-7', nonce, now: Date.parse('2026-11-28T19:00:00Z') },
    'break-glass-apply': { grantId: '01KD' },
  };
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', (line: Buffer) => {
      const asked = JSON.parse(line.toString('utf8')) as (typeof asks)[number];
      asks.push(asked);
      socket.write(`${JSON.stringify({ ok: true, value: answers[asked.ask] })}\n`);
    });
  });
  return new Promise((resolve) => server.listen(path, () => resolve(server)));
}
