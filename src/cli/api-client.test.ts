import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  anaToken,
  type ControlStub,
  type Said,
  sayWith,
  startBreakingWay,
  startControlStub,
  stubException,
} from '../../test/support/control-stub.ts';
import { failed, fault, ok } from '../base/index.ts';
import { readApiAddress } from './api-address.ts';
import { exchange } from './api-exchange.ts';

let stub: ControlStub;
let folder: string;
const revokeArgs = ['exception', 'revoke', '01KB', '--reason', 'the test is done'] as const;
const keys: (string | undefined)[] = [];
const who = { person: person('ana'), scopes: ['read'] };
let isDurable = true;
let isConfirmed = true;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'exeat-cli-api-'));
  stub = await startControlStub({
    whoAmI: async () => ok({ body: who }),
    showException: async () => failed(fault('not_found', 'there is no exception `01KB`')),
    listPeople: async () => ok({ body: { items: [{ id: 'ana' }], next: null } }),
    approveException: async () => failed(fault('self_approval', 'you asked for it yourself')),
    revokeException: async ({ once }) => {
      keys.push(once?.key);
      return ok({ body: stubException({ status: 'revoked' }), isDurable, isConfirmed });
    },
  });
});
after(async () => {
  await stub?.close();
  rmSync(folder, { recursive: true, force: true });
});

const say = (token: string, ...args: readonly string[]): Promise<Said> =>
  sayWith({ EXEAT_API: stub.api, EXEAT_TOKEN: token }, ...args);

