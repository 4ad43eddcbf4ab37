import assert from 'node:assert/strict';
import { createHash, sign } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import type {
  ConfirmationBody,
  ConfirmChallenge,
  ExceptionAnswer,
  PasskeyAnswer,
  PasskeyOffer,
} from '../../src/api/contract/index.ts';
import { type ApiAnswer, type ExceptionHouse, startExceptionHouse } from '../support/exception-house.ts';
import { makeSoftPasskey, type PageOfPasskey, type SoftPasskey } from '../support/soft-passkey.ts';

// Attacks on confirmations: proofs of something else, of somebody else, from elsewhere, twice, too late. Every tier of this house is strict.

const origin = 'https://exeat.example.com';
const rpId = 'exeat.example.com';
const strict = `apiVersion: exeat/v1
owner: team-security
tiers: { low: { confirm: registered }, medium: { confirm: registered }, high: { confirm: registered } }
`;

let house: ExceptionHouse;
let bens: Held;
let cyns: Held;

interface Held {
  readonly soft: SoftPasskey;
  readonly id: string;
}

before(async () => {
  house = await startExceptionHouse({
    people: [
      { id: 'ana', roles: ['requester'] },
      { id: 'ben', roles: ['approver'], hasKey: true },
      { id: 'cyn', roles: ['security'] },
      { id: 'dan', roles: ['admin', 'requester', 'approver'] },
      { id: 'eve', roles: ['auditor'] },
    ],
    policy: { 'tiers.yaml': strict },
    config: { console: { url: origin } },
  });
  [bens, cyns] = [await register('ben'), await register('cyn')];
});
after(() => house?.stop());

async function offer(person: string): Promise<PasskeyOffer> {
  const offered = await house.call<PasskeyOffer>(person, '/passkeys/challenge', { body: {} });
  assert.equal(offered.status, 201, JSON.stringify(offered.body));
  return offered.body;
}

async function register(person: string, soft = makeSoftPasskey()): Promise<Held> {
  const { challenge } = await offer(person);
  const credential = soft.create({ challenge, origin, rpId });
  const made = await house.call<PasskeyAnswer>(person, '/passkeys', {
    body: { name: 'laptop', challenge, credential },
  });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  return { soft, id: made.body.id };
}

const ask = async (host = 'a.example'): Promise<ExceptionAnswer> => house.request('ana', host);

interface Asked {
  readonly act: string;
  readonly id: string;
  readonly body: Readonly<Record<string, unknown>>;
}

const approvalOf = ({ id, digest }: ExceptionAnswer, body: object = {}): Asked => ({
  act: 'approveException',
  id,
  body: { digest, ...body },
});

async function challengeOf(person: string, asked: Asked): Promise<ConfirmChallenge> {
  const offered = await house.call<ConfirmChallenge>(person, '/confirmations', { body: asked });
  assert.equal(offered.status, 201, JSON.stringify(offered.body));
  return offered.body;
}

async function confirm(
  person: string,
  { soft, id }: Held,
  asked: Asked,
  page: Partial<PageOfPasskey> = {},
): Promise<ConfirmationBody> {
  const { nonce, challenge } = await challengeOf(person, asked);
  return { nonce, passkey: id, assertion: soft.sign({ challenge, origin, rpId, ...page }) };
}

function approve(
  person: string,
  asked: Asked,
  confirmation: ConfirmationBody | undefined,
): Promise<ApiAnswer<ExceptionAnswer>> {
  return house.call(person, `/exceptions/${asked.id}/approve`, { body: { ...asked.body, confirmation } });
}

async function assertRefused(what: string, sent: Promise<ApiAnswer<ExceptionAnswer>>, code: string): Promise<void> {
  const { status, code: told } = await sent;
  assert.deepEqual([status, told], [403, code], what);
}

