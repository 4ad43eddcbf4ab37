import type { Protocol } from '../../src/destination/index.ts';
import type { Strength } from '../../src/identity/index.ts';
import type { Grant, GrantList, Reason } from '../../src/policy/index.ts';
import { grantOf } from './grant-fixture.ts';

/**
 * One table of decisions for every entry point: `decide`, the sessions and the live proxy run each row and must agree.
 * The policy is plain documents; the proofs are credentials, because every entry point can present them.
 */
export const decisionCasePolicy: string = `
apiVersion: exeat/v1
service: payments-api
owner: team-payments
kind: app
mode: enforce
identities: [ "credential:payments-api" ]
allow:
  - { to: bank-gateway.example.com:443, reason: card settlement }
  - { to: "*.rules.example.net:443,8000-8100", reason: scheme rules }
  - { to: "http://plain.example.com:80", reason: health pages }
  - { to: "tcp://mail.example.com:25", reason: receipts }
  - { to: "@vaults", reason: keys }
  - { to: strong.example.com:443, strength: certificate, reason: settlement files }
  - { to: "203.0.113.0/24:443", sni: none, reason: the acquirer has no names }
  - { to: paste.example.net:443, reason: the boundary forbids it all the same }
  - { to: metadata.google.internal:80, reason: the boundary forbids it all the same }
deny:
  - { to: "never.rules.example.net:*", reason: not this one }
---
apiVersion: exeat/v1
service: watched
owner: team-payments
kind: app
mode: observe
observeUntil: 2026-12-20
identities: [ "credential:watched" ]
allow: [ { to: known.example.org:443, reason: known } ]
deny: [ { to: "bad.example.org:*", reason: would be denied } ]
---
apiVersion: exeat/v1
service: revoked-api
owner: team-payments
kind: app
mode: enforce
identities: [ "credential:revoked-api" ]
allow: [ { to: bank-gateway.example.com:443, reason: before it leaked } ]
---
apiVersion: exeat/v1
destinations: vaults
owner: team-security
class: secret-manager
members: [ vault.example.com:443 ]
---
apiVersion: exeat/v1
owner: team-security
boundary:
  deny: [ { to: "paste.example.net:*", reason: paste sites } ]
  requires: { secret-manager: { strength: certificate } }
  revoked: [ { identity: "credential:revoked-api", reason: leaked } ]
`;

/** The instant at which the table holds (epoch milliseconds): before the end of observing. */
export const decisionCaseNow: number = Date.UTC(2026, 10, 23, 12);

/** The grants under which the table holds, for an instant (epoch milliseconds): live, over, ended, to come, and against the boundary. */
export function decisionCaseGrants(nowMs: number): Pick<GrantList, 'grants' | 'ended'> {
  const grant = (id: string, to: string, extra: Partial<Grant> = {}): Grant =>
    grantOf(id, to, { notBefore: nowMs - 60_000, notAfter: nowMs + 3_600_000, ...extra });
  return {
    grants: [
      grant('live', 'granted.example.com:443'),
      grant('plain', 'http://granted-plain.example.com:80'),
      grant('below', '*.granted.example.net:443'),
      grant('over', 'over.example.com:443', { notAfter: nowMs - 1 }),
      grant('revoked', 'revoked.example.com:443'),
      grant('suspended', 'suspended.example.com:443'),
      grant('later', 'later.example.com:443', { notBefore: nowMs + 1_800_000 }),
      grant('strong', 'proven.example.com:443', { strength: 'certificate' }),
      grant('other', 'others.example.com:443', { identity: 'credential:somebody-else' }),
      grant('ruled', 'bank-gateway.example.com:443'),
      grant('denied', 'never.rules.example.net:443'),
      grant('vault', 'vault.example.com:443'),
      grant('paste', 'paste.example.net:443'),
      grant('metadata', 'tcp://169.254.169.254:80'),
      grant('loopback', 'tcp://127.0.0.1:443'),
      grant('watched', 'granted.example.org:443', { service: 'watched' }),
      grant('lost', 'granted.example.com:443', { service: 'revoked-api' }),
    ],
    ended: [
      { id: 'revoked', why: 'revoked' },
      { id: 'suspended', why: 'suspended' },
    ],
  };
}

/** One row: who asks (a credential), for what, and the answer. `protocol` null is a tunnel, `http` a plain request. */
export interface DecisionCase {
  readonly verdict: 'allow' | 'deny';
  readonly reason: Reason;
  readonly credential: 'payments-api' | 'watched' | 'revoked-api';
  readonly strength: Strength;
  readonly host: string;
  readonly port: number;
  readonly protocol: Protocol | null;
  readonly ruleIds: readonly string[];
}

type Row = readonly [
  verdict: 'allow' | 'deny',
  reason: Reason,
  credential: DecisionCase['credential'],
  to: string,
  ruleIds: readonly string[],
];

