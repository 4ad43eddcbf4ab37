import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { grantOf } from '../../../test/support/grant-fixture.ts';
import { addressOf, policyOf } from '../../../test/support/policy-fixture.ts';
import { noFacts, openGrants } from '../../policy/index.ts';
import { rcodes } from '../../wire/index.ts';
import { a, answerOf, ask, bed, client, cname, make, payments, resetBed, verdicts } from './filter.playbook.ts';

beforeEach(resetBed);

describe('a name that a rule allows', () => {
  test('is asked for once, told, and told from memory with less time left', async () => {
    assert.deepEqual(await ask('bank.example.com'), {
      rcode: 'NOERROR',
      answers: ['203.0.113.7'],
      ttl: 300,
      ede: null,
      isTruncated: false,
      cookie: null,
    });
    bed.nowMs += 100_000;
    assert.equal((await ask('BANK.example.com'))?.ttl, 200);
    assert.deepEqual(bed.asked, ['bank.example.com A']);
    const [record] = verdicts();
    assert.deepEqual(
      [record?.point, record?.stage, record?.verdict, record?.reason, record?.query, record?.destination?.port],
      ['dns', 'name', 'allow', 'rule_matched', 'A', null],
    );
    assert.deepEqual([record?.source, record?.principal?.service], ['10.20.0.7:40000', 'payments-api']);
  });

  test('keeps public addresses only; where none is left there is nothing, and the record says so', async () => {
    bed.answers.set(
      'bank.example.com A',
      answerOf('bank.example.com', 'A', a('bank.example.com', '203.0.113.7'), a('bank.example.com', '10.0.0.1')),
    );
    assert.deepEqual((await ask('bank.example.com'))?.answers, ['203.0.113.7']);
    bed.answers.set(
      'x.cdn.example.com A',
      answerOf('x.cdn.example.com', 'A', a('x.cdn.example.com', '169.254.169.254')),
    );
    const said = await ask('x.cdn.example.com');
    assert.deepEqual([said?.rcode, said?.answers, said?.ede?.[0]], ['NOERROR', [], 15]);
    const record = verdicts().at(-1);
    assert.deepEqual([record?.verdict, record?.reason], ['deny', 'address_forbidden']);
    assert.match(record?.detail ?? '', /^169\.254\.169\.254: /);
  });

  test('is not led by an alias around a deny, and needs no rule for where it is led', async () => {
    bed.answers.set(
      'x.cdn.example.com A',
      answerOf(
        'x.cdn.example.com',
        'A',
        cname('x.cdn.example.com', 'edge.example.org'),
        a('edge.example.org', '203.0.113.9'),
      ),
    );
    assert.deepEqual((await ask('x.cdn.example.com'))?.answers, ['edge.example.org', '203.0.113.9']);
    bed.answers.set(
      'y.cdn.example.com A',
      answerOf(
        'y.cdn.example.com',
        'A',
        cname('y.cdn.example.com', 'evil.example.net'),
        a('evil.example.net', '203.0.113.9'),
      ),
    );
    const said = await ask('y.cdn.example.com');
    assert.deepEqual([said?.rcode, said?.answers, said?.ede?.[0]], ['NXDOMAIN', [], 17]);
    assert.deepEqual(
      [verdicts().at(-1)?.reason, verdicts().at(-1)?.detail],
      ['rule_denied', 'by way of evil.example.net'],
    );
  });

  test('is told past its time where nobody answers, and not for ever', async () => {
    await ask('bank.example.com');
    bed.answers.set('bank.example.com A', null);
    bed.nowMs += 400_000;
    const said = await ask('bank.example.com');
    assert.deepEqual([said?.rcode, said?.answers, said?.ttl, said?.ede?.[0]], ['NOERROR', ['203.0.113.7'], 30, 3]);
    bed.nowMs += 90_000_000;
    assert.deepEqual([(await ask('bank.example.com'))?.rcode], ['SERVFAIL']);
  });

  test('that nobody answers for is a failure with a reason', async () => {
    bed.answers.set('bank.example.com A', null);
    const said = await ask('bank.example.com');
    assert.deepEqual([said?.rcode, said?.ede], ['SERVFAIL', [22, 'nobody answers']]);
  });
});

