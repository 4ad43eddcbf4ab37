import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ExceptionAnswer, RequestBody } from '../../src/api/contract/index.ts';
import { assertRefused, type ExceptionHouse, startExceptionHouse } from '../support/exception-house.ts';

// Attacks on what is asked and what is approved: more than was looked at, more than anybody may have, twice what was asked once.

const tiers = `apiVersion: exeat/v1
owner: team-security
tiers:
  medium: { longest: 1h, cumulative: 2h, repeats: 1000 }
`;
const boundary = `apiVersion: exeat/v1
owner: team-security
boundary:
  deny: [ { to: "forbidden.example:*", reason: nobody goes there } ]
`;

let house: ExceptionHouse;

before(async () => {
  house = await startExceptionHouse({
    people: [
      { id: 'ana', roles: ['requester'] },
      { id: 'ann', roles: ['requester'] },
      { id: 'abe', roles: ['requester'] },
      { id: 'amy', roles: ['requester'] },
      { id: 'ben', roles: ['approver'] },
      { id: 'bob', roles: ['approver'] },
      { id: 'eve', roles: ['auditor', 'security'] },
      { id: 'owen', roles: ['requester'], owns: ['team-other'] },
    ],
    policy: { 'tiers.yaml': tiers, 'boundary.yaml': boundary },
    config: { hosts: { 'once.example': '127.0.0.1', 'metadata.example': '169.254.169.254' } },
  });
  // Ann is another account of Ana's, and somebody said so.
  const linked = await house.call('root', '/people/ann/link', {
    body: { to: 'ana', reason: 'one person, two accounts' },
  });
  assert.equal(linked.status, 200, JSON.stringify(linked.body));
});
after(() => house?.stop());

function ask(as: string, changes: Partial<RequestBody>): ReturnType<typeof house.call> {
  return house.call(as, '/exceptions', { body: house.asking('asked.example', changes) });
}

describe('what was looked at', () => {
  test('stale digest: an approval of a digest that nobody was shown', async () => {
    const { id } = await house.request('ana', 'stale.example');
    const body = { digest: `sha256:${'0'.repeat(64)}` };
    await assertRefused(house, () => house.call('ben', `/exceptions/${id}/approve`, { body }), {
      status: 409,
      code: 'digest_stale',
      by: 'ben',
    });
  });

  test('approve after edit: what was looked at is edited before it is approved', async () => {
    const asked = await house.request('ana', 'edited.example');
    const { digest, policyVersion } = await house.show(asked.id);
    const edited = await house.call('ana', `/exceptions/${asked.id}/edit`, {
      body: house.asking('else.example', { durationSeconds: 3_600 }),
    });
    assert.equal(edited.status, 200, JSON.stringify(edited.body));
    const body = { digest, policyVersion };
    await assertRefused(house, () => house.call('ben', `/exceptions/${asked.id}/approve`, { body }), {
      status: 409,
      code: 'digest_stale',
      by: 'ben',
    });
  });

  test('edit by somebody else: what one asked for is turned into something else', async () => {
    const { id } = await house.request('ana', 'mine.example');
    await assertRefused(
      house,
      () => house.call('abe', `/exceptions/${id}/edit`, { body: house.asking('theirs.example') }),
      { status: 403, code: 'not_yours', by: 'abe' },
    );
  });

  test('wider on approval: longer, further or more than was asked', async () => {
    const { id } = await house.request('ana', 'narrow.example', { bytesUp: 1_000 });
    for (const narrow of [
      { durationSeconds: 61 },
      { to: house.to('*.example') },
      { to: house.to('other.example') },
      { bytesUp: 1_001 },
    ]) {
      await assertRefused(house, () => house.approve('bob', id, narrow), {
        status: 422,
        code: 'wider_than_asked',
        by: 'bob',
      });
    }
    const less = await house.approve('bob', id, { durationSeconds: 30, bytesUp: 10 });
    assert.deepEqual([less.body.status, less.body.durationSeconds, less.body.bytesUp], ['active', 30, 10]);
  });

  test('lost update: an act on what somebody else changed meanwhile', async () => {
    const asked = await house.call<ExceptionAnswer>('ana', '/exceptions', { body: house.asking('etag.example') });
    const etag = asked.headers.get('etag') ?? '';
    const { id } = asked.body;
    await house.call('ana', `/exceptions/${id}/edit`, { body: house.asking('etag.example', { durationSeconds: 61 }) });
    const withdraw = { body: { reason: 'asked in error' }, headers: { 'if-match': etag } };
    await assertRefused(house, () => house.call('ana', `/exceptions/${id}/withdraw`, withdraw), {
      status: 412,
      code: 'changed_meanwhile',
      by: null,
    });
  });

  test('one person twice: two approvals of one person are not a quorum of two', async () => {
    const asked = await ask('abe', { to: '203.0.113.0/24:443' });
    const { id, tier } = asked.body as unknown as ExceptionAnswer;
    assert.equal(tier, 'high');
    assert.equal((await house.approve('ben', id)).body.status, 'pending');
    await assertRefused(house, () => house.approve('ben', id), { status: 409, code: 'already_decided', by: 'ben' });
    assert.equal((await house.approve('bob', id)).body.status, 'active');
  });
});

