import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ExceptionHouse, startExceptionHouse } from '../support/exception-house.ts';

// Attacks on people at a browser: pages of strangers, tokens that leaked, cookies that were kept.

let house: ExceptionHouse;

before(async () => {
  house = await startExceptionHouse();
});
after(() => house?.stop());

interface Said {
  readonly status: number;
  readonly code: string | undefined;
  readonly csrf: string;
  readonly cookie: string;
}

async function ask(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body: unknown = {},
): Promise<Said> {
  const response = await fetch(`${house.api}/api/v1${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(method === 'GET' ? {} : { body: JSON.stringify(body) }),
  });
  const read = (await response.json()) as { readonly code?: string; readonly csrf?: string };
  const [cookie = ''] = (response.headers.get('set-cookie') ?? '').split(';');
  return { status: response.status, code: read.code, csrf: read.csrf ?? '', cookie };
}

function signIn(token: string, headers: Readonly<Record<string, string>> = { origin: house.api }): Promise<Said> {
  return ask('POST', '/session', headers, { token });
}

async function signedIn(person: string): Promise<Readonly<Record<string, string>>> {
  const { status, cookie, csrf } = await signIn(house.accountOf(person).secret);
  assert.equal(status, 201);
  return { cookie, 'exeat-csrf': csrf, origin: house.api };
}

function asking(headers: Readonly<Record<string, string>>): Promise<Said> {
  return ask('POST', '/exceptions', headers, house.asking('a.example'));
}

test('a page of a stranger signs nobody in', async () => {
  const token = house.accountOf('ana').secret;
  for (const headers of [
    {},
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: house.api, 'sec-fetch-site': 'cross-site' },
  ]) {
    const { status, code, cookie } = await signIn(token, headers as Record<string, string>);
    assert.deepEqual([status, code, cookie], [403, 'origin_refused', ''], JSON.stringify(headers));
  }
});

test('a page of a stranger acts for nobody, and reads nothing', async () => {
  const own = await signedIn('ana');
  const { 'exeat-csrf': csrf = '', ...withoutCsrf } = own;
  const others = await signedIn('ben');
  for (const [attack, headers] of [
    ['no word of the page', withoutCsrf],
    ['the word of another session', { ...own, 'exeat-csrf': others['exeat-csrf'] ?? '' }],
    ['an empty word', { ...own, 'exeat-csrf': '' }],
    ['a stranger’s origin', { ...own, origin: 'https://evil.example' }],
    ['another port of the same host', { ...own, origin: 'http://127.0.0.1:1' }],
    ['another site, by fetch metadata', { ...own, 'sec-fetch-site': 'cross-site' }],
    ['a sister of the host, by fetch metadata', { ...own, 'sec-fetch-site': 'same-site' }],
  ] as const) {
    const { status, code } = await asking(headers as Record<string, string>);
    assert.deepEqual([status, code], [403, 'origin_refused'], attack);
  }
  const read = await ask('GET', '/people', { cookie: own['cookie'] ?? '', 'sec-fetch-site': 'cross-site' });
  assert.equal(read.code, 'origin_refused');
  assert.notEqual(csrf, '');
  assert.equal((await asking(own)).status, 201);
});

test('a request with a token is the token’s: a cookie beside it adds nothing', async () => {
  const dan = await signedIn('dan');
  const eve = { ...dan, authorization: `Bearer ${house.accountOf('eve').secret}` };
  assert.equal((await asking(eve)).code, 'scope_missing');
});

test('signing out, a token reset, a token revoked and a person disabled each end the session at once', async () => {
  const alive = async (headers: Readonly<Record<string, string>>): Promise<string | undefined> =>
    (await ask('GET', '/session', headers)).code;
  const out = await signedIn('cyn');
  assert.equal(await alive(out), undefined);
  assert.equal((await ask('POST', '/session/end', out)).status, 200);
  assert.equal(await alive(out), 'session_over');

  const reset = await signedIn('cyn');
  await house.call('cyn', `/tokens/${house.accountOf('cyn').tokenId}/reset`, { body: { lastsSeconds: 3_600 } });
  assert.equal(await alive(reset), 'session_over', 'whoever signed in with the secret that leaked is out');

  const revoked = await signedIn('ana');
  await house.call('ana', `/tokens/${house.accountOf('ana').tokenId}/revoke`, { body: {} });
  assert.equal(await alive(revoked), 'session_over');

  const disabled = await signedIn('ben');
  await house.call('dan', '/people/ben/disable', { body: { reason: 'left the company' } });
  assert.equal(await alive(disabled), 'session_over');
});

test('who signed in and out stands in the log, and no token or cookie in any', async () => {
  const before = await house.acts('action=session.');
  const dan = await signedIn('dan');
  await ask('POST', '/session/end', dan);
  const acts = await house.acts('action=session.');
  assert.deepEqual(
    acts.slice(0, acts.length - before.length).map(({ action, actor }) => [action, actor]),
    [
      ['session.ended', 'dan'],
      ['session.opened', 'dan'],
    ],
  );
  const log = `${house.story.product.stderr()}${JSON.stringify(acts)}`;
  for (const secret of [house.accountOf('dan').secret, dan['cookie']?.split('=')[1] ?? '', dan['exeat-csrf'] ?? '']) {
    assert.ok(secret.length > 20 && !log.includes(secret));
  }
});

test('guessing tokens at the way in ends after thirty in a minute', async () => {
  const codes: (string | undefined)[] = [];
  for (let tries = 0; tries < 32; tries += 1) codes.push((await signIn(`exeat_wrong_${tries}`)).code);
  assert.equal(codes[0], 'token_refused');
  assert.equal(codes.at(-1), 'too_many_attempts');
});

test('files of the console: nothing beside them is served, and every answer carries its policy', async () => {
  const get = (path: string): Promise<Response> => fetch(`${house.api}${path}`);
  const page = await get('/exceptions');
  const policy = page.headers.get('content-security-policy') ?? '';
  assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self'/);
  assert.ok(!policy.includes('unsafe'));
  assert.equal(page.headers.get('cache-control'), 'no-cache');
  const again = await fetch(`${house.api}/`, { headers: { 'if-none-match': page.headers.get('etag') ?? '' } });
  assert.equal(again.status, 304);
  const asset = /src="(\/assets\/[^"]+\.js)"/.exec(await page.text())?.[1] ?? '';
  const script = await fetch(`${house.api}${asset}`, { headers: { 'accept-encoding': 'br' } });
  assert.equal(script.headers.get('cache-control'), 'public, max-age=31536000, immutable');
  assert.equal(script.headers.get('content-encoding'), 'br');
  for (const path of ['/assets/none.js', '/assets/..%2f..%2fpackage.json', '/api', '/api/v1/none', '/api/none']) {
    assert.equal((await get(path)).status, 404, path);
  }
  assert.match(await (await get('/..%2f..%2f..%2fetc/passwd')).text(), /^<!doctype html>/i);
});
