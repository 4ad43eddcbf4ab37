import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { type Confirmation, linkPeople, livePasskeysOf, statusOf } from '../index.ts';
import {
  act,
  approvalOf,
  change,
  codeOf,
  dayMs,
  directoryOf,
  hourMs,
  lookNow,
  minuteMs,
  must,
  settle,
  specOf,
  stateOf,
  type Town,
} from '../town.playbook.ts';
import type { PasskeyCommand } from './people-command.ts';

const digest = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
const vault = 'eu.vault.example.net:443';

function registering(
  person: string,
  id = `${person}-passkey`,
  confirmation: Confirmation | null = null,
): Extract<PasskeyCommand, { kind: 'register_passkey' }> {
  const key = { credentialId: `cred-${id}`, publicKey: 'pQECAyYg', signCount: 0, transports: ['internal'] };
  return { kind: 'register_passkey', id, person, name: 'laptop', ...key, confirmation };
}

const by = (id: string, signCount = 0): Confirmation => ({ kind: 'passkey', id, signCount });

/** A town in which `dan` registered a passkey two days ago, and a request of the strictest tier waits. */
function armed(): Town {
  const town = settle(digest);
  town.nowMs -= 2 * dayMs;
  must(change(town, 'dan', registering('dan')));
  town.nowMs += 2 * dayMs;
  const spec = specOf({ to: vault, beneficiary: 'gus' });
  must(act(town, 'gus', { kind: 'submit', id: 'e1', spec }, 'e1'));
  return town;
}

const approve = (town: Town, who: string, confirmation: Confirmation | null = null): string =>
  codeOf(act(town, who, { ...approvalOf(town, 'e1'), confirmation } as Parameters<typeof act>[2], 'e1'));

const remove = (
  town: Town,
  who: string,
  id: string,
  { token: isTokenShown = false, by: confirmation = null }: { token?: boolean; by?: Confirmation | null } = {},
): string => codeOf(change(town, who, { kind: 'remove_passkey', id, isTokenShown, confirmation }));

