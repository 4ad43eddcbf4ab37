import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import {
  anaToken,
  type ControlStub,
  type Said,
  sayWith,
  startBreakingWay,
  startControlStub,
  stubException,
} from '../../test/support/control-stub.ts';
import type { ExceptionAnswer } from '../api/contract/index.ts';
import { failed, fault, ok } from '../base/index.ts';

const id = '01KB0Z2Q6W7V8X9Y0A1B2C3D4E';
const { policyVersion } = stubException();
let stub: ControlStub;
/** What the stub was asked to do, in order: `[endpoint, body, query or place]`. */
let asked: unknown[][];
/** What `show` answers, one after the other; the last one stays. */
let shown: ExceptionAnswer[];

before(async () => {
  const act =
    (name: string, status: string) =>
    async ({ body, ifMatch, params }: { body: unknown; ifMatch: number | null; params: { id?: string } }) => {
      asked.push([name, body, ifMatch ?? params.id]);
      return params.id === 'none'
        ? failed(fault('not_found', 'there is none'))
        : ok({ body: stubException({ status }), seq: 9 });
    };
  stub = await startControlStub({
    requestException: act('request', 'pending'),
    editException: act('edit', 'pending'),
    approveException: act('approve', 'active'),
    denyException: act('deny', 'denied'),
    resumeException: act('resume', 'active'),
    suspendException: act('suspend', 'suspended'),
    withdrawException: act('withdraw', 'withdrawn'),
    revokeException: act('revoke', 'revoked'),
    extendException: act('extend', 'pending'),
    reviewException: act('review', 'closed'),
    acknowledgeBreakGlass: act('acknowledge', 'active'),
    showException: async () => ok({ body: (shown.length > 1 ? shown.shift() : shown[0]) ?? stubException(), seq: 7 }),
    whoAmI: async () => ok({ body: { person: ana, scopes: ['read'] } }),
    listExceptions: async ({ query }: { query: { cursor?: string; limit: number; requester?: string } }) => {
      asked.push(['list', query]);
      const items =
        query.cursor === undefined
          ? [stubException(), stubException({ reason: '=SUM(A1)' })]
          : [stubException({ id: 'last' })];
      return ok({ body: { items: items.slice(0, query.limit), next: query.cursor === undefined ? 'c2' : null } });
    },
    exceptionUsage: async () => ok({ body: usage }),
    listExceptionUsage: async () => ok({ body: { items: [usage], next: null } }),
    summariseExceptions: async () => ok({ body: summary }),
  });
});
after(() => stub?.close());
beforeEach(() => {
  asked = [];
  shown = [stubException()];
});

const say = (...args: readonly string[]): Promise<Said> =>
  sayWith({ EXEAT_API: stub.api, EXEAT_TOKEN: anaToken }, 'exception', ...args);
const spec = [
  '--service',
  'payments-api',
  '--to',
  'bank.example.com:443',
  '--for',
  '8h',
  '--owner',
  'team-payments',
  '--reason',
  'the new acquirer is tested',
];

describe('a request', () => {
  test('sends what the flags say, in seconds, bytes and instants', async () => {
    const said = await say(
      'request',
      ...spec,
      '--via',
      'lan',
      'dmz',
      '--bytes-up',
      '1GiB',
      '--start',
      '2026-12-01T08:00:00+01:00',
      '--ticket',
      'CHG-17',
    );
    assert.equal(said.code, 0, said.error);
    assert.deepEqual(asked[0]?.[1], {
      service: 'payments-api',
      identity: null,
      to: 'bank.example.com:443',
      via: ['lan', 'dmz'],
      durationSeconds: 28_800,
      startAt: '2026-12-01T07:00:00.000Z',
      bytesUp: 1_073_741_824,
      bytesDown: null,
      beneficiary: null,
      owner: 'team-payments',
      reason: 'the new acquirer is tested',
      ticket: 'CHG-17',
      decision: null,
    });
    assert.match(said.out, /^undecided until +in 23 h \(2026-11-29 18:30\)$/m);
    assert.match(said.out, /^at most +1\.0 GiB up, any bytes down$/m);
    assert.match(said.out, /^tier +medium: new_domain$/m);
    assert.match(said.out, /^approvals +0, 1 more needed$/m);
    assert.match(
      said.out,
      new RegExp(`\\n\\nSomebody else decides: exeat exception approve ${id} --digest sha256:aaaa\\n$`),
    );
  });

  test('with a flag that is malformed is not sent', async () => {
    const rows: readonly (readonly [readonly string[], RegExp])[] = [
      [['--bytes-up', '1GB'], /--bytes-up: `1GB` is not a size/],
      [['--start', 'tomorrow'], /--start `tomorrow` is no time/],
      [['--wait', '500ms'], /--wait: `500ms` is not whole seconds/],
      [['--for', 'soon'], /--for: `soon` is not a duration/],
    ];
    for (const [flags, told] of rows) {
      const said = await say('request', ...spec, ...flags);
      assert.equal(said.code, 1);
      assert.match(said.error, told);
    }
    assert.deepEqual(asked, []);
  });

  test('that waits ends with what was decided: 0 active, 5 denied, 6 nobody', async () => {
    const rows: readonly (readonly [readonly string[], string, number])[] = [
      [['pending', 'pending', 'active'], '5s', 0],
      [['approved'], '5s', 0],
      [['pending', 'denied'], '5s', 5],
      [['lapsed'], '5s', 5],
      [['pending'], '1s', 6],
    ];
    for (const [statuses, wait, code] of rows) {
      shown = statuses.map((status) => stubException({ status }));
      const said = await say('request', ...spec, '--wait', wait, '-o', 'json');
      assert.equal(said.code, code, said.error);
      assert.equal((JSON.parse(said.out) as ExceptionAnswer).status, statuses.at(-1));
      assert.match(said.error, new RegExp(`waiting for a decision on ${id}`));
    }
  });

  test('that waits outlives a connection that breaks while it asks', async () => {
    shown = [stubException({ status: 'active' })];
    // The request is the first connection; the second and third are one question and its second try.
    const way = await startBreakingWay(stub.api, [2, 3]);
    const env = { EXEAT_API: way.api, EXEAT_TOKEN: anaToken };
    const waited = await sayWith(env, 'exception', 'request', ...spec, '--wait', '5s');
    await way.close();
    assert.equal(waited.code, 0, waited.error);
    assert.equal(way.heads.length, 4);
  });
});

