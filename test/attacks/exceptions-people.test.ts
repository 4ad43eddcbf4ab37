import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ExceptionAnswer } from '../../src/api/contract/index.ts';
import { type ApiAnswer, assertRefused, type ExceptionHouse, startExceptionHouse } from '../support/exception-house.ts';

// Attacks on "somebody else decides": one person who plays two, and tokens that are not what they claim.

let house: ExceptionHouse;

before(async () => {
  house = await startExceptionHouse({
    people: [
      { id: 'ana', roles: ['requester', 'approver'] },
      { id: 'ben', roles: ['approver'] },
      { id: 'eve', roles: ['auditor', 'security'] },
      // Admins who ask or approve themselves: whoever can make people is the one to watch.
      { id: 'max', roles: ['admin', 'requester'] },
      { id: 'mia', roles: ['admin', 'approver'] },
      { id: 'moe', roles: ['admin', 'requester', 'approver'] },
      { id: 'ned', roles: ['requester', 'approver'] },
      { id: 'pat', roles: ['requester'] },
      { id: 'pit', roles: ['approver'] },
      { id: 'gus', roles: ['requester'] },
    ],
  });
});
after(() => house?.stop());

/** Has an admin make a person with a token; gives the secret. */
async function mint(admin: string, id: string, roles: readonly string[], scopes: readonly string[]): Promise<string> {
  const made = await house.call(admin, '/people', { body: { id, name: `Person ${id}`, roles } });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  return mintToken(admin, id, scopes);
}

async function mintToken(admin: string, person: string, scopes: readonly string[]): Promise<string> {
  const made = await house.call<{ readonly secret: string }>(admin, '/tokens', {
    body: { person, label: 'second', scopes },
  });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  return made.body.secret;
}

async function approveAs(secret: string, id: string): Promise<ApiAnswer<ExceptionAnswer>> {
  return house.approve(secret, id);
}

const requesting = ['read', 'exception:request'];
const approving = ['read', 'exception:approve'];

describe('self-approval', () => {
  test('of what one asked for', async () => {
    const { id } = await house.request('ana', 'self.example');
    await assertRefused(house, () => approveAs('ana', id), { status: 403, code: 'self_approval', by: 'ana' });
    assert.equal((await house.show(id)).status, 'pending');
  });

  test('of what somebody else asked for one’s benefit', async () => {
    const { id } = await house.request('pat', 'benefit.example', { beneficiary: 'ned' });
    await assertRefused(house, () => approveAs('ned', id), { status: 403, code: 'self_approval', by: 'ned' });
  });
});

describe('minted second person', () => {
  test('an admin who asks makes an approver', async () => {
    const { id } = await house.request('max', 'minted-approver.example');
    const second = await mint('max', 'max-two', ['approver'], approving);
    await assertRefused(house, () => approveAs(second, id), { status: 403, code: 'self_approval', by: 'max-two' });
  });

  test('an admin who approves makes somebody who asks', async () => {
    const second = await mint('mia', 'mia-two', ['requester'], requesting);
    const { id } = await house.request(second, 'minted-requester.example');
    await assertRefused(house, () => approveAs('mia', id), { status: 403, code: 'self_approval', by: 'mia' });
  });

  test('two minted people approve for each other', async () => {
    const one = await mint('moe', 'moe-two', ['requester'], requesting);
    const two = await mint('moe', 'moe-three', ['approver'], approving);
    const { id } = await house.request(one, 'minted-both.example');
    await assertRefused(house, () => approveAs(two, id), { status: 403, code: 'self_approval', by: 'moe-three' });
  });

  test('link chain: a minted admin mints the approver', async () => {
    const { id } = await house.request('max', 'chain.example');
    const admin = await mint('max', 'chain-admin', ['admin'], ['read', 'people:write', 'token:write']);
    const second = await mint(admin, 'chain-approver', ['approver'], approving);
    await assertRefused(house, () => approveAs(second, id), {
      status: 403,
      code: 'self_approval',
      by: 'chain-approver',
    });
    const shown = await house.call<{ readonly linkedTo: readonly string[] }>(second, '/me');
    assert.equal(shown.status, 200);
  });

  test('what links a minted account cannot be unsaid by who gains by it', async () => {
    await assertRefused(
      house,
      () => house.call('max', '/people/max-two/unlink', { body: { to: 'max', reason: 'we are two people' } }),
      { status: 409, code: 'not_linked', by: 'max' },
    );
  });
});

test('reset token: an admin takes over the token of an approver who was there before', async () => {
  const { id } = await house.request('max', 'reset.example');
  const { tokenId } = house.accountOf('pit');
  const reset = await house.call<{ readonly secret: string }>('max', `/tokens/${tokenId}/reset`, { body: {} });
  assert.equal(reset.status, 200, JSON.stringify(reset.body));
  assert.equal((await house.call('pit', '/me')).code, 'token_refused');
  await assertRefused(house, () => approveAs(reset.body.secret, id), {
    status: 403,
    code: 'self_approval',
    by: 'pit',
  });
});