describe('a name that nothing allows', () => {
  test('is asked of nobody, answered for a short time, and recorded every time with the id that is told', async () => {
    const said = await ask('other.example');
    assert.deepEqual([said?.rcode, said?.answers, said?.ede?.[0]], ['NXDOMAIN', [], 15]);
    assert.deepEqual(bed.asked, []);
    const [record] = verdicts();
    assert.deepEqual([record?.verdict, record?.reason], ['deny', 'no_rule_matched']);
    assert.equal(said?.ede?.[1], `${record?.id} no_rule_matched`);
  });

  for (const [denial, rcode, told] of [
    ['nodata', 'NOERROR', []],
    ['refused', 'REFUSED', []],
    [{ sinkhole: [addressOf('192.0.2.80')] }, 'NOERROR', ['192.0.2.80']],
  ] as const) {
    test(`is answered as the settings say: ${JSON.stringify(denial)}`, async () => {
      bed.filter = make({ denial });
      const said = await ask('other.example');
      assert.deepEqual([said?.rcode, said?.answers], [rcode, told]);
      assert.deepEqual((await ask('other.example', 'AAAA'))?.answers, []);
    });
  }

  test('and that resolvers only try is no denial', async () => {
    for (const name of ['bank.example.com.svc.cluster.local', 'localthing']) {
      const said = await ask(name);
      assert.deepEqual([said?.rcode, said?.ede], ['NXDOMAIN', null]);
    }
    assert.deepEqual([bed.asked, bed.records, bed.filter.counts().noise], [[], [], 2]);
  });

  test('is let through and told of where the service is observed', async () => {
    bed.policy = policyOf([{ ...payments, mode: 'observe', observeUntil: Number.MAX_SAFE_INTEGER }]);
    bed.answers.set('other.example A', answerOf('other.example', 'A', a('other.example', '203.0.113.20')));
    assert.deepEqual((await ask('other.example'))?.answers, ['203.0.113.20']);
    assert.deepEqual([verdicts()[0]?.wouldDeny, verdicts()[0]?.wouldDenyReason], [true, 'no_rule_matched']);
  });

  test('again and again is counted in a sum where the service is observed, name by name', async () => {
    bed.policy = policyOf([{ ...payments, mode: 'observe', observeUntil: Number.MAX_SAFE_INTEGER }]);
    for (const name of ['elsewhere.example.org', 'other.example.org'])
      bed.answers.set(`${name} A`, answerOf(name, 'A', a(name, '203.0.113.9')));
    for (let count = 0; count < 100; count += 1) await ask('elsewhere.example.org');
    await ask('other.example.org');
    assert.equal(verdicts().length, 20 + 1);
    bed.nowMs += 10_000;
    bed.filter.flush(false);
    const sum = verdicts().at(-1);
    const { verdict, wouldDeny, repeats, destination } = sum ?? {};
    assert.deepEqual([verdict, wouldDeny, repeats, destination?.host], ['allow', true, 80, 'elsewhere.example.org']);
    assert.equal(sum?.flow, verdicts()[19]?.id);
  });

  test('clients that would look for another resolver are told to stay', async () => {
    assert.equal((await ask('use-application-dns.net'))?.rcode, 'NXDOMAIN');
    assert.deepEqual((await ask('_dns.resolver.arpa', 'HTTPS'))?.answers, []);
    assert.equal((await ask('mask.icloud.com'))?.rcode, 'NXDOMAIN');
    assert.deepEqual([bed.asked, bed.records], [[], []]);
  });
});