describe('an approval with a passkey', () => {
  test('is taken, stands in the log with the passkey and its count, and nothing less is', async () => {
    const asked = await ask();
    await assertRefused('nothing', approve('ben', approvalOf(asked), undefined), 'confirmation_missing');
    const done = await approve('ben', approvalOf(asked), await confirm('ben', bens, approvalOf(asked)));
    assert.deepEqual([done.status, done.body.status], [200, 'active'], JSON.stringify(done.body));
    assert.deepEqual(
      done.body.decisions.map(({ confirmedBy }) => confirmedBy),
      ['passkey'],
    );
    const [used] = await house.acts(`subject=passkey/${bens.id}&limit=1`);
    assert.deepEqual(
      [used?.action, used?.actor, used?.details],
      ['passkey.used', 'ben', { for: `exception/${asked.id}`, signCount: bens.soft.signCount }],
    );
    const refused = await house.acts(`subject=refused/exception/${asked.id}`);
    assert.deepEqual(
      refused.map(({ details }) => details['code']),
      ['confirmation_missing'],
    );
  });

  test('what was narrowed, noted and looked at is part of it', async () => {
    const asked = await ask();
    const narrow = { durationSeconds: 30 };
    const meant = approvalOf(asked, { narrow, reason: 'half of it' });
    for (const [what, sent] of [
      ['the whole instead of less', approvalOf(asked, { reason: 'half of it' })],
      ['more than was confirmed', approvalOf(asked, { narrow: { durationSeconds: 60 }, reason: 'half of it' })],
      ['another reason', approvalOf(asked, { narrow, reason: 'all of it' })],
      ['another policy', { ...meant, body: { ...meant.body, policyVersion: 'sha256:00' } }],
    ] as const) {
      const confirmation = await confirm('ben', bens, meant);
      const { code } = await approve('ben', sent, confirmation);
      assert.ok(code === 'confirmation_refused' || code === 'policy_changed', `${what}: ${code}`);
    }
    const done = await approve('ben', meant, await confirm('ben', bens, meant));
    assert.deepEqual([done.status, done.body.durationSeconds], [200, 30]);
  });

  test('ATTACK: an assertion for one act confirms no other', async () => {
    const [one, other] = [await ask('one.example'), await ask('other.example')];
    const confirmation = await confirm('ben', bens, approvalOf(one));
    await assertRefused('another exception', approve('ben', approvalOf(other), confirmation), 'confirmation_refused');
    await house.call('ana', `/exceptions/${one.id}/edit`, { body: house.asking('wider.example') });
    const before = await confirm('ben', bens, approvalOf(one));
    const now = approvalOf(await house.show(one.id));
    await assertRefused('another revision', approve('ben', now, before), 'confirmation_refused');
    const registering = await confirm('ben', bens, { act: 'removePasskey', id: other.id, body: {} });
    await assertRefused('another kind of act', approve('ben', approvalOf(other), registering), 'confirmation_refused');
    assert.equal((await house.show(other.id)).status, 'pending');
  });

  test('ATTACK: an assertion counts once, also where two come at once', async () => {
    const asked = await ask('twice.example');
    const confirmation = await confirm('ben', bens, approvalOf(asked));
    const said = await Promise.all([1, 2, 3].map(() => approve('ben', approvalOf(asked), confirmation)));
    assert.deepEqual(said.map(({ status }) => status).sort(), [200, 409, 409]);
    const [, used] = await house.acts(`subject=passkey/${bens.id}&limit=2`);
    assert.notEqual(used?.details['for'], `exception/${asked.id}`, 'it was used once');
    await house.call('ana', `/exceptions/${asked.id}/revoke`, { body: { reason: 'it was a test' } });
    assert.equal((await approve('ben', approvalOf(asked), confirmation)).code, 'not_pending');
    const next = await ask('twice.example');
    await assertRefused('a replay elsewhere', approve('ben', approvalOf(next), confirmation), 'confirmation_refused');
  });

  test('ATTACK: nobody confirms with the passkey, the key or the challenge of somebody else', async () => {
    const asked = await ask('theirs.example');
    const what = approvalOf(asked);
    await assertRefused(
      'their passkey',
      approve('ben', what, await confirm('ben', cyns, what)),
      'confirmation_refused',
    );
    const named = { ...(await confirm('ben', cyns, what)), passkey: bens.id };
    await assertRefused('their passkey as mine', approve('ben', what, named), 'confirmation_refused');
    const theirs = await confirm('cyn', bens, what);
    await assertRefused('a challenge of theirs', approve('ben', what, theirs), 'confirmation_refused');
    const key = house.accountOf('ben').key;
    const { nonce, document } = await challengeOf('cyn', what);
    const signature = sign(null, Buffer.from(`exeat-confirm-v1\n${document}`), key?.privateKey ?? '').toString(
      'base64',
    );
    await assertRefused(
      'their key',
      approve('cyn', what, { nonce, key: key?.id ?? '', signature }),
      'confirmation_refused',
    );
    const bare = sign(null, Buffer.from(document), key?.privateKey ?? '').toString('base64');
    const own = await challengeOf('ben', what);
    const unsaid = { nonce: own.nonce, key: key?.id ?? '', signature: bare };
    await assertRefused('a key over something else', approve('ben', what, unsaid), 'confirmation_refused');
  });

  test('ATTACK: another page, another kind of signature, nobody verified, and bits that were turned are refused', async () => {
    const asked = await ask('elsewhere.example');
    const what = approvalOf(asked);
    for (const [attack, page] of [
      ['another origin', { origin: 'https://exeat.example.com.evil.example' }],
      ['another port', { origin: `${origin}:8443` }],
      ['clear text', { origin: 'http://exeat.example.com' }],
      ['another relying party', { rpId: 'evil.example' }],
      ['a frame of somebody else', { crossOrigin: true }],
      ['nobody verified', { isVerified: false }],
      ['a registration', { type: 'webauthn.create' }],
      ['another challenge', { challenge: 'AAAA' }],
    ] as const) {
      await assertRefused(attack, approve('ben', what, await confirm('ben', bens, what, page)), 'confirmation_refused');
    }
    const good = await confirm('ben', bens, what);
    assert.ok('assertion' in good);
    const turned = Buffer.from(good.assertion.authenticatorData, 'base64url');
    turned.writeUInt32BE(0xff_ff_ff_ff, 33);
    const forged = { ...good, assertion: { ...good.assertion, authenticatorData: turned.toString('base64url') } };
    await assertRefused('a count that was written over', approve('ben', what, forged), 'confirmation_refused');
    const [last] = await house.acts('action=passkey.used&limit=1');
    const ahead = bens.soft.signCount;
    bens.soft.signCount = Number(last?.details['signCount']) - 1;
    await assertRefused('a copy', approve('ben', what, await confirm('ben', bens, what)), 'passkey_cloned');
    bens.soft.signCount = ahead;
    const done = await approve('ben', what, await confirm('ben', bens, what));
    assert.equal(done.status, 200, JSON.stringify(done.body));
    // How many refusals of one person are noted is bounded.
    const noted = await house.acts(`subject=refused/exception/${asked.id}&limit=1`);
    assert.equal(noted.length, 1);
  });

  test('an enrolled key confirms as well: that is how the command line does', async () => {
    const asked = await ask('cli.example');
    const what = approvalOf(asked);
    const { nonce, document, challenge } = await challengeOf('ben', what);
    const text = `exeat-confirm-v1\n${document}`;
    assert.equal(createHash('sha256').update(text).digest('base64url'), challenge);
    const { id = '', privateKey } = house.accountOf('ben').key ?? {};
    const signature = sign(null, Buffer.from(text), privateKey ?? '').toString('base64');
    const done = await approve('ben', what, { nonce, key: id, signature });
    assert.deepEqual([done.status, done.body.decisions[0]?.confirmedBy], [200, 'key'], JSON.stringify(done.body));
  });

  test('a challenge is given for acts as they would be taken, and holds no proof and no token', async () => {
    const bad = await house.call('ben', '/confirmations', {
      body: { act: 'approveException', id: 'x', body: { more: 1 } },
    });
    assert.deepEqual([bad.status, bad.code], [400, 'request_malformed']);
    const none = await house.call('ben', '/confirmations', { body: { act: 'revokeException', id: 'x', body: {} } });
    assert.equal(none.status, 400);
    const eve = await house.call('eve', '/confirmations', { body: { act: 'removePasskey', id: 'x', body: {} } });
    assert.deepEqual([eve.status, eve.code], [403, 'scope_missing']);
    const { secret } = house.accountOf('ben');
    const { document } = await challengeOf('ben', { act: 'removePasskey', id: bens.id, body: { token: secret } });
    assert.ok(!document.includes(secret));
    const asked = approvalOf(await ask('many.example'));
    const first = await confirm('ben', bens, asked);
    const of = { act: 'removePasskey', id: 'x', body: {} };
    await Promise.all(Array.from({ length: 20 }, () => challengeOf('ben', of)));
    await assertRefused('the first of many', approve('ben', asked, first), 'confirmation_refused');
  });
});

