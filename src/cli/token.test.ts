import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { anaToken, type ControlStub, type Said, sayWith, startControlStub } from '../../test/support/control-stub.ts';
import { ok } from '../base/index.ts';
import { readSetupLink } from './token-claim.ts';

let folder: string;
let stub: ControlStub;
let claims: unknown[];
const secret = 'exeat_0123456789abcdefghijklmnop';
const linkSecret = '01KB0Z2Q6W7V8X9Y0A1B2C3D4E.AbCdEf0123456789-_xyz';

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'exeat-cli-token-'));
  claims = [];
  const keep = async ({ body, params }: { body: unknown; params: unknown }): Promise<void> => {
    claims.push([body, params]);
  };
  stub = await startControlStub({
    claimSetup: async (call) => {
      await keep(call);
      return ok({ body: { person, token, secret } });
    },
    createToken: async (call) => {
      await keep(call);
      return ok({ body: { token, secret } });
    },
    listTokens: async () => ok({ body: { items: [token], next: null } }),
    createPerson: async (call) => {
      await keep(call);
      return ok({ body: person });
    },
    changePerson: async (call) => {
      await keep(call);
      return ok({ body: person });
    },
    linkPeople: async (call) => {
      await keep(call);
      return ok({ body: person });
    },
  });
});
after(async () => {
  await stub?.close();
  rmSync(folder, { recursive: true, force: true });
});

const say = (...args: readonly string[]): Promise<Said> =>
  sayWith({ EXEAT_API: stub.api, EXEAT_TOKEN: anaToken }, ...args);

test('a claimed link gives a token, alone on stdout', async () => {
  const said = await sayWith(
    { HOME: folder },
    'token',
    'claim',
    `${stub.api}/setup#${linkSecret}`,
    '--id',
    'ana',
    '--name',
    'Ana Diaz',
  );
  assert.equal(said.code, 0, said.error);
  assert.equal(said.out, `${secret}\n`);
  assert.match(said.error, /you are `ana` \(admin\); the token ends 2026-12-28T/);
  assert.deepEqual(claims.pop(), [{ secret: linkSecret, id: 'ana', name: 'Ana Diaz', breakGlassKey: null }, {}]);
});

test('a saved token goes to its file, 0600, is not shown, and is never written over', async () => {
  const env = { HOME: folder, XDG_CONFIG_HOME: join(folder, 'config') };
  const claim = ['token', 'claim', linkSecret, '--api', stub.api, '--id', 'ana', '--name', 'Ana', '--save'];
  const said = await sayWith(env, ...claim);
  assert.equal(said.code, 0, said.error);
  assert.equal(said.out, '');
  const path = join(folder, 'config', 'exeat', 'token');
  assert.equal(readFileSync(path, 'utf8'), `${secret}\n`);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  claims = [];
  const again = await sayWith(env, ...claim);
  assert.equal(again.code, 1);
  assert.match(again.error, /holds a token already/);
  assert.deepEqual(claims, [], 'the link is good once: it was not used up');
});

test('a token that cannot be saved is shown, for it is not kept anywhere', async () => {
  const env = { EXEAT_TOKEN: anaToken, EXEAT_TOKEN_FILE: '', XDG_CONFIG_HOME: '/dev/null', EXEAT_API: stub.api };
  const said = await sayWith(env, 'token', 'create', '--label', 'laptop', '--scope', 'read', '--save');
  assert.equal(said.code, 1);
  assert.equal(said.out, `${secret}\n`);
  assert.match(said.error, /cannot be written \(ENOTDIR\)/);
  assert.equal(existsSync('/dev/null/exeat'), false);
});

test('a token is made with its scopes and its life in seconds', async () => {
  const said = await say(
    'token',
    'create',
    '--person',
    'ben',
    '--label',
    'first',
    '--scope',
    'read',
    'exception:request',
    '--lasts',
    '7d',
    '-o',
    'json',
  );
  assert.equal(said.code, 0, said.error);
  assert.deepEqual(claims.pop(), [
    { person: 'ben', label: 'first', scopes: ['read', 'exception:request'], lastsSeconds: 604_800 },
    {},
  ]);
  assert.equal((JSON.parse(said.out) as { secret: string }).secret, secret);
  assert.equal((await say('token', 'create', '--label', 'x', '--scope', 'everything')).code, 64);
});

test('the list shows ends and never a secret', async () => {
  const said = await say('token', 'list');
  assert.match(said.out, /t1 +ana +first link +live +read, admin +in 30 d \(2026-12-28 19:00\) +setup/);
});

test('people are added, changed and linked with what the flags say', async () => {
  await say('person', 'add', 'ben', '--name', 'Ben Osei', '--role', 'requester', 'approver', '--owns', 'team-payments');
  await say('person', 'change', 'ben', '--owns', '');
  await say('person', 'link', 'ben', '--to', 'ben2', '--reason', 'one person');
  assert.deepEqual(claims.splice(-3), [
    [{ id: 'ben', name: 'Ben Osei', roles: ['requester', 'approver'], owns: ['team-payments'] }, {}],
    [{ owns: [] }, { id: 'ben' }],
    [{ to: 'ben2', reason: 'one person' }, { id: 'ben' }],
  ]);
  assert.equal((await say('person', 'change', 'ben')).code, 64);
});

test('a link is read whole or by its secret, and never repeated when it is wrong', () => {
  assert.deepEqual(readSetupLink(`https://exeat.example.com/setup#${linkSecret}`), {
    ok: true,
    value: { api: 'https://exeat.example.com', secret: linkSecret },
  });
  assert.deepEqual(readSetupLink(linkSecret), { ok: true, value: { api: null, secret: linkSecret } });
  const wrong = readSetupLink(`http://127.0.0.1:8440/setup#${linkSecret}!`);
  assert.equal(wrong.ok, false);
  if (!wrong.ok) assert.equal(wrong.fault.message.includes(linkSecret), false);
});

const token = {
  id: 't1',
  person: 'ana',
  label: 'first link',
  scopes: ['read', 'admin'],
  createdAt: '2026-11-28T19:00:00.000Z',
  createdBy: 'setup',
  expiresAt: '2026-12-28T19:00:00.000Z',
  isLive: true,
};

const person = {
  id: 'ana',
  name: 'Ana Diaz',
  roles: ['admin'],
  owns: [],
  isDisabled: false,
  createdAt: '2026-11-28T19:00:00.000Z',
  createdBy: 'setup',
  linkedTo: [],
};