describe('queries that can carry data', () => {
  test('need a rule that names them', async () => {
    const said = await ask('bank.example.com', 'TXT');
    // That the name is not there would be kept for its addresses too.
    assert.deepEqual([said?.rcode, said?.answers, said?.ede?.[0]], ['NOERROR', [], 15]);
    assert.deepEqual([verdicts()[0]?.reason, bed.asked], ['query_type_denied', []]);
    bed.answers.set('mail.example.com TXT', answerOf('mail.example.com', 'TXT'));
    assert.equal((await ask('mail.example.com', 'TXT'))?.rcode, 'NOERROR');
    assert.deepEqual(bed.asked, ['mail.example.com TXT']);
  });

  test('the way back from an address is told to whom the address was told, without asking anybody', async () => {
    await ask('bank.example.com');
    assert.deepEqual((await ask('7.113.0.203.in-addr.arpa', 'PTR'))?.answers, ['bank.example.com']);
    assert.equal((await ask('8.113.0.203.in-addr.arpa', 'PTR'))?.rcode, 'NXDOMAIN');
    assert.deepEqual(bed.asked, ['bank.example.com A']);
  });
});

describe('who asks', () => {
  test('nobody that is known is refused, and told that it is about who asks', async () => {
    const said = await ask('bank.example.com', 'A', { ...client, address: '192.0.2.99' });
    assert.deepEqual([said?.rcode, said?.ede, verdicts()[0]?.reason], ['REFUSED', [18, ''], 'identity_unknown']);
    // A forged address is told no more than it sent; one that came back over TCP is not forged.
    const byTcp = await ask('bank.example.com', 'A', { ...client, address: '192.0.2.99', transport: 'tcp' });
    assert.match(byTcp?.ede?.[1] ?? '', /^01DNS\S+ identity_unknown$/);
    assert.deepEqual(bed.asked, []);
  });

  test('a cookie that we gave shows that the address is not forged, and the whole reason is told', async () => {
    const stranger = { ...client, address: '192.0.2.99' };
    const own = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    const first = await ask('bank.example.com', 'A', stranger, own);
    assert.deepEqual([first?.ede, first?.cookie?.length], [[18, ''], 24]);
    const again = await ask('bank.example.com', 'A', stranger, first?.cookie);
    assert.match(again?.ede?.[1] ?? '', /^01DNS\S+ identity_unknown$/);
    assert.deepEqual(again?.cookie, first?.cookie);
    const other = await ask('bank.example.com', 'A', { ...stranger, address: '192.0.2.98' }, first?.cookie);
    assert.deepEqual(other?.ede, [18, '']);
    // With an answer that is waited for, and with one from memory.
    for (let count = 0; count < 2; count += 1)
      assert.equal((await ask('bank.example.com', 'A', client, own))?.cookie?.length, 24);
    assert.equal((await ask('bank.example.com'))?.cookie, null);
  });

  test('a proof that fails never falls back to the address', async () => {
    const proofs = [{ kind: 'basic', username: 'payments-api', password: 'wrong' }] as const;
    assert.equal((await ask('bank.example.com', 'A', { ...client, proofs }))?.rcode, 'REFUSED');
  });

  test('without a policy everything is denied, and says so', async () => {
    bed.policy = null;
    const said = await ask('bank.example.com');
    assert.deepEqual([said?.rcode, said?.ede?.[0], verdicts()[0]?.reason], ['NXDOMAIN', 14, 'no_policy']);
  });
});

describe('a grant', () => {
  test('opens a name, and no answer outlives it', async () => {
    const grant = grantOf('g1', 'files.example.org:443', { service: 'payments-api', notAfter: bed.nowMs + 60_500 });
    bed.facts = { ...noFacts, grants: openGrants([grant], []) };
    bed.answers.set(
      'files.example.org A',
      answerOf('files.example.org', 'A', a('files.example.org', '203.0.113.30', 3_000)),
    );
    assert.deepEqual((await ask('files.example.org'))?.ttl, 60);
    bed.nowMs += 60_000;
    assert.deepEqual((await ask('files.example.org'))?.ttl, 0);
    bed.nowMs += 1_000;
    assert.equal((await ask('files.example.org'))?.rcode, 'NXDOMAIN');
    assert.equal(verdicts().at(-1)?.reason, 'grant_expired');
  });
});