test('new token: an admin makes a second token of an approver who was there before', async () => {
  const { id } = await house.request('moe', 'token.example');
  const secret = await mintToken('moe', 'ben', approving);
  await assertRefused(house, () => approveAs(secret, id), { status: 403, code: 'self_approval', by: 'ben' });
});

describe('scope escalation', () => {
  test('a token makes another one that carries more than itself', async () => {
    const narrow = await house.call<{ readonly secret: string }>('ned', '/tokens', {
      body: { person: null, label: 'narrow', scopes: ['read'] },
    });
    assert.equal(narrow.status, 201, JSON.stringify(narrow.body));
    await assertRefused(
      house,
      () =>
        house.call(narrow.body.secret, '/tokens', {
          body: { person: null, label: 'wide', scopes: ['read', 'exception:approve'] },
        }),
      { status: 403, code: 'token_cannot', by: 'ned' },
    );
    await assertRefused(
      house,
      () => house.call(narrow.body.secret, `/tokens/${house.accountOf('ned').tokenId}/reset`, { body: {} }),
      { status: 403, code: 'token_cannot', by: 'ned' },
    );
    await assertRefused(
      house,
      () => house.call(narrow.body.secret, '/exceptions', { body: house.asking('a.example') }),
      {
        status: 403,
        code: 'scope_missing',
        by: 'ned',
      },
    );
  });

  test('a person makes a token with a scope that no role of theirs carries, or for somebody else', async () => {
    for (const [as, body, code] of [
      ['pat', { person: null, label: 'up', scopes: ['people:write'] }, 'token_cannot'],
      ['pat', { person: 'ben', label: 'other', scopes: ['exception:approve'] }, 'token_cannot'],
      ['max', { person: null, label: 'up', scopes: ['exception:approve'] }, 'scope_over_roles'],
    ] as const) {
      const status = code === 'token_cannot' ? 403 : 422;
      await assertRefused(house, () => house.call(as, '/tokens', { body }), { status, code, by: as });
    }
  });

  test('a requester makes people, or gives themselves a role', async () => {
    for (const [path, body] of [
      ['/people', { id: 'gus-two', name: 'Gus', roles: ['approver'] }],
      ['/people/gus/change', { roles: ['admin'] }],
    ] as const) {
      await assertRefused(house, () => house.call('gus', path, { body }), {
        status: 403,
        code: 'scope_missing',
        by: 'gus',
      });
    }
  });
});

describe('a token that is none', () => {
  test('expired', async () => {
    const short = await house.call<{ readonly secret: string }>('pat', '/tokens', {
      body: { person: null, label: 'short', scopes: ['read'], lastsSeconds: 1 },
    });
    assert.equal((await house.call(short.body.secret, '/me')).status, 200);
    await new Promise((resolve) => setTimeout(resolve, 1_050));
    const late = await house.call(short.body.secret, '/me');
    assert.deepEqual([late.status, late.code], [401, 'token_refused']);
  });

  test('revoked, of a disabled person, of another house, misspelled, missing: all are told the same', async () => {
    const revoked = await house.call<{ readonly secret: string; readonly token: { readonly id: string } }>(
      'gus',
      '/tokens',
      { body: { person: null, label: 'gone', scopes: ['read', 'exception:request'] } },
    );
    await house.call('gus', `/tokens/${revoked.body.token.id}/revoke`, { body: {} });
    await house.call('mia', '/people/gus/disable', { body: { reason: 'left the company' } });
    const own = house.accountOf('pat').secret;
    const foreign = `exeat_${'0'.repeat(26)}_${own.slice(-43)}`;
    const swapped = own.slice(0, -43) + house.accountOf('ben').secret.slice(-43);
    const details = [];
    for (const secret of [revoked.body.secret, 'gus', foreign, swapped, own.slice(0, -1), `${own}x`]) {
      const answer = await house.call(secret, '/exceptions', { body: house.asking('none.example') });
      assert.deepEqual([answer.status, answer.code], [401, 'token_refused']);
      assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer /);
      details.push(answer.body['detail']);
    }
    assert.equal(new Set(details).size, 1);
    const missing = await house.call(null, '/exceptions', { body: house.asking('none.example') });
    assert.deepEqual([missing.status, missing.code], [401, 'token_missing']);
    assert.equal((await house.acts('action=exception.submitted&actor=gus')).length, 0);
  });
});

test('the last admin cannot be disabled, so nobody is left alone with what stands', async () => {
  for (const admin of ['chain-admin', 'max', 'mia', 'moe']) {
    const done = await house.call('root', `/people/${admin}/disable`, { body: { reason: 'left the company' } });
    assert.equal(done.status, 200, JSON.stringify(done.body));
  }
  await assertRefused(house, () => house.call('root', '/people/root/disable', { body: { reason: 'left as well' } }), {
    status: 409,
    code: 'last_admin',
    by: 'root',
  });
});