describe('a refusal ends with the exit code of its kind and is told in one line', () => {
  const rows: readonly (readonly [code: number, token: string, args: readonly string[], told: RegExp])[] = [
    [
      4,
      'stranger-token',
      ['token', 'whoami'],
      /^exeat: the token is not accepted: .*\(token_refused, request 01STUB\d+\)\n$/,
    ],
    [
      5,
      'reader-token-0000',
      revokeArgs,
      /`01KB`: the token does not carry what this needs: .*`exception:revoke`.*\(scope_missing, request /,
    ],
    [
      1,
      anaToken,
      ['exception', 'show', '01KB'],
      /^exeat: there is no such thing: there is no exception `01KB` \(not_found, request /,
    ],
    [1, anaToken, ['token', 'revoke', '01KB'], /^exeat: there is no such thing: nothing is here/],
    [
      1,
      anaToken,
      ['person', 'list'],
      /^exeat: the answer of `http:\/\/127\.0\.0\.1:\d+` is not what the contract says at `items\.0\./,
    ],
    [1, anaToken, ['exception', 'revoke', '01KB', '--reason', ''], /body\.reason: .*\(request_malformed, request /],
    [1, anaToken, ['token', 'whoami', '--api', 'ftp://127.0.0.1'], /`ftp:\/\/127\.0\.0\.1` is no address of the API/],
    [
      1,
      anaToken,
      ['token', 'whoami', '--api', 'http://127.0.0.1:1'],
      /no Exeat answers at `http:\/\/127\.0\.0\.1:1` \(ECONNREFUSED\)/,
    ],
    [64, anaToken, ['exception', 'revoke', '01KB'], /--reason/],
  ];
  for (const [code, token, args, told] of rows) {
    test(`exit code ${code}: ${told.source.slice(0, 60)}`, async () => {
      const said = await say(token, ...args);
      assert.match(said.error, told);
      assert.equal(said.code, code);
      assert.equal(said.error.trim().split('\n').length, 1, said.error);
    });
  }
});

test('an act tells its request id, and loudly when it is not written down or not confirmed yet', async () => {
  const done = await say(anaToken, ...revokeArgs);
  assert.equal(done.code, 0, done.error);
  assert.match(done.error, /^request 01STUB\d{20}\n$/);
  isDurable = false;
  const undurable = await say(anaToken, ...revokeArgs);
  isDurable = true;
  assert.equal(undurable.code, 0);
  assert.match(undurable.error, /^request 01STUB\d{20}\nexeat: IN FORCE, NOT WRITTEN DOWN YET: /);
  isConfirmed = false;
  const unconfirmed = await say(anaToken, ...revokeArgs);
  isConfirmed = true;
  assert.equal(unconfirmed.code, 0);
  assert.match(unconfirmed.error, /^request 01STUB\d{20}\nexeat: DONE, NOT CONFIRMED YET: the enforcement point /);
});

test('an act whose connection broke is sent once more, with the same key and the same body', async () => {
  keys.length = 0;
  const way = await startBreakingWay(stub.api, [1]);
  const said = await say(anaToken, ...revokeArgs, '--api', way.api);
  await way.close();
  assert.equal(said.code, 0, said.error);
  assert.equal(way.heads.length, 2);
  assert.equal(way.heads[0], way.heads[1]);
  assert.match(way.heads[0] ?? '', /\r\nidempotency-key: [0-9a-f-]{36}\r\n/i);
  assert.equal(keys.length, 1);
});

test('two acts have two keys, and a connection that breaks twice is a fault', async () => {
  keys.length = 0;
  await say(anaToken, ...revokeArgs);
  await say(anaToken, ...revokeArgs);
  assert.equal(new Set(keys).size, 2);
  const way = await startBreakingWay(stub.api, [1, 2]);
  const said = await say(anaToken, ...revokeArgs, '--api', way.api);
  await way.close();
  assert.equal(said.code, 1);
  assert.match(said.error, /closed the connection before it had answered\n$/);
  assert.equal(way.heads.length, 2);
});

test('a token never goes to another machine in clear text unless told, and to itself by any spelling', async () => {
  for (const api of [
    'http://192.0.2.7:8440',
    'http://exeat.example.com',
    'http://127.0.0.1.example.com',
    'http://[2001:db8::1]:8440',
  ]) {
    const said = await say(anaToken, 'token', 'whoami', '--api', api);
    assert.equal(said.code, 1, api);
    assert.match(said.error, /is another machine in clear text, use `https:\/\/`; `EXEAT_API_CLEARTEXT=1`/);
  }
  const port = new URL(stub.api).port;
  for (const host of ['localhost', '127.0.0.1', '127.1'])
    assert.equal((await say(anaToken, 'token', 'whoami', '--api', `http://${host}:${port}`)).code, 0, host);
});

test('where the API is: the flag, else the variable, else the configuration, and clear text only when told', () => {
  const told = (flag: string | null, env: Record<string, string>, configured: string | null): string | null => {
    const read = readApiAddress({ flag, env, configured: () => configured });
    return read?.ok === true ? read.value.href : (read?.fault.code ?? null);
  };
  const env = { EXEAT_API: 'https://two.example.com' };
  assert.equal(told('https://one.example.com/exeat/', env, null), 'https://one.example.com/exeat/');
  assert.equal(told(null, env, 'http://127.0.0.1:8440'), 'https://two.example.com/');
  assert.equal(told(null, {}, 'http://0.0.0.0:8440'), 'http://127.0.0.1:8440/');
  assert.equal(told(null, {}, 'http://[::]:8440'), 'http://[::1]:8440/');
  assert.equal(told(null, {}, null), null);
  assert.equal(told(null, {}, 'http://exeat.example.com'), 'cleartext_refused');
  assert.equal(told(null, { EXEAT_API_CLEARTEXT: '1' }, 'http://exeat.example.com'), 'http://exeat.example.com/');
  assert.equal(told(null, { EXEAT_API_CLEARTEXT: 'yes' }, 'http://exeat.example.com'), 'cleartext_refused');
});

test('a server that says nothing is left after the time of a call', async () => {
  const silent = createServer(() => undefined);
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const url = new URL(`http://127.0.0.1:${(silent.address() as AddressInfo).port}/`);
  const done = await exchange({ url, method: 'GET', headers: {}, body: null, timeoutMs: 300 });
  silent.closeAllConnections();
  silent.close();
  assert.deepEqual(done.ok ? null : done.fault.code, 'timed_out');
});

test('an address with a secret in it, or with port 0, is refused', async () => {
  for (const api of ['http://ana:secret@127.0.0.1:8440', 'http://127.0.0.1:0', 'http://127.0.0.1:8440/?token=x'])
    assert.match((await say(anaToken, 'token', 'whoami', '--api', api)).error, /is no address of the API/);
});

describe('the token', () => {
  const env = (): Record<string, string> => ({ EXEAT_API: stub.api, HOME: folder });

  test('is asked for with exit code 4 where there is none', async () => {
    const said = await sayWith({ ...env(), XDG_CONFIG_HOME: join(folder, 'none') }, 'token', 'whoami');
    assert.equal(said.code, 4);
    assert.match(said.error, /^exeat: no token: set `EXEAT_TOKEN_FILE`.*exeat token claim/);
  });

  test('is read from a file for its owner alone, and never from one that others read', async () => {
    const path = join(folder, 'token');
    writeFileSync(path, `${anaToken}\n`, { mode: 0o600 });
    assert.equal((await sayWith({ ...env(), EXEAT_TOKEN_FILE: path }, 'token', 'whoami')).code, 0);
    for (const mode of [0o640, 0o604, 0o660, 0o644]) {
      chmodSync(path, mode);
      const said = await sayWith({ ...env(), EXEAT_TOKEN_FILE: path, EXEAT_TOKEN: anaToken }, 'token', 'whoami');
      assert.equal(said.code, 4, mode.toString(8));
      assert.match(said.error, /is open to others \(6\d\d\), run `chmod 600 /);
      assert.equal(said.error.includes(anaToken), false);
    }
  });

  test('of the configuration folder is taken when no variable names one', async () => {
    mkdirSync(join(folder, '.config', 'exeat'), { recursive: true });
    writeFileSync(join(folder, '.config', 'exeat', 'token'), anaToken, { mode: 0o600 });
    assert.equal((await sayWith(env(), 'token', 'whoami')).code, 0);
    assert.equal((await sayWith({ ...env(), EXEAT_TOKEN: 'stranger-token' }, 'token', 'whoami')).code, 4);
  });

  test('that no header can carry is refused and not repeated', async () => {
    const said = await say('two words\r\nX-Evil: 1', 'token', 'whoami');
    assert.equal(said.code, 4);
    assert.equal(said.error.includes('Evil'), false);
  });
});

test('an answer that never ends is cut at its bound, and a server of something else is told', async () => {
  const other = createServer((_, response) => {
    if (!isEndless) return void response.writeHead(200).end('hello');
    response.writeHead(200, { 'content-type': 'application/json' });
    const write = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536, 32)));
    };
    response.on('drain', write);
    write();
  });
  let isEndless = true;
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const api = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
  const endless = await say(anaToken, 'token', 'whoami', '--api', api);
  isEndless = false;
  const hello = await say(anaToken, 'token', 'whoami', '--api', api);
  other.close();
  assert.match(endless.error, /answered with more than 4194304 bytes/);
  assert.match(hello.error, /is not what the contract says/);
  assert.deepEqual([endless.code, hello.code], [1, 1]);
});

test('control characters of an answer do not reach the terminal', async () => {
  const odd = await startControlStub({
    showException: async () => ok({ body: stubException({ reason: 'a\u001b[2Jb', to: 'x\u202e.example' }) }),
  });
  const said = await sayWith({ EXEAT_API: odd.api, EXEAT_TOKEN: anaToken }, 'exception', 'show', '01KB');
  await odd.close();
  assert.equal(said.code, 0, said.error);
  assert.match(said.out, /a\\u\{1b\}\[2Jb/);
  assert.match(said.out, /x\\u\{202e\}\.example/);
});

function person(id: string): Record<string, unknown> {
  const createdAt = '2026-11-28T18:00:00.000Z';
  return {
    id,
    name: 'Ana',
    roles: ['admin'],
    owns: [],
    isDisabled: false,
    createdAt,
    createdBy: 'setup',
    linkedTo: [],
  };
}