const rows: readonly Row[] = [
  // a name covers that name and port only
  ['allow', 'rule_matched', 'payments-api', 'bank-gateway.example.com:443', ['bank-gateway.example.com:443']],
  ['deny', 'no_rule_matched', 'payments-api', 'bank-gateway.example.com:8443', []],
  ['deny', 'no_rule_matched', 'payments-api', 'eu.bank-gateway.example.com:443', []],
  ['deny', 'no_rule_matched', 'payments-api', 'example.com:443', []],
  // a wildcard covers one or more labels below, not the apex
  ['allow', 'rule_matched', 'payments-api', 'a.rules.example.net:443', ['*.rules.example.net:443,8000-8100']],
  ['allow', 'rule_matched', 'payments-api', 'b.a.rules.example.net:8050', ['*.rules.example.net:443,8000-8100']],
  ['deny', 'no_rule_matched', 'payments-api', 'rules.example.net:443', []],
  ['deny', 'no_rule_matched', 'payments-api', 'xrules.example.net:443', []],
  ['deny', 'no_rule_matched', 'payments-api', 'a.rules.example.net:8101', []],
  // the service's own deny wins over its allows
  ['deny', 'rule_denied', 'payments-api', 'never.rules.example.net:443', ['deny/never.rules.example.net:*']],
  // the protocol of a plain request must be that of the rule; a tunnel tells later
  ['allow', 'rule_matched', 'payments-api', 'http://plain.example.com:80', ['http://plain.example.com:80']],
  ['allow', 'rule_matched', 'payments-api', 'plain.example.com:80', ['http://plain.example.com:80']],
  ['deny', 'no_rule_matched', 'payments-api', 'http://bank-gateway.example.com:443', []],
  ['allow', 'rule_matched', 'payments-api', 'mail.example.com:25', ['tcp://mail.example.com:25']],
  ['deny', 'no_rule_matched', 'payments-api', 'http://mail.example.com:25', []],
  // class and strength
  ['deny', 'strength_insufficient', 'payments-api', 'vault.example.com:443', ['boundary/requires/secret-manager']],
  ['deny', 'strength_insufficient', 'watched', 'vault.example.com:443', ['boundary/requires/secret-manager']],
  ['deny', 'strength_insufficient', 'payments-api', 'strong.example.com:443', ['strong.example.com:443']],
  // addresses: only rules for addresses cover them
  ['allow', 'rule_matched', 'payments-api', '203.0.113.9:443', ['203.0.113.0/24:443']],
  ['deny', 'no_rule_matched', 'payments-api', '192.0.2.9:443', []],
  ['deny', 'boundary_denied', 'payments-api', '169.254.169.254:80', ['boundary/built-in/169.254.0.0/16']],
  ['deny', 'boundary_denied', 'payments-api', '127.0.0.1:443', ['boundary/built-in/127.0.0.0/8']],
  // nothing overrides the boundary, not even observe
  ['deny', 'boundary_denied', 'payments-api', 'paste.example.net:443', ['boundary/deny/paste.example.net:*']],
  ['deny', 'boundary_denied', 'watched', 'paste.example.net:443', ['boundary/deny/paste.example.net:*']],
  [
    'deny',
    'boundary_denied',
    'payments-api',
    'metadata.google.internal:80',
    ['boundary/built-in/metadata.google.internal:*'],
  ],
  // revocation
  [
    'deny',
    'identity_revoked',
    'revoked-api',
    'bank-gateway.example.com:443',
    ['boundary/revoked/credential:revoked-api'],
  ],
  // grants: where no rule allows, while they are live, and never past what comes before them
  ['allow', 'grant_matched', 'payments-api', 'granted.example.com:443', []],
  ['allow', 'grant_matched', 'payments-api', 'http://granted-plain.example.com:80', []],
  ['deny', 'no_rule_matched', 'payments-api', 'http://granted.example.com:443', []],
  ['deny', 'no_rule_matched', 'payments-api', 'granted.example.com:444', []],
  ['allow', 'grant_matched', 'payments-api', 'a.granted.example.net:443', []],
  ['deny', 'grant_expired', 'payments-api', 'over.example.com:443', []],
  ['deny', 'grant_revoked', 'payments-api', 'revoked.example.com:443', []],
  ['deny', 'grant_suspended', 'payments-api', 'suspended.example.com:443', []],
  ['deny', 'no_rule_matched', 'payments-api', 'later.example.com:443', []],
  ['deny', 'strength_insufficient', 'payments-api', 'proven.example.com:443', []],
  ['deny', 'no_rule_matched', 'payments-api', 'others.example.com:443', []],
  ['allow', 'grant_matched', 'watched', 'granted.example.org:443', []],
  ['deny', 'identity_revoked', 'revoked-api', 'granted.example.com:443', ['boundary/revoked/credential:revoked-api']],
  // observe
  ['allow', 'rule_matched', 'watched', 'known.example.org:443', ['known.example.org:443']],
  ['allow', 'observed', 'watched', 'unknown.example.org:443', []],
  ['allow', 'observed', 'watched', 'http://unknown.example.org:80', []],
  ['allow', 'observed', 'watched', 'bad.example.org:443', ['deny/bad.example.org:*']],
  // public resolvers: observing does not open them, by name, below a name, by address
  ['deny', 'resolver_closed', 'watched', 'dns.google:443', ['boundary/built-in/dns.google']],
  ['deny', 'resolver_closed', 'watched', 'abc.dns.nextdns.io:853', ['boundary/built-in/*.dns.nextdns.io']],
  ['deny', 'resolver_closed', 'watched', '8.8.8.8:443', ['boundary/built-in/8.8.8.8']],
  ['deny', 'no_rule_matched', 'payments-api', 'dns.google:443', []],
];

/** The rows of the table. Rule ids that start with neither `boundary/` nor `deny/` stand in the service's allow list. */
export const decisionCases: readonly DecisionCase[] = rows.map(([verdict, reason, credential, to, ids]) => {
  const [, scheme, host = '', port = ''] = /^(http:\/\/)?(.*):(\d+)$/.exec(to) ?? [];
  return {
    verdict,
    reason,
    credential,
    strength: 'shared-secret',
    host,
    port: Number(port),
    protocol: scheme === undefined ? null : 'http',
    ruleIds: ids.map((id) => {
      if (id.startsWith('boundary/')) return id;
      return id.startsWith('deny/') ? `${credential}/${id}` : `${credential}/allow/${id}`;
    }),
  };
});
