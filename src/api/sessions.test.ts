import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FastifyRequest } from 'fastify';
import { failed, fault, ok } from '../base/index.ts';
import { createAttempts } from './attempts.ts';
import { authenticate } from './authenticate.ts';
import type { Caller } from './call.ts';
import { isFromOwnPage, type RequestOrigin } from './own-page.ts';
import { readSessionCookie, sessionCookie } from './session-cookie.ts';
import { createSessions, idleMs, isSameText, longestMs } from './sessions.ts';

const ana = { person: 'ana', credential: 'T1', seal: 'S1' };

test('a session lives while it is used, not for ever, and not when only a stream goes on', () => {
  const sessions = createSessions();
  const { text, session } = sessions.open(ana, 0);
  assert.equal(sessions.find(text, idleMs - 1, false)?.key, session.key);
  assert.equal(sessions.find(text, idleMs, false), null, 'a look that is no use does not keep it');
  assert.equal(sessions.find(text, 0, true), null, 'what is over stays over');

  const busy = sessions.open(ana, 0).text;
  let nowMs = 0;
  for (; nowMs < longestMs - idleMs; nowMs += idleMs - 1) assert.ok(sessions.find(busy, nowMs, true));
  assert.ok(sessions.find(busy, longestMs - 1, true) === null || nowMs < longestMs);
  assert.equal(sessions.find(busy, longestMs, true), null);
});

test('nobody crowds out others: the oldest of a person goes, then the one that was quiet longest', () => {
  const sessions = createSessions();
  const bens = sessions.open({ ...ana, person: 'ben' }, 0).text;
  const own = Array.from({ length: 12 }, (_, at) => sessions.open(ana, at).text);
  assert.deepEqual(
    own.map((text) => sessions.find(text, 20, false) !== null),
    own.map((_, at) => at >= 2),
  );
  assert.ok(sessions.find(bens, 20, true));
  for (let each = 0; each < 1_100; each += 1) sessions.open({ ...ana, person: `person-${each}` }, 30);
  assert.equal(sessions.find(bens, 40, false), null);
});

test('a cookie is read as it was set, among others, and nothing else is', () => {
  const { text } = createSessions().open(ana, 0);
  const [pair = ''] = sessionCookie(text).split(';');
  assert.equal(readSessionCookie(`a=b; ${pair}; c=d`), text);
  assert.equal(readSessionCookie(`x${pair}`), null);
  assert.equal(readSessionCookie(`${pair}x`), null);
  assert.equal(readSessionCookie(undefined), null);
  assert.match(sessionCookie(text), /^__Host-exeat=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Strict$/);
});

test('only pages of ours are taken for ours', () => {
  const read: RequestOrigin = {
    method: 'GET',
    host: 'exeat.example.com',
    origin: undefined,
    fetchSite: 'same-origin',
    isTls: true,
  };
  const act: RequestOrigin = { ...read, method: 'POST', origin: 'https://exeat.example.com' };
  const rows: readonly (readonly [boolean, RequestOrigin])[] = [
    [true, read],
    [true, { ...read, fetchSite: 'none' }],
    [true, { ...read, fetchSite: undefined }],
    [false, { ...read, fetchSite: 'cross-site' }],
    [false, { ...read, fetchSite: 'same-site' }],
    [false, { ...read, origin: 'https://evil.example' }],
    [true, act],
    [false, { ...act, origin: undefined }],
    [false, { ...act, origin: 'null' }],
    [false, { ...act, origin: 'http://exeat.example.com' }],
    [false, { ...act, origin: 'https://exeat.example.com.evil.example' }],
    [false, { ...act, origin: 'https://exeat.example.com:8443' }],
    [false, { ...act, fetchSite: 'cross-site' }],
    [true, { ...act, isTls: false, host: '127.0.0.1:8440', origin: 'http://127.0.0.1:8440' }],
    [true, { ...act, isTls: false }],
  ];
  for (const [isOwn, request] of rows) assert.equal(isFromOwnPage(request), isOwn, JSON.stringify(request));
});

test('texts are compared whole', () => {
  assert.ok(isSameText('abc', 'abc'));
  assert.ok(!isSameText('abc', 'abcd'));
  assert.ok(!isSameText('', 'a'));
});

test('a page that renews itself does not keep a session; somebody who is there does', async () => {
  const caller: Caller = {
    actor: { kind: 'person', id: 'ana', via: 'token', credential: 'T1' },
    person: 'ana',
    scopes: ['read'],
    seal: 'S1',
  };
  let nowMs = 0;
  const sessions = createSessions();
  const { text } = sessions.open(ana, 0);
  const read = async (headers: Readonly<Record<string, string>>): Promise<boolean> => {
    const cookie = sessionCookie(text).split(';', 1)[0];
    const request = { method: 'GET', ip: '127.0.0.1', headers: { host: 'x', cookie, ...headers } };
    const answer = await authenticate({
      options: {
        authenticate: async () => failed(fault('token_refused', 'no tokens here')),
        recall: () => ok(caller),
        clock: { now: () => nowMs },
        tls: null,
      },
      endpoint: { scopes: ['read'] },
      attempts: createAttempts(),
      sessions,
      request: request as unknown as FastifyRequest,
    });
    return answer.ok;
  };
  nowMs = idleMs - 1;
  assert.ok(await read({ 'exeat-active': '1' }));
  nowMs += idleMs - 1;
  assert.ok(await read({}), 'still there');
  nowMs += 1;
  assert.ok(!(await read({})), 'the renewal before did not count');
});