describe('a decision of a high tier', () => {
  it('takes the passkey of whoever has one, and none of whoever has none', () => {
    const town = armed();
    assert.equal(approve(town, 'dan'), 'confirmation_missing');
    assert.equal(approve(town, 'eve'), 'done');
    assert.equal(approve(town, 'dan', by('dan-passkey')), 'done');
    const state = stateOf(town, 'e1');
    assert.equal(state === null ? '' : statusOf(state, town.nowMs).status, 'active');
    assert.deepEqual(
      stateOf(town, 'e1')?.decisions.map(({ by: person, confirmedBy }) => [person, confirmedBy?.id]),
      [
        ['eve', undefined],
        ['dan', 'dan-passkey'],
      ],
    );
    assert.deepEqual(town.log.at(-3)?.details, { for: 'exception/e1', signCount: 0 });
  });

  it('takes an enrolled key instead, as the command line has it', () => {
    const town = armed();
    must(
      change(town, 'ada', {
        kind: 'enroll_key',
        id: 'k',
        person: 'dan',
        publicKey: `MCowBQYDK2VwAyEA${'A'.repeat(43)}=`,
      }),
    );
    assert.equal(approve(town, 'dan', { kind: 'key', id: 'k' }), 'done');
  });

  it('takes one of everybody where the policy says always, and none where it says never', () => {
    for (const [mode, code] of [
      ['always', 'confirmation_missing'],
      ['never', 'done'],
    ] as const) {
      const town = armed();
      town.policy += `---\napiVersion: exeat/v1\nowner: team-security\ntiers: { high: { confirm: ${mode} } }\n`;
      town.policyVersion = `sha256:${mode}`;
      assert.equal(approve(town, mode === 'always' ? 'eve' : 'dan'), code, mode);
    }
  });

  it('ATTACK: is not confirmed by another person’s passkey or key, a removed one, a refused proof, or a count that stood still', () => {
    const town = armed();
    must(change(town, 'eve', registering('eve')));
    must(
      change(town, 'ada', {
        kind: 'enroll_key',
        id: 'k',
        person: 'eve',
        publicKey: `MCowBQYDK2VwAyEA${'A'.repeat(43)}=`,
      }),
    );
    const rows: readonly (readonly [code: string, confirmation: Confirmation])[] = [
      ['confirmation_refused', by('eve-passkey')],
      ['confirmation_refused', by('nobodys-passkey')],
      ['confirmation_refused', { kind: 'key', id: 'k' }],
      ['confirmation_refused', { kind: 'refused', why: 'it confirms another act' }],
    ];
    for (const [code, confirmation] of rows) assert.equal(approve(town, 'dan', confirmation), code);
    assert.equal(approve(town, 'dan', by('dan-passkey', 7)), 'done');
    must(act(town, 'gus', { kind: 'submit', id: 'e2', spec: specOf({ to: vault, beneficiary: 'gus' }) }, 'e2'));
    for (const count of [7, 6, 0]) {
      const again = { ...approvalOf(town, 'e2'), confirmation: by('dan-passkey', count) } as Parameters<typeof act>[2];
      assert.equal(codeOf(act(town, 'dan', again, 'e2')), 'passkey_cloned', String(count));
    }
    assert.equal(remove(town, 'dan', 'dan-passkey', { token: true }), 'done');
    const late = { ...approvalOf(town, 'e2'), confirmation: by('dan-passkey', 9) } as Parameters<typeof act>[2];
    assert.equal(codeOf(act(town, 'dan', late, 'e2')), 'confirmation_refused');
  });

  it('ATTACK: a token that leaked gets past no passkey: not by adding one, not by removing it, not by a fresh one', () => {
    const town = armed();
    assert.equal(codeOf(change(town, 'dan', registering('dan', 'd2'))), 'confirmation_missing');
    assert.equal(remove(town, 'dan', 'dan-passkey'), 'confirmation_missing');
    assert.equal(remove(town, 'dan', 'dan-passkey', { token: true }), 'done');
    assert.equal(approve(town, 'dan'), 'passkey_fresh');
    must(change(town, 'dan', registering('dan', 'd3')));
    assert.equal(approve(town, 'dan'), 'confirmation_missing');
    assert.equal(approve(town, 'dan', by('d3')), 'passkey_fresh');
    town.nowMs += dayMs - 1;
    assert.equal(approve(town, 'dan', by('d3')), 'passkey_fresh');
    town.nowMs += 1;
    must(act(town, 'gus', { kind: 'submit', id: 'e3', spec: specOf({ to: vault, beneficiary: 'gus' }) }, 'e3'));
    const command = { ...approvalOf(town, 'e3'), confirmation: by('d3') } as Parameters<typeof act>[2];
    assert.equal(codeOf(act(town, 'dan', command, 'e3')), 'done');
  });

  it('ATTACK: where everybody must, a token that leaked does not register what confirms', () => {
    const town = armed();
    town.policy += `---\napiVersion: exeat/v1\nowner: team-security\ntiers: { high: { confirm: always } }\n`;
    town.policyVersion = 'sha256:always';
    must(change(town, 'eve', registering('eve')));
    assert.equal(approve(town, 'eve', by('eve-passkey')), 'passkey_fresh');
    must(change(town, 'ada', { kind: 'enroll_passkey', id: 'eve-passkey' }));
    assert.equal(approve(town, 'eve', by('eve-passkey')), 'done', 'an admin stands behind it');
  });

  it('is confirmed when it is resumed, too', () => {
    const town = armed();
    must(act(town, 'eve', { ...approvalOf(town, 'e1') }, 'e1'));
    assert.equal(approve(town, 'dan', by('dan-passkey', 1)), 'done');
    must(act(town, 'gus', { kind: 'suspend', reason: 'odd traffic' }, 'e1'));
    const resume = { kind: 'resume', ...lookNow(town, 'e1'), note: 'it was the backup' } as const;
    assert.equal(codeOf(act(town, 'dan', resume, 'e1')), 'confirmation_missing');
    assert.equal(codeOf(act(town, 'dan', { ...resume, confirmation: by('dan-passkey', 2) }, 'e1')), 'done');
  });
});

