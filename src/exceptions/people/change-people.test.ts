import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { authorise, canWiden, foldSubject, linkPeople, personOfView, tokenOfView } from '../index.ts';
import {
  actorOf,
  admit,
  change,
  codeOf,
  dayMs,
  directoryOf,
  enroll,
  hourMs,
  must,
  settle,
  type Town,
  tokenFor,
} from '../town.playbook.ts';

const digest = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
const areLinked = (town: Town, a: string, b: string): boolean =>
  linkPeople(directoryOf(town), town.nowMs).areLinked(a, b);

describe('people', () => {
  it('are made, changed and disabled by an admin, each refusal with its code', () => {
    const person = { kind: 'create_person', id: 'zoe', name: 'Zoe', roles: ['requester'], owns: [] } as const;
    const rows: readonly (readonly [code: string, who: string, command: Parameters<typeof change>[2]])[] = [
      ['done', 'ada', person],
      ['token_cannot', 'eve', person],
      ['person_exists', 'ada', { ...person, id: 'dan' }],
      ['person_malformed', 'ada', { ...person, id: 'Zoe/1' }],
      ['person_malformed', 'ada', { ...person, name: 'a\u202eb' }],
      ['person_malformed', 'ada', { ...person, roles: ['root' as never] }],
      ['person_unknown', 'ada', { ...person, kind: 'change_person' }],
      ['person_unknown', 'ada', { kind: 'disable_person', id: 'zoe', reason: 'left' }],
      ['last_admin', 'ada', { kind: 'disable_person', id: 'ada', reason: 'left' }],
      ['last_admin', 'ada', { ...person, kind: 'change_person', id: 'ada' }],
      ['person_unknown', 'ada', { kind: 'link_people', id: 'dan', other: 'dan', reason: 'one human' }],
      ['not_linked', 'ada', { kind: 'unlink_people', id: 'dan', other: 'eve', reason: 'two humans' }],
      ['token_cannot', 'dan', { kind: 'offer_setup', id: 'l', role: 'admin', secretHash: '', expiresAtMs: 0 }],
    ];
    for (const [code, who, command] of rows) assert.equal(codeOf(change(settle(digest), who, command)), code);
  });

  it('are founded by links, used once and within a day, who are linked to nobody', () => {
    const town = settle(digest);
    assert.ok(!areLinked(town, 'ada', 'ben'));
    assert.equal(directoryOf(town).people.get('ada')?.createdBy, null);
    const link = { id: 'l', role: 'admin', secretHash: '', createdAtMs: 0, expiresAtMs: town.nowMs + hourMs } as const;
    const use = (
      used: { readonly usedAtMs: number | null; readonly expiresAtMs?: number },
      publicKey: string | null = null,
    ): string => {
      const key = publicKey === null ? null : { id: 'k', publicKey };
      const token = { id: 't', secretHash: 'ab'.repeat(32), expiresAtMs: town.nowMs + dayMs };
      const command = {
        kind: 'use_setup',
        link: { ...link, usedBy: null, ...used },
        id: 'new',
        name: 'New',
        token,
        key,
      } as const;
      return codeOf(change(town, 'setup', command));
    };
    assert.equal(use({ usedAtMs: 1 }), 'setup_unknown');
    assert.equal(use({ usedAtMs: null, expiresAtMs: town.nowMs }), 'setup_unknown');
    assert.equal(use({ usedAtMs: null }, 'no key'), 'key_malformed');
    assert.equal(use({ usedAtMs: null }, `MCowBQYDK2VwAyEA${'A'.repeat(43)}=`), 'done');
    assert.equal(directoryOf(town).keys.get('k')?.person, 'new');
    assert.ok(!areLinked(town, 'new', 'ada'), 'a key that came with the claim went through nobody');
  });
});

describe('links', () => {
  it('last 30 days from making, enabling, resetting and enrolling for somebody else, and reach on', () => {
    const rows: readonly (readonly [what: string, play: (town: Town) => void])[] = [
      ['making an account', (town) => admit(town, 'zoe', ['approver'])],
      [
        'enabling one',
        (town) => {
          must(change(town, 'ada', { kind: 'disable_person', id: 'zoe', reason: 'left' }));
          must(change(town, 'ada', { kind: 'enable_person', id: 'zoe', reason: 'back' }));
        },
      ],
      ['making a token', (town) => must(change(town, 'ada', tokenFor(town, 'zoe', 'zoe-2')))],
      [
        'resetting a token',
        (town) => {
          const expiresAtMs = town.nowMs + dayMs;
          must(change(town, 'ada', { kind: 'reset_token', id: 'zoe-token', secretHash: '12'.repeat(32), expiresAtMs }));
        },
      ],
      ['enrolling a key', (town) => enroll(town, 'zoe')],
    ];
    for (const [what, play] of rows) {
      const town = settle(digest);
      if (what !== 'making an account') admit(town, 'zoe', ['approver']);
      if (what !== 'making an account') town.nowMs += 31 * dayMs;
      play(town);
      assert.ok(areLinked(town, 'ada', 'zoe'), what);
      town.nowMs += 30 * dayMs - 1;
      assert.ok(areLinked(town, 'ada', 'zoe'), what);
      town.nowMs += 1;
      assert.ok(!areLinked(town, 'ada', 'zoe'), what);
    }
  });

  it('join those whom one hand made', () => {
    const town = settle(digest);
    admit(town, 'yan', ['approver']);
    admit(town, 'zoe', ['approver']);
    assert.ok(areLinked(town, 'yan', 'zoe'));
    assert.deepEqual(linkPeople(directoryOf(town), town.nowMs).membersOf('zoe'), ['ada', 'yan', 'zoe']);
    assert.equal(linkPeople(directoryOf(town), town.nowMs).componentOf('zoe'), 'ada');
  });

  it('outlive the token that they came from, and are taken away only by somebody whom they do not touch', () => {
    const town = settle(digest);
    must(change(town, 'ada', tokenFor(town, 'dan', 'dan-2')));
    must(change(town, 'ada', { kind: 'revoke_token', id: 'dan-2' }));
    assert.ok(areLinked(town, 'ada', 'dan'));
    must(change(town, 'ada', { kind: 'link_people', id: 'eve', other: 'gus', reason: 'one human' }));
    const unlink = { kind: 'unlink_people', id: 'gus', other: 'eve', reason: 'two humans' } as const;
    assert.equal(codeOf(change(town, 'eve', unlink)), 'self_unlink');
    assert.equal(codeOf(change(town, 'finn', unlink)), 'done');
    assert.ok(!areLinked(town, 'eve', 'gus'));
  });

  it('are found among a thousand accounts of one hand', () => {
    const town = settle(digest);
    const directory = directoryOf(town);
    const dan = directory.people.get('dan');
    assert.ok(dan);
    const crowd = Array.from({ length: 1_000 }, (_, index) => ({
      ...dan,
      id: `p${index + 1}`,
      handledBy: [{ person: `p${index}`, atMs: town.nowMs }],
    }));
    const links = linkPeople({ ...directory, people: new Map(crowd.map((each) => [each.id, each])) }, town.nowMs);
    assert.ok(links.areLinked('p1', 'p1000'));
  });
});