describe('the gateway', () => {
  test('learns addresses before they are told, only where it needs them, and on every time from memory', async () => {
    await ask('bank.example.com');
    assert.deepEqual(bed.confirmed, []);
    await ask('db.example.com');
    await ask('db.example.com');
    assert.deepEqual(bed.confirmed, [
      { name: 'db.example.com', addresses: ['203.0.113.8'] },
      { name: 'db.example.com', addresses: ['203.0.113.8'] },
    ]);
  });

  for (const not of [false, 'never'] as const)
    test(`that does not confirm lets nothing be told: ${not}`, async () => {
      bed.isConfirming = not;
      const began = performance.now();
      assert.equal((await ask('db.example.com'))?.rcode, 'SERVFAIL');
      assert.ok(performance.now() - began < 2_000);
      const [record] = bed.records;
      assert.match(record?.kind === 'verdict' ? (record.detail ?? '') : '', /did not confirm/);
      assert.ok(record?.kind === 'verdict' && record.answer === undefined, 'what was not told is not recorded as told');
      assert.equal((await ask('bank.example.com'))?.rcode, 'NOERROR');
    });

  test('has answers recorded with their addresses and their time, under the flow that it is given', async () => {
    await ask('db.example.com');
    const [record] = bed.records;
    assert.ok(record?.kind === 'verdict');
    assert.deepEqual(record.answer, { addresses: ['203.0.113.8'], ttlSeconds: 300 });
    assert.deepEqual([record.flow, record.id], [bed.flows[0], bed.flows[0]]);
    bed.filter = make({ sample: 0 });
    await ask('db.example.com');
    assert.equal(bed.records.length, 2, 'a flow that is asked for is recorded whatever its turn');
  });
});

describe('when records cannot be kept', () => {
  for (const [onFull, rule, grant] of [
    ['auto', 'NOERROR', 'NXDOMAIN'],
    ['block', 'NXDOMAIN', 'NXDOMAIN'],
    ['count', 'NOERROR', 'NOERROR'],
  ] as const) {
    test(`${onFull}: a rule gives ${rule}, a grant ${grant}`, async () => {
      bed.isKeeping = false;
      bed.facts = { ...noFacts, grants: openGrants([grantOf('granted', 'granted.example:443')], []) };
      bed.answers.set('granted.example A', answerOf('granted.example', 'A', a('granted.example', '203.0.113.5')));
      bed.filter = make({ onFull });
      const said = [await ask('bank.example.com'), await ask('granted.example')];
      assert.deepEqual(
        said.map((one) => one?.rcode),
        [rule, grant],
      );
    });
  }
});

test('what ends while a server is asked is told no more', async () => {
  bed.facts = { ...noFacts, grants: openGrants([grantOf('granted', 'granted.example:443')], []) };
  bed.answers.set('granted.example A', answerOf('granted.example', 'A', a('granted.example', '203.0.113.5')));
  const asking = ask('granted.example');
  bed.facts = noFacts;
  assert.equal((await asking)?.rcode, 'NXDOMAIN');
  assert.deepEqual(bed.asked, ['granted.example A']);
});

test('a service is asked for by its host', async () => {
  bed.answers.set('_imaps._tcp.bank.example.com 33', answerOf('_imaps._tcp.bank.example.com', 'SRV'));
  assert.equal((await ask('_imaps._tcp.bank.example.com', 'SRV'))?.rcode, 'NOERROR');
  assert.equal((await ask('_a-label-that-no-service-has._tcp.bank.example.com', 'SRV'))?.rcode, 'NXDOMAIN');
  assert.equal((await ask('_imaps._tcp.bank.example.com', 'A'))?.rcode, 'NXDOMAIN');
});

test('what is no query is answered with a code or not at all, and never asked of anybody', async () => {
  const into = new Uint8Array(65_535);
  assert.equal(bed.filter.answer(new Uint8Array(5), client, into), 0);
  assert.equal(bed.filter.answer(new Uint8Array(12), client, into), 12);
  assert.equal((into[3] ?? 0) & 15, rcodes.formErr);
  assert.equal(bed.filter.counts().malformed, 2);
  for (const type of ['AXFR', 'ANY'] as const) {
    const said = await ask('bank.example.com', type);
    assert.deepEqual([said?.rcode, said?.answers], ['REFUSED', []]);
  }
  assert.deepEqual(bed.asked, []);
});