describe('passkeys', () => {
  it('are registered and named by their own person, each refusal with its code', () => {
    const rows: readonly (readonly [code: string, who: string, command: PasskeyCommand])[] = [
      ['done', 'eve', registering('eve')],
      ['not_yours', 'eve', registering('gus')],
      ['token_cannot', 'finn', registering('finn')],
      ['passkey_exists', 'eve', { ...registering('eve'), credentialId: 'cred-dan-passkey' }],
      ['passkey_malformed', 'eve', { ...registering('eve'), name: 'a\u202eb' }],
      ['passkey_malformed', 'eve', { ...registering('eve'), credentialId: 'x'.repeat(1_365) }],
      ['passkey_malformed', 'eve', { ...registering('eve'), publicKey: '<script>' }],
      ['passkey_malformed', 'eve', { ...registering('eve'), signCount: -1 }],
      ['passkey_malformed', 'eve', { ...registering('eve'), transports: ['A b'] }],
      ['done', 'dan', { kind: 'name_passkey', id: 'dan-passkey', name: 'security key' }],
      ['not_yours', 'eve', { kind: 'name_passkey', id: 'dan-passkey', name: 'mine' }],
      ['passkey_unknown', 'dan', { kind: 'name_passkey', id: 'none', name: 'mine' }],
      ['passkey_malformed', 'dan', { kind: 'name_passkey', id: 'dan-passkey', name: ' ' }],
      ['token_cannot', 'eve', { kind: 'enroll_passkey', id: 'dan-passkey' }],
      ['token_cannot', 'eve', { kind: 'remove_passkey', id: 'dan-passkey', isTokenShown: true, confirmation: null }],
    ];
    for (const [code, who, command] of rows) assert.equal(codeOf(change(armed(), who, command)), code, command.kind);
  });

  it('beside another one are confirmed by it, and at most ten', () => {
    const town = armed();
    for (let n = 2; n <= 10; n += 1) must(change(town, 'dan', registering('dan', `d${n}`, by('dan-passkey', n))));
    assert.equal(codeOf(change(town, 'dan', registering('dan', 'd11', by('dan-passkey', 11)))), 'passkey_exists');
    assert.equal(livePasskeysOf('dan', directoryOf(town)).length, 10);
    assert.equal(approve(town, 'dan', by('d2')), 'done', 'what another one confirmed need not settle');
  });

  it('are removed with one of them or the token, the last one with the token in any case', () => {
    const town = armed();
    must(change(town, 'dan', registering('dan', 'd2', by('dan-passkey', 1))));
    assert.equal(remove(town, 'dan', 'd2'), 'confirmation_missing');
    assert.equal(remove(town, 'dan', 'd2', { by: by('dan-passkey', 2) }), 'done');
    assert.equal(remove(town, 'dan', 'd2', { token: true }), 'passkey_unknown');
    assert.equal(remove(town, 'dan', 'dan-passkey', { by: by('dan-passkey', 3) }), 'confirmation_missing');
    assert.equal(remove(town, 'dan', 'dan-passkey', { token: true, by: by('dan-passkey', 3) }), 'done');
    assert.equal(approve(town, 'dan'), 'done', 'whoever proved themselves need not wait');
  });

  it('that somebody else enrolled or removed link the two for 30 days', () => {
    for (const command of [
      { kind: 'enroll_passkey', id: 'dan-passkey' },
      { kind: 'remove_passkey', id: 'dan-passkey', isTokenShown: false, confirmation: null },
    ] as const) {
      const town = armed();
      must(change(town, 'ada', command));
      assert.ok(linkPeople(directoryOf(town), town.nowMs).areLinked('ada', 'dan'), command.kind);
      assert.ok(!linkPeople(directoryOf(town), town.nowMs + 30 * dayMs).areLinked('ada', 'dan'));
    }
  });
});

describe('break-glass by passkey', () => {
  const declare = (town: Town, who: string, confirmation: Confirmation | null, id = 'b1'): string => {
    const spec = specOf({ to: vault, durationMs: hourMs, beneficiary: 'dan', reason: 'payments are down' });
    return codeOf(act(town, who, { kind: 'declare', id, spec, confirmation }, id));
  };

  it('takes one that somebody enrolled, and its count', () => {
    const town = armed();
    assert.equal(declare(town, 'dan-passkey', by('dan-passkey', 1)), 'break_glass_not_enrolled');
    must(change(town, 'ada', { kind: 'enroll_passkey', id: 'dan-passkey' }));
    assert.equal(declare(town, 'dan', null), 'break_glass_not_enrolled', 'a token never does');
    assert.equal(declare(town, 'dan', by('dan-passkey', 1)), 'break_glass_not_enrolled', 'nor with a confirmation');
    assert.equal(declare(town, 'dan-passkey', null), 'break_glass_not_enrolled');
    assert.equal(declare(town, 'dan-passkey', by('dan-passkey', 1)), 'done');
    assert.equal(declare(town, 'dan-passkey', by('dan-passkey', 1), 'b2'), 'passkey_cloned');
  });

  it('is acknowledged with the passkey of whoever has one', () => {
    const town = armed();
    must(change(town, 'ada', { kind: 'enroll_passkey', id: 'dan-passkey' }));
    town.nowMs += 31 * dayMs;
    must(change(town, 'eve', registering('eve')));
    assert.equal(declare(town, 'dan-passkey', by('dan-passkey', 1)), 'done');
    town.nowMs += minuteMs;
    assert.equal(codeOf(act(town, 'eve', { kind: 'acknowledge' }, 'b1')), 'confirmation_missing');
    assert.equal(codeOf(act(town, 'eve', { kind: 'acknowledge', confirmation: by('eve-passkey') }, 'b1')), 'done');
  });
});