describe('a decision', () => {
  test('shows what is approved and binds to its digest, narrowed as told', async () => {
    const said = await say('approve', id, '--for', '4h', '--bytes-down', '10MiB', '--reason', 'four hours do');
    assert.equal(said.code, 0, said.error);
    assert.match(said.error, /^approving:\nWHAT +IS\nexception +01KB/);
    assert.deepEqual(asked, [
      [
        'approve',
        {
          digest: 'sha256:aaaa',
          policyVersion,
          reason: 'four hours do',
          narrow: { durationSeconds: 14_400, bytesDown: 10_485_760 },
        },
        id,
      ],
    ]);
  });

  test('of what was not looked at is not sent', async () => {
    for (const verb of [
      ['approve', id],
      ['deny', id, '--reason', 'no'],
      ['resume', id, '--reason', 'go on'],
    ]) {
      const said = await say(...verb, '--digest', 'sha256:bbbb');
      assert.equal(said.code, 1);
      assert.match(said.error, /is not what you looked at: its digest is `sha256:aaaa` now/);
    }
    assert.deepEqual(asked, []);
    assert.equal((await say('approve', id, '--digest', 'sha256:aaaa')).code, 0);
    assert.deepEqual(asked, [['approve', { digest: 'sha256:aaaa', policyVersion, reason: null, narrow: null }, id]]);
  });

  test('of each kind sends its body', async () => {
    await say('deny', id, '--reason', 'not now');
    await say('resume', id, '--reason', 'it is safe again');
    await say('suspend', id, '--reason', 'something is odd');
    await say('withdraw', id, '--reason', 'not needed');
    await say('extend', id, '--for', '2h', '--reason', 'the test runs on');
    await say('review', id, '--outcome', 'should_be_permanent', '--note', 'write a rule');
    await sayWith({ EXEAT_API: stub.api, EXEAT_TOKEN: anaToken }, 'break-glass', 'acknowledge', id);
    assert.deepEqual(asked, [
      ['deny', { reason: 'not now' }, id],
      ['resume', { digest: 'sha256:aaaa', policyVersion, reason: 'it is safe again' }, id],
      ['suspend', { reason: 'something is odd' }, id],
      ['withdraw', { reason: 'not needed' }, id],
      ['extend', { durationSeconds: 7_200, reason: 'the test runs on', ticket: null }, id],
      ['review', { outcome: 'should_be_permanent', note: 'write a rule' }, id],
      ['acknowledge', {}, id],
    ]);
  });
});

test('an edit changes what it names, keeps the rest, and holds on to what was read', async () => {
  shown = [stubException({ startAt: '2026-12-01T07:00:00.000Z' })];
  assert.equal((await say('edit', id, '--for', '4h', '--bytes-up', 'none')).code, 0);
  const [edit] = asked;
  assert.deepEqual(edit?.[2], 7);
  const body = edit?.[1] as Record<string, unknown>;
  assert.deepEqual(
    [body['durationSeconds'], body['bytesUp'], body['ticket'], body['startAt']],
    [14_400, null, 'CHG-17', '2026-12-01T07:00:00.000Z'],
  );
});

test('revoke ends each by itself: one that fails is told and the others are ended', async () => {
  const said = await say('revoke', 'none', id, 'other', '--reason', 'the test is done');
  assert.equal(said.code, 1);
  assert.match(said.error, /exeat: `none`: there is no such thing/);
  assert.deepEqual(
    asked.map((one) => one[2]),
    ['none', id, 'other'],
  );
  assert.equal(said.out.trim().split('\n').length, 3);
});

