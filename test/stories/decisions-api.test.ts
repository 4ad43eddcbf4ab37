import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type {
  AuditEvidenceAnswer,
  AuditState,
  AuditVerifying,
  CheckpointsAnswer,
  DecisionRow,
  ExplainedDecision,
  OpenAnswer,
  OpenEvidenceAnswer,
  OverviewAnswer,
  Page,
  PreviewAnswer,
} from '../../src/api/contract/index.ts';
import { type ExceptionHouse, startExceptionHouse } from '../support/exception-house.ts';
import { waitFor } from '../support/product.ts';
import { findingsOf, unpackEvidence } from '../support/unpack-evidence.ts';

// What was decided, as the API tells it: listed, followed live, explained; and what a request would come to before anybody asks.

let house: ExceptionHouse;

before(async () => {
  house = await startExceptionHouse({ config: { hosts: { 'bank.example': '127.0.0.1' } } });
  for (const host of ['bank.example', 'a.shop.example', 'b.shop.example', 'notshop.example'])
    await house.reasonOf(host);
  await house.grant('bank.example');
  assert.equal(await house.reasonOf('bank.example'), 'open');
  await house.story.product.waitForRecord((one) => one.kind === 'verdict' && one.grantId !== null);
});
after(() => house?.stop());

async function list(query: string): Promise<Page<DecisionRow>> {
  const { status, body } = await house.call<Page<DecisionRow>>('ana', `/decisions?${query}`);
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

async function hosts(query: string): Promise<readonly (string | null)[]> {
  return (await list(query)).items.map(({ host }) => host);
}

test('decisions are listed newest first, by what is asked for, page by page', async () => {
  assert.deepEqual(await hosts('verdict=deny'), [
    'notshop.example',
    'b.shop.example',
    'a.shop.example',
    'bank.example',
  ]);
  assert.deepEqual(
    await hosts('host=shop.example'),
    ['b.shop.example', 'a.shop.example'],
    'a name and what is below it',
  );
  assert.deepEqual(await hosts('host=*.shop.example&verdict=deny&reason=no_rule_matched&point=proxy&service=story'), [
    'b.shop.example',
    'a.shop.example',
  ]);
  assert.deepEqual(await hosts('service=other'), []);
  assert.ok((await hosts('verdict=allow')).every((host) => host === 'bank.example'));
  const denied = await hosts('verdict=deny');
  for (const query of ['source=127.0.0.1', 'source=127.0.0.0/8', 'identity=credential:story']) {
    assert.deepEqual(await hosts(`verdict=deny&${query}`), denied, query);
  }
  for (const query of ['source=10.0.0.0/8', 'source=::1', 'identity=credential:stor', 'identity=%22']) {
    assert.deepEqual(await hosts(query), [], query);
  }
  const paged: string[] = [];
  for (let cursor = ''; ; ) {
    const page = await list(`verdict=deny&limit=1${cursor}`);
    paged.push(...page.items.map(({ host }) => host ?? ''));
    if (page.next === null) break;
    cursor = `&cursor=${encodeURIComponent(page.next)}`;
  }
  assert.deepEqual(paged, ['notshop.example', 'b.shop.example', 'a.shop.example', 'bank.example']);
  const later = new Date(Date.now() + 60_000).toISOString();
  assert.deepEqual(await hosts(`since=${later}`), []);
  assert.deepEqual(await hosts(`verdict=deny&until=${new Date(0).toISOString()}`), []);
});

test('what is asked for in another spelling, or by whoever may not see, is refused', async () => {
  for (const query of [
    'verdict=maybe',
    'host=%0a',
    'reason=NO',
    'limit=0',
    'unknown=1',
    'cursor=abc',
    'source=10.0.0.1/8',
    'source=x',
  ]) {
    assert.equal((await house.call('ana', `/decisions?${query}`)).status, 400, query);
  }
  assert.equal((await house.call(null, '/decisions')).code, 'token_missing');
  const made = await house.call<{ readonly secret: string }>('eve', '/tokens', {
    body: { label: 'narrow', scopes: ['audit:read'], person: null, lastsSeconds: 3_600 },
  });
  for (const path of ['/decisions', '/decisions/tail', '/decisions/01KB0Z2Q6W7V8X9Y0A1B2C3D4E']) {
    assert.equal((await house.call(made.body.secret, path)).code, 'scope_missing', path);
  }
  assert.equal((await house.call('ana', '/decisions/01KB0Z2Q6W7V8X9Y0A1B2C3D4E')).status, 404);
  assert.equal((await house.call('ana', '/decisions/tail?after=/etc/passwd:0')).status, 400);
  assert.equal((await house.call('ana', '/decisions/tail?source=10.0.0.1/8')).status, 400);
});

test('a denial is explained by the policy that decided, with what would let it through', async () => {
  const [row] = (await list('host=bank.example&verdict=deny')).items;
  const { body } = await house.call<ExplainedDecision>('ana', `/decisions/${row?.id}`);
  assert.deepEqual([body.decision.id, body.decision.reason, body.missing], [row?.id, 'no_rule_matched', null]);
  assert.match(body.change ?? '', /add `- \{ to: "bank\.example/);
  assert.deepEqual(body.requestable, {
    service: 'story',
    to: `bank.example:${house.story.origin.port}`,
    owner: 'team-story',
  });
  const [allowed] = (await list('verdict=allow')).items;
  const explained = await house.call<ExplainedDecision>('ana', `/decisions/${allowed?.id}`);
  // The page that needs no account tells of denials, and of nothing that was let out.
  assert.equal((await fetch(`${house.api}/request?decision=${row?.id}`)).status, 200);
  assert.equal((await fetch(`${house.api}/request?decision=${allowed?.id}`)).status, 404);
  assert.deepEqual([explained.body.requestable, explained.body.change], [null, null]);
  assert.notEqual(allowed?.grantId, null);
});

test('a request is previewed by what would decide it, and nothing is asked for', async () => {
  const before = await house.size();
  const preview = async (query: string): Promise<PreviewAnswer> =>
    (await house.call<PreviewAnswer>('ana', `/exception-preview?${query}`)).body;
  const opaque = await preview('service=story&to=tcp://NEW.example:25');
  assert.deepEqual(
    [opaque.to, opaque.tier, opaque.findings.map(({ code }) => code), opaque.service?.owner, opaque.obstacle],
    ['tcp://new.example:25', 'medium', ['new_domain', 'opaque_protocol'], 'team-story', null],
  );
  assert.match((await preview('service=story&to=*:443')).obstacle ?? '', /every host/);
  assert.equal((await preview('service=nobody&to=new.example:443')).service, null);
  assert.equal((await house.call('ana', '/exception-preview?service=story&to=nonsense')).code, 'target_malformed');
  assert.equal(await house.size(), before);
});

test('evidence of who has what open is checked by whoever has the key, and no file of it can be changed', async () => {
  const asked = { body: { service: 'story' } };
  const { status, body } = await house.call<OpenEvidenceAnswer>('eve', '/open/evidence', asked);
  assert.equal(status, 201, JSON.stringify(body));
  const { home, pack } = unpackEvidence(body);
  try {
    const answer = JSON.parse(readFileSync(join(pack, 'open.json'), 'utf8')) as OpenAnswer;
    const granted = answer.openings.find(({ kind }) => kind === 'grant')?.id ?? '';
    const acts = readFileSync(join(pack, 'entries.ndjson'), 'utf8');
    for (const action of ['exception.submitted', 'exception.granted', 'policy.changed', 'open.exported']) {
      assert.ok(acts.includes(`"action":"${action}"`), `${action} is in it: ${acts}`);
    }
    assert.ok(acts.includes(`"subject":"exception/${granted}"`));
    const keyFile = join(house.story.product.state, 'audit', 'log.pub');
    const told = (): Promise<readonly string[]> => findingsOf(pack, { keyFile });
    assert.deepEqual(await told(), []);
    for (const name of readdirSync(pack)) {
      const before = readFileSync(join(pack, name));
      writeFileSync(join(pack, name), before.toString('latin1').replace(/[a-m]/, 'z'), 'latin1');
      assert.notDeepEqual(await told(), [], name);
      writeFileSync(join(pack, name), before);
    }
    assert.match(readFileSync(join(pack, 'open.csv'), 'utf8'), new RegExp(`^grant,${granted},story,`, 'm'));
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
  // It is an act of who takes it, and for those who may read both the log and the policy's ways out.
  assert.deepEqual(
    (await house.acts('limit=1')).map(({ actor, action }) => [actor, action]),
    [['eve', 'open.exported']],
  );
  assert.equal((await house.call('ana', '/open/evidence', asked)).code, 'scope_missing');
  const narrow = await house.call<{ readonly secret: string }>('eve', '/tokens', {
    body: { label: 'narrow', scopes: ['audit:read'], person: null, lastsSeconds: 3_600 },
  });
  assert.equal((await house.call(narrow.body.secret, '/open/evidence', asked)).code, 'scope_missing');
  assert.equal(
    (await house.call('eve', '/open/evidence', { body: { at: '2999-01-01T00:00:00Z' } })).code,
    'time_ahead',
  );
});

test('control verifies its log, and tells a tile that somebody changed by its file', async () => {
  const stateOf = async (): Promise<AuditState> => (await house.call<AuditState>('eve', '/audit')).body;
  assert.equal((await stateOf()).verification, null);
  const verify = async (): Promise<AuditVerifying> => {
    const { status, body } = await house.call<AuditVerifying>('eve', '/audit/verify', { body: {} });
    assert.equal(status, 200, JSON.stringify(body));
    return body;
  };
  const { isVerifying, verification } = await verify();
  assert.deepEqual([isVerifying, verification?.findingCount, verification?.findings], [false, 0, []]);
  assert.equal(verification?.size, Number((await stateOf()).checkpoint?.split('\n')[1]));
  // The newest tile is replaced by a wider one with the next act, whosever that is.
  const tiles = join(house.story.product.state, 'audit', 'tile/entries/000.p');
  await waitFor(async () => {
    const [tile = ''] = readdirSync(tiles);
    const good = readFileSync(join(tiles, tile), 'latin1');
    writeFileSync(join(tiles, tile), good.replace('"person.created"', '"person.changed"'), 'latin1');
    const found = (await verify()).verification?.findings.map(({ kind, file }) => `${kind} ${file}`) ?? [];
    writeFileSync(join(tiles, tile), good, 'latin1');
    return found.includes(`altered tile/entries/000.p/${tile}`);
  }, 'the tile that was changed');
  const last = await verify();
  assert.equal(last.verification?.findingCount, 0);
  assert.deepEqual((await stateOf()).verification, last.verification);
});

test('checkpoints that are kept elsewhere vouch for the log, and show another one', async () => {
  const { body } = await house.call<CheckpointsAnswer>('eve', '/audit/checkpoints');
  const [newest, ...older] = body.items;
  assert.ok(newest !== undefined && older.length > 0 && newest.size > (older.at(-1)?.size ?? 0));
  const kept = join(house.story.product.state, 'kept.txt');
  writeFileSync(kept, body.items.map(({ note }) => note).join('\n'));
  const dir = join(house.story.product.state, 'audit');
  assert.deepEqual(await findingsOf(dir, { checkpointFiles: [kept] }), []);
  writeFileSync(kept, newest.note.replace(newest.root, older.at(-1)?.root ?? ''));
  assert.deepEqual(await findingsOf(dir, { checkpointFiles: [kept] }), [`rewritten ${kept}`]);
});

test('evidence of a time holds its acts with proofs, is noted, and is bounded', async () => {
  const take = (asked: object, as = 'eve') => house.call<AuditEvidenceAnswer>(as, '/audit/evidence', { body: asked });
  const { status, body } = await take({});
  assert.equal(status, 201, JSON.stringify(body));
  assert.equal(Date.parse(body.until) - Date.parse(body.since), 30 * 86_400_000);
  const { home, pack } = unpackEvidence(body);
  try {
    const keyFile = join(house.story.product.state, 'audit', 'log.pub');
    assert.deepEqual(await findingsOf(pack, { keyFile }), []);
    const lines = readFileSync(join(pack, 'entries.ndjson'), 'utf8');
    assert.ok(lines.includes('"action":"exception.granted"'));
    // The house was founded 40 days ago: the last act of then is the neighbour that shows that nothing was left out.
    assert.equal(lines.trimEnd().split('\n').length, body.entries + 1);
    writeFileSync(join(pack, 'entries.ndjson'), lines.replace('"exception.granted"', '"exception.gronted"'));
    assert.notDeepEqual(await findingsOf(pack, { keyFile }), []);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
  const [noted] = await house.acts('action=audit.exported');
  assert.deepEqual(
    [noted?.actor, noted?.details['entries'], noted?.details['since']],
    ['eve', body.entries, body.since],
  );
  const temporary = readdirSync(join(house.story.product.state, 'audit.tmp'));
  assert.deepEqual(
    temporary.filter((name) => name.startsWith('evidence-')),
    [],
  );
  const none = await take({ since: '2001-01-01T00:00:00Z', until: '2001-01-02T00:00:00Z' });
  assert.equal(none.body.entries, 0);
  for (const asked of [
    { since: '2999-01-01T00:00:00Z' },
    { since: '2026-01-02T00:00:00Z', until: '2026-01-01T00:00:00Z' },
  ])
    assert.equal((await take(asked)).code, 'span_empty', JSON.stringify(asked));
  assert.equal((await take({ since: 'yesterday' })).status, 400);
  for (const [path, sent] of [
    ['/audit/verify', { body: {} }],
    ['/audit/checkpoints', {}],
    ['/audit/evidence', { body: {} }],
  ] as const) {
    assert.equal((await house.call('ana', path, sent)).code, 'scope_missing', path);
    assert.equal((await house.call(null, path, sent)).code, 'token_missing', path);
  }
});

test('the overview says whether the point decides by the policy in force, and what is new', async () => {
  const { body } = await house.call<OverviewAnswer>('ana', '/overview');
  assert.deepEqual(
    body.points.map(({ name, policyVersion, isCurrent, isKeepingRecords }) => [
      name,
      policyVersion,
      isCurrent,
      isKeepingRecords,
    ]),
    [['point', body.policyVersion, true, true]],
  );
  assert.deepEqual([body.servicesByMode, body.enforcedShare], [{ enforce: 1, observe: 0 }, 1]);
  assert.deepEqual(body.fresh.map(({ host }) => host).sort(), [
    'a.shop.example',
    'b.shop.example',
    'bank.example',
    'notshop.example',
  ]);
  assert.equal(body.freshCount, 4);
  const [today] = body.days;
  assert.ok(today !== undefined && today.allowed >= 1 && today.denied >= 4);
  assert.deepEqual([body.brokenCount, body.broken], [0, []]);
});

test('the stream tells what comes, of what is asked for, and goes on where it broke off', async () => {
  const first = await openTail('host=live.example');
  await first.waitFor(1);
  await house.reasonOf('else.example');
  await house.reasonOf('one.live.example');
  const [begun, one] = await first.waitFor(2);
  assert.deepEqual([begun?.event, one?.event, one?.data.host], ['begun', 'decision', 'one.live.example']);
  first.close();
  // Decided while nobody listened.
  await house.reasonOf('two.live.example');
  const second = await openTail('host=live.example', one?.id);
  const again = await second.waitFor(2);
  assert.deepEqual(
    again.map(({ event, data }) => [event, data.host]),
    [
      ['begun', undefined],
      ['decision', 'two.live.example'],
    ],
  );
  second.close();
});

test('nobody holds all the seats, and whoever loses the right to see loses the stream', async () => {
  const tails = await Promise.all(Array.from({ length: 6 }, () => openTail('', undefined, 'cyn')));
  const seventh = await house.call('cyn', '/decisions/tail');
  assert.equal(seventh.code, 'too_many_attempts');
  const others = await openTail('', undefined, 'ben');
  await others.waitFor(1);
  tails[0]?.close();
  const fresh = await waitFor(() => openTail('', undefined, 'cyn').catch(() => false as const), 'a free seat');
  await house.call('cyn', `/tokens/${house.accountOf('cyn').tokenId}/revoke`, { body: {} });
  await fresh.ended;
  for (const tail of [...tails, others]) tail.close();
});

interface Told {
  readonly id: string;
  readonly event: string;
  readonly data: Partial<DecisionRow>;
}

interface OpenTail {
  /** Waits until so many events came; gives them. */
  waitFor(count: number): Promise<readonly Told[]>;
  readonly ended: Promise<void>;
  close(): void;
}

async function openTail(query: string, after?: string, as = 'ana'): Promise<OpenTail> {
  const stop = new AbortController();
  const response = await fetch(`${house.api}/api/v1/decisions/tail?${query}`, {
    signal: stop.signal,
    headers: {
      authorization: `Bearer ${house.accountOf(as).secret}`,
      ...(after === undefined ? {} : { 'last-event-id': after }),
    },
  });
  if (response.status !== 200) {
    stop.abort();
    throw new Error(`the stream was refused with ${response.status}`);
  }
  assert.equal(response.headers.get('content-type'), 'text/event-stream');
  let text = '';
  const read = async (): Promise<void> => {
    const decoder = new TextDecoder();
    for await (const part of response.body ?? []) text += decoder.decode(part as Uint8Array, { stream: true });
  };
  const ended = read().catch(() => undefined);
  const told = (): readonly Told[] =>
    text
      .split('\n\n')
      .slice(0, -1)
      .flatMap((block) => {
        const [, id = '', event = '', data = '{}'] = /^id: (.*)\nevent: (.*)\ndata: (.*)$/.exec(block) ?? [];
        return event === '' ? [] : [{ id, event, data: JSON.parse(data) as Partial<DecisionRow> }];
      });
  return {
    waitFor: (count) => waitFor(async () => told().length >= count && told(), `${count} events`),
    ended,
    close: () => stop.abort(),
  };
}