it('access is by a live token whose scopes its person carries', () => {
  const town = settle(digest);
  const world = { directory: directoryOf(town), nowMs: town.nowMs };
  const dan = authorise(actorOf('dan'), ['exception:approve'], world);
  assert.equal(dan.ok ? dan.value.id : dan.fault.code, 'dan');
  const rows = [
    [actorOf('control'), 'actor_unknown'],
    [{ ...actorOf('dan'), credential: 'eve-token' }, 'token_cannot'],
    [actorOf('dan-key'), 'token_cannot'],
    [actorOf('gus'), 'token_cannot'],
  ] as const;
  for (const [actor, code] of rows) assert.equal(codeOf(authorise(actor, ['exception:approve'], world)), code);
  const later = { ...world, nowMs: town.nowMs + 300 * dayMs };
  assert.equal(codeOf(authorise(actorOf('dan'), ['read'], later)), 'token_cannot');
});

describe('tokens and keys', () => {
  it('carry no more than the roles of their person, and end within a year', () => {
    const town = settle(digest);
    const token = tokenFor(town, 'dan', 'dan-2');
    const rows: readonly (readonly [code: string, who: string, command: Parameters<typeof change>[2]])[] = [
      ['done', 'ada', token],
      ['done', 'dan', token],
      ['token_cannot', 'eve', token],
      ['scope_over_roles', 'ada', { ...token, scopes: ['people:write'] }],
      ['token_cannot', 'dan', { ...token, scopes: ['people:write'] }],
      ['token_malformed', 'ada', { ...token, scopes: [] }],
      ['token_malformed', 'ada', { ...token, expiresAtMs: town.nowMs }],
      ['token_malformed', 'ada', { ...token, expiresAtMs: town.nowMs + 367 * dayMs }],
      ['token_malformed', 'ada', { ...token, secretHash: 'secret' }],
      ['token_exists', 'ada', { ...token, id: 'dan-token' }],
      ['person_unknown', 'ada', { ...token, person: 'zoe' }],
      ['done', 'dan', { kind: 'revoke_token', id: 'dan-token' }],
      ['done', 'eve', { kind: 'revoke_token', id: 'dan-token' }],
      ['token_cannot', 'finn', { kind: 'revoke_token', id: 'dan-token' }],
      ['token_unknown', 'ada', { kind: 'revoke_token', id: 'nothing' }],
      ['key_malformed', 'ada', { kind: 'enroll_key', id: 'k', person: 'dan', publicKey: 'AAAA' }],
      ['token_cannot', 'dan', { kind: 'enroll_key', id: 'k', person: 'dan', publicKey: 'AAAA' }],
      ['person_unknown', 'ada', { kind: 'enroll_key', id: 'k', person: 'zoe', publicKey: 'AAAA' }],
      ['key_unknown', 'ada', { kind: 'revoke_key', id: 'k' }],
    ];
    for (const [code, who, command] of rows)
      assert.equal(codeOf(change(settle(digest), who, command)), code, JSON.stringify(command));
    assert.ok(canWiden(token));
    assert.ok(!canWiden({ scopes: ['read', 'exception:revoke'] }));
  });

  it('are views that a replay makes again', () => {
    const town = settle(digest);
    const made = must(change(town, 'ada', { ...tokenFor(town, 'dan', 'dan-2'), scopes: ['read'] }));
    const entriesOf = (subject: string): typeof town.log => town.log.filter((entry) => entry.subject === subject);
    assert.deepEqual(foldSubject('token/dan-2', entriesOf('token/dan-2')), made.views);
    const [view] = foldSubject('person/dan', entriesOf('person/dan'));
    assert.ok(view);
    assert.deepEqual(personOfView(view), directoryOf(town).people.get('dan'));
    assert.deepEqual(
      made.views.map(tokenOfView).map(({ scopes }) => scopes),
      [['read']],
    );
    assert.deepEqual(foldSubject('setup/link-ada', entriesOf('setup/link-ada')), []);
  });
});