test('what has ended tells when and by what, and that a review is due', async () => {
  shown = [
    stubException({
      status: 'expired',
      close: 'closed',
      reviewStatus: 'review_due',
      beneficiary: 'cyn',
      digest: '',
      notBefore: '2026-11-28T10:00:00.000Z',
      notAfter: '2026-11-28T18:00:00.000Z',
      endedAt: '2026-11-28T18:00:00.000Z',
      reviewDueAt: '2026-11-30T18:00:00.000Z',
      decisions: [
        {
          by: 'ana',
          verdict: 'approve',
          at: '2026-11-28T10:00:00.000Z',
          reason: 'fine',
          isCurrent: true,
          confirmedBy: null,
        },
      ],
    }),
  ];
  const { out } = await say('show', id);
  assert.match(out, /^status +expired, closed, review_due$/m);
  assert.match(out, /^asked by +ben for cyn$/m);
  assert.match(out, /^ended +60 min ago \(2026-11-28 18:00\) by its time$/m);
  assert.match(out, /^approved +by ana, 9 h ago \(2026-11-28 10:00\): fine$/m);
  assert.match(out, new RegExp(`\\nWhat became of it: exeat exception review ${id} --outcome ok\\n$`));
  assert.doesNotMatch(out, /^digest/m);
});

describe('a list', () => {
  test('is a table for people', async () => {
    const said = await say('list');
    assert.equal(said.code, 0, said.error);
    const [head, first] = said.out.split('\n');
    assert.match(head ?? '', /^ID +STATUS +SERVICE +TO +FOR +UNTIL +OWNER +REQUESTER +REASON$/);
    assert.match(
      first ?? '',
      /pending +payments-api +bank\.example\.com:443 +8h +in 23 h \(2026-11-29 18:30\) +team-payments +ben +the new/,
    );
    assert.equal(said.out.trim().split('\n').length, 4);
  });

  test('is CSV that no spreadsheet runs, with every value as the API told it', async () => {
    const said = await say('list', '-o', 'csv');
    const lines = said.out.split('\r\n');
    assert.match(
      lines[0] ?? '',
      /^id,kind,status,close,reviewStatus,tier,findings,service,identity,to,via,durationSeconds,bytesUp,/,
    );
    assert.match(
      lines[1] ?? '',
      /^01KB0Z2Q6W7V8X9Y0A1B2C3D4E,exception,pending,,,medium,new_domain,payments-api,,bank\.example\.com:443,,28800,1073741824,/,
    );
    assert.match(lines[2] ?? '', /,'=SUM\(A1\),/);
  });

  test('of mine asks who I am, and a bounded one says that there is more', async () => {
    const said = await say('list', '--mine', '--limit', '1', '-o', 'json');
    assert.deepEqual(asked, [['list', { requester: 'ana', limit: 1 }]]);
    assert.equal((JSON.parse(said.out) as unknown[]).length, 1);
    assert.equal(said.error, '# 1 are listed and there are more: raise `--limit`\n');
    assert.equal((await say('list', '--limit', '0')).code, 1);
  });
});

test('usage and summary say what the numbers mean', async () => {
  const listed = await say('usage');
  assert.match(
    listed.out,
    /12 +2\.0 MiB +1\.0 GiB +30 min ago \(2026-11-28 18:30\) +1\.5 of 8\.0 h +3 +open 61 of the last 90 days: make it a rule/,
  );
  assert.match((await say('usage', id)).out, /^denied just outside +3$/m);
  const told = (await say('summary')).out;
  assert.match(told, /^time to approval +15m \(median\), 2 within a minute$/m);
  assert.match(told, /^only grants justify +2\.5 % of connections, - of bytes \(30 days\)$/m);
  assert.match((await say('usage', '-o', 'csv')).out, /^id,service,to,owner,status,connections,bytesUp,/);
});

const ana = {
  id: 'ana',
  name: 'Ana',
  roles: ['admin'],
  owns: [],
  isDisabled: false,
  createdAt: '2026-11-28T18:00:00.000Z',
  createdBy: 'setup',
  linkedTo: [],
};

const usage = {
  id,
  service: 'payments-api',
  to: 'bank.example.com:443',
  owner: 'team-payments',
  status: 'active',
  connections: 12,
  bytesUp: 2 * 2 ** 20,
  bytesDown: 2 ** 30,
  firstUse: '2026-11-28T17:00:00.000Z',
  lastUse: '2026-11-28T18:30:00.000Z',
  hoursUsed: 1.5,
  hoursGranted: 8,
  denialsJustOutside: 3,
  observedSince: '2026-11-01T00:00:00.000Z',
  findings: ['open 61 of the last 90 days: make it a rule'],
};

const summary = {
  active: 3,
  pending: 1,
  ended: 10,
  unusedAtEnd: 4,
  extendedTwice: 1,
  nearlyPermanent: [id],
  repeated: [],
  samePairs: ['ana and ben'],
  medianSecondsToApproval: 900,
  approvedWithinAMinute: 2,
  reviewsOverdue: 0,
  breakGlass: 1,
  connectionShare: 0.025,
  byteShare: null,
};