describe('what nobody may have', () => {
  for (const [attack, changes, code, status] of [
    ['duration over the tier', { durationSeconds: 3_601 }, 'duration_over_tier', 422],
    ['unknown service', { service: 'nobody' }, 'unknown_service', 422],
    ['unknown identity', { identity: 'credential:somebody-else' }, 'unknown_identity', 422],
    ['unknown segment', { via: ['backbone'] }, 'unknown_segment', 422],
    ['unknown owner', { owner: 'team-nobody' }, 'owner_unknown', 422],
    ['unknown beneficiary', { beneficiary: 'nobody' }, 'beneficiary_unknown', 422],
    ['placeholder for a reason', { reason: 'TODO: write a reason' }, 'reason_missing', 422],
    ['boundary', { to: 'forbidden.example:443' }, 'boundary', 422],
    ['boundary in another spelling', { to: 'FORBIDDEN.EXAMPLE:443' }, 'boundary', 422],
    ['metadata address', { to: '169.254.169.254:80' }, 'boundary', 422],
    ['metadata address inside IPv6', { to: '[::ffff:169.254.169.254]:80' }, 'boundary', 422],
    ['loopback address', { to: '127.0.0.1:8440' }, 'boundary', 422],
    ['wildcard laundering over a public suffix', { to: '*.com:443' }, 'target_too_wide', 422],
    ['wildcard laundering over a suffix that strangers share', { to: '*.github.io:443' }, 'target_too_wide', 422],
    ['wildcard laundering over everything', { to: '*:443' }, 'target_too_wide', 422],
    ['every port', { to: 'asked.example:*' }, 'target_too_wide', 422],
    ['a block of the internet', { to: '203.0.0.0/8:443' }, 'target_too_wide', 422],
    [
      'a destination that two parsers read in two ways',
      { to: 'asked.example:443@evil.example:443' },
      'target_malformed',
      400,
    ],
    ['a start that nobody sees coming', { startAt: '2036-01-01T00:00:00Z' }, 'start_too_far', 422],
  ] as const) {
    test(`${attack}: ${code}`, async () => {
      const by = nextAsker();
      await assertRefused(house, () => ask(by, changes), { status, code, by });
    });
  }

  test('wildcard laundering: an exception to a name does not reach the metadata address behind it', async () => {
    await house.grant('metadata.example');
    const { port } = house.story.origin;
    const answer = await house.story.ask(`metadata.example:${port}`);
    assert.equal(answer.status, 403);
    assert.notEqual(answer.reason, 'no_rule_matched');
    const record = await house.story.product.waitForRecord(
      (each) => each.kind === 'verdict' && each.verdict === 'deny' && each.destination?.host === 'metadata.example',
    );
    assert.equal(record.kind === 'verdict' && record.stage, 'address');
  });
});