describe('registering and removing', () => {
  test('ATTACK: a passkey that was made elsewhere, for somebody else or twice is not registered', async () => {
    const soft = makeSoftPasskey();
    const send = (as: string, challenge: string, page: Partial<PageOfPasskey> = {}): Promise<ApiAnswer> =>
      house.call(as, '/passkeys', {
        body: { name: 'phone', challenge, credential: soft.create({ challenge, origin, rpId, ...page }) },
      });
    const { challenge: annas } = await offer('ana');
    assert.equal((await send('dan', annas)).code, 'passkey_refused', 'a challenge of somebody else');
    for (const page of [
      { origin: 'https://evil.example' },
      { rpId: 'evil.example' },
      { isVerified: false },
      { type: 'webauthn.get' },
      { challenge: 'AAAA' },
    ]) {
      const { challenge } = await offer('dan');
      assert.equal((await send('dan', challenge, page)).code, 'passkey_refused', JSON.stringify(page));
    }
    const { challenge } = await offer('dan');
    assert.equal((await send('dan', challenge)).status, 201);
    assert.equal((await send('dan', challenge)).code, 'passkey_refused', 'once');
    const { challenge: other } = await offer('ana');
    assert.equal((await send('ana', other)).code, 'passkey_exists', 'the passkey of somebody else');
  });

  test('ATTACK: a token that leaked adds none beside one that is there; the one that is there does', async () => {
    const { challenge } = await offer('cyn');
    const credential = makeSoftPasskey().create({ challenge, origin, rpId });
    const body = { name: 'second', challenge, credential };
    const alone = await house.call('cyn', '/passkeys', { body });
    assert.deepEqual([alone.status, alone.code], [403, 'confirmation_missing']);
    const again = await offer('cyn');
    const soft = makeSoftPasskey();
    const made = {
      name: 'second',
      challenge: again.challenge,
      credential: soft.create({ challenge: again.challenge, origin, rpId }),
    };
    const confirmation = await confirm('cyn', cyns, { act: 'registerPasskey', id: '', body: made });
    const swapped = {
      ...made,
      credential: makeSoftPasskey().create({ challenge: again.challenge, origin, rpId }),
      confirmation,
    };
    assert.equal(
      (await house.call('cyn', '/passkeys', { body: swapped })).code,
      'confirmation_refused',
      'another one than was confirmed',
    );
    const last = await offer('cyn');
    const meant = {
      ...made,
      challenge: last.challenge,
      credential: soft.create({ challenge: last.challenge, origin, rpId }),
    };
    const proof = await confirm('cyn', cyns, { act: 'registerPasskey', id: '', body: meant });
    const done = await house.call<PasskeyAnswer>('cyn', '/passkeys', { body: { ...meant, confirmation: proof } });
    assert.equal(done.status, 201, JSON.stringify(done.body));
    const removing: Asked = { act: 'removePasskey', id: done.body.id, body: {} };
    const removed = await house.call('cyn', `/passkeys/${done.body.id}/remove`, {
      body: { confirmation: await confirm('cyn', cyns, removing) },
    });
    assert.equal(removed.status, 200, JSON.stringify(removed.body));
  });

  test('the last one is not removed by a session without the token', async () => {
    const opened = await fetch(`${house.api}/api/v1/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: house.api },
      body: JSON.stringify({ token: house.accountOf('cyn').secret }),
    });
    const { csrf } = (await opened.json()) as { readonly csrf: string };
    const [cookie = ''] = (opened.headers.get('set-cookie') ?? '').split(';');
    const remove = async (body: object): Promise<string | undefined> => {
      const response = await fetch(`${house.api}/api/v1/passkeys/${cyns.id}/remove`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin: house.api, cookie, 'exeat-csrf': csrf },
        body: JSON.stringify(body),
      });
      return ((await response.json()) as { readonly code?: string }).code;
    };
    assert.equal(await remove({}), 'confirmation_missing');
    const confirmation = await confirm('cyn', cyns, { act: 'removePasskey', id: cyns.id, body: {} });
    assert.equal(await remove({ confirmation }), 'confirmation_missing', 'not even with the passkey');
    assert.equal(
      await remove({ token: house.accountOf('ana').secret }),
      'confirmation_refused',
      'a token of somebody else',
    );
    assert.equal(await remove({ token: 'exeat_wrong' }), 'confirmation_refused');
    assert.equal(await remove({ token: house.accountOf('cyn').secret }), undefined);
    const acts = await house.acts(`subject=passkey/${cyns.id}&limit=1`);
    assert.deepEqual([acts[0]?.action, acts[0]?.details], ['passkey.removed', { how: 'token' }]);
    const log = JSON.stringify(await house.acts('limit=200'));
    assert.ok(!log.includes(house.accountOf('cyn').secret));
  });
});

describe('break-glass with a passkey', () => {
  async function declare(
    changes: { readonly key?: string; readonly signed?: object } = {},
  ): Promise<ApiAnswer<ExceptionAnswer>> {
    const key = changes.key ?? bens.id;
    const asked = await house.call<{ readonly nonce: string }>(null, '/break-glass/challenge', { body: { key } });
    const fields = {
      for: 60,
      key,
      nonce: asked.body.nonce,
      reason: 'payments stand still',
      service: 'story',
      to: house.to('fire.example'),
    };
    const document = JSON.stringify(fields);
    const signed = JSON.stringify({ ...fields, ...changes.signed });
    const challenge = createHash('sha256').update(`exeat-break-glass-v1\n${signed}`).digest('base64url');
    const assertion = bens.soft.sign({ challenge, origin, rpId });
    return house.call(null, '/break-glass', { body: { key, document, assertion } });
  }

  test('takes one that an admin enrolled; the declaration is what it signs', async () => {
    assert.equal((await declare()).code, 'break_glass_not_enrolled');
    assert.equal((await house.call('ben', `/passkeys/${bens.id}/enrol`, { body: {} })).code, 'scope_missing');
    assert.equal((await house.call('dan', `/passkeys/${bens.id}/enrol`, { body: {} })).status, 200);
    assert.equal((await declare({ signed: { to: 'other.example:443' } })).code, 'break_glass_not_enrolled');
    assert.equal((await declare({ key: cyns.id })).code, 'break_glass_not_enrolled');
    const done = await declare();
    assert.deepEqual(
      [done.status, done.body.kind, done.body.requester],
      [201, 'break-glass', 'ben'],
      JSON.stringify(done.body),
    );
    const [declared] = await house.acts(`subject=exception/${done.body.id}`);
    assert.deepEqual([declared?.action, declared?.actor], ['exception.declared', 'ben']);
    const acknowledged = await house.call('dan', `/exceptions/${done.body.id}/acknowledge`, { body: {} });
    assert.equal(acknowledged.code, 'self_acknowledge', 'who enrolled it is linked to who used it');
    assert.equal(
      (await house.call('ben', `/exceptions/${done.body.id}/revoke`, { body: { reason: 'a rehearsal' } })).status,
      200,
    );
  });
});