// Refusals of one person are written down twenty times a minute.
let asked = 0;
function nextAsker(): string {
  asked += 1;
  return ['ana', 'abe', 'amy'][asked % 3] ?? 'ana';
}

describe('cumulative by splitting', () => {
  const hour = 3_600;
  const inHours = (hours: number): string => new Date(Date.now() + hours * hour * 1_000).toISOString();
  const third = { durationSeconds: hour, startAt: '' };

  before(async () => {
    third.startAt = inHours(4);
    await house.grant('a.split.example', { durationSeconds: hour });
    const next = await house.request('ana', 'a.split.example', { durationSeconds: hour, startAt: inHours(2) });
    assert.equal((await house.approve('ben', next.id)).body.status, 'approved');
  });

  for (const [attack, as, host, owner] of [
    ['as before', 'ana', 'a.split.example', 'team-story'],
    ['over a sibling host', 'ana', 'b.split.example', 'team-story'],
    ['over another owner', 'ana', 'a.split.example', 'team-other'],
    ['over a linked person, another owner and a sibling host', 'ann', 'c.split.example', 'team-other'],
    ['over somebody else of the same owner', 'abe', 'd.split.example', 'team-story'],
  ] as const) {
    test(attack, async () => {
      await assertRefused(
        house,
        () => house.call(as, '/exceptions', { body: house.asking(host, { ...third, owner }) }),
        {
          status: 422,
          code: 'cumulative_over_cap',
          by: as,
        },
      );
    });
  }

  test('and nobody else’s time counts', async () => {
    const { status } = await house.request('owen', 'a.split.example', { ...third, owner: 'team-other' });
    assert.equal(status, 'pending');
  });
});

describe('twice what was asked once', () => {
  test('same key, same body: acts once, also when both come at the same time', async () => {
    const sent = { body: house.asking('once.example'), headers: { 'idempotency-key': 'key-1' } };
    const answers = await Promise.all([1, 2, 3].map(() => house.call<ExceptionAnswer>('amy', '/exceptions', sent)));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [201, 201, 201],
    );
    assert.equal(new Set(answers.map(({ body }) => body.id)).size, 1);
    const replayed = answers.filter(({ headers }) => headers.get('idempotency-replayed') === 'true');
    assert.equal(replayed.length, 2);
    assert.equal((await house.acts(`subject=exception/${answers[0]?.body.id}`)).length, 1);
  });

  test('same key, another body or another place: refused', async () => {
    const headers = { 'idempotency-key': 'key-2' };
    const { body } = await house.call<ExceptionAnswer>('amy', '/exceptions', {
      body: house.asking('once.example'),
      headers,
    });
    const refusal = { status: 422, code: 'idempotency_key_reused', by: 'amy' };
    const other = house.asking('twice.example');
    await assertRefused(house, () => house.call('amy', '/exceptions', { body: other, headers }), refusal);
    const withdraw = { body: { reason: 'asked in error' }, headers };
    await assertRefused(house, () => house.call('amy', `/exceptions/${body.id}/withdraw`, withdraw), refusal);
  });

  test('two approvers at once: granted once', async () => {
    const { id } = await house.request('amy', 'race.example');
    const { digest, policyVersion } = await house.show(id);
    const body = { digest, policyVersion };
    const answers = await Promise.all(
      ['ben', 'bob'].map((as) => house.call(as, `/exceptions/${id}/approve`, { body })),
    );
    assert.deepEqual(answers.map(({ status, code }) => `${status} ${code}`).sort(), ['200 null', '409 not_pending']);
    assert.equal((await house.acts(`subject=exception/${id}&action=exception.granted`)).length, 1);
  });
});
