import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { rpzOf } from '../../../test/support/rpz-fixture.ts';
import { openRpz } from '../rpz/open-rpz.ts';
import { a, answerOf, ask, bed, client, cname, resetBed, verdicts } from './filter.playbook.ts';

beforeEach(resetBed);

describe('a response policy zone', () => {
  const zone = (...lines: readonly string[]): void => {
    bed.zones = openRpz([rpzOf('rpz.example', ...lines)]);
  };

  for (const [target, wanted] of [
    ['.', 'NXDOMAIN'],
    ['*.', 'NOERROR'],
    ['rpz-drop.', null],
    ['rpz-passthru.', 'NOERROR'],
  ] as const) {
    test(`answers by its entry: CNAME ${target}`, async () => {
      zone(`bank.example.com CNAME ${target}`);
      const said = await ask('bank.example.com');
      assert.equal(said?.rcode ?? null, wanted);
      if (target === 'rpz-passthru.') assert.deepEqual(said?.answers, ['203.0.113.7']);
      else assert.deepEqual([bed.asked, verdicts()[0]?.reason], [[], 'response_policy_denied']);
    });
  }

  test('opens nothing: what no rule allows stays denied', async () => {
    zone('other.example CNAME rpz-passthru.', 'third.example A 192.0.2.90');
    assert.deepEqual(
      [(await ask('other.example'))?.rcode, (await ask('third.example'))?.rcode],
      ['NXDOMAIN', 'NXDOMAIN'],
    );
    assert.deepEqual(bed.asked, []);
  });

  test('sends clients to TCP', async () => {
    zone('bank.example.com CNAME rpz-tcp-only.');
    assert.equal((await ask('bank.example.com'))?.isTruncated, true);
    assert.deepEqual((await ask('bank.example.com', 'A', { ...client, transport: 'tcp' }))?.answers, ['203.0.113.7']);
  });

  test('holds for clients, on every alias and on every address, unless an entry of the question let it pass', async () => {
    bed.answers.set(
      'x.cdn.example.com A',
      answerOf(
        'x.cdn.example.com',
        'A',
        cname('x.cdn.example.com', 'bad.example.org'),
        a('bad.example.org', '203.0.113.9'),
      ),
    );
    zone('bad.example.org CNAME .');
    assert.equal((await ask('x.cdn.example.com'))?.rcode, 'NXDOMAIN');
    zone('32.7.113.0.203.rpz-ip CNAME .');
    assert.equal((await ask('bank.example.com'))?.rcode, 'NXDOMAIN');
    zone('32.7.113.0.203.rpz-ip CNAME .', 'bank.example.com CNAME rpz-passthru.');
    assert.equal((await ask('bank.example.com'))?.rcode, 'NOERROR');
    zone('24.0.0.20.10.rpz-client-ip CNAME .');
    assert.equal((await ask('bank.example.com'))?.rcode, 'NXDOMAIN');
  });

  test('has records of its own, and its aliases are followed', async () => {
    zone('bank.example.com A 192.0.2.90', 'db.example.com CNAME walled.example.net.');
    assert.deepEqual((await ask('bank.example.com'))?.answers, ['192.0.2.90']);
    assert.deepEqual((await ask('bank.example.com', 'AAAA'))?.answers, []);
    bed.answers.set(
      'walled.example.net A',
      answerOf('walled.example.net', 'A', a('walled.example.net', '203.0.113.80')),
    );
    assert.deepEqual((await ask('db.example.com'))?.answers, ['walled.example.net', '203.0.113.80']);
  });

  test('leads nobody to an address or a name that the policy keeps from them', async () => {
    zone('bank.example.com CNAME inner.example.net.', 'db.example.com CNAME evil.example.net.');
    bed.answers.set(
      'inner.example.net A',
      answerOf('inner.example.net', 'A', a('inner.example.net', '169.254.169.254')),
    );
    bed.answers.set('evil.example.net A', answerOf('evil.example.net', 'A', a('evil.example.net', '203.0.113.66')));
    assert.deepEqual((await ask('bank.example.com'))?.answers, ['inner.example.net']);
    assert.deepEqual((await ask('db.example.com'))?.answers, ['evil.example.net']);
    assert.deepEqual(bed.asked, ['inner.example.net A']);
  });

  test('that sends an address to TCP answers there', async () => {
    zone('32.7.113.0.203.rpz-ip CNAME rpz-tcp-only.');
    const byTcp = { ...client, transport: 'tcp' } as const;
    for (let round = 0; round < 2; round += 1) {
      assert.equal((await ask('bank.example.com'))?.isTruncated, true);
      assert.deepEqual((await ask('bank.example.com', 'A', byTcp))?.answers, ['203.0.113.7']);
    }
  });

  test('that lets one client pass holds for the others of its service', async () => {
    zone('32.7.0.20.10.rpz-client-ip CNAME rpz-passthru.', '32.7.113.0.203.rpz-ip CNAME .');
    assert.deepEqual((await ask('bank.example.com'))?.answers, ['203.0.113.7']);
    assert.equal((await ask('bank.example.com', 'A', { ...client, address: '10.20.0.8' }))?.rcode, 'NXDOMAIN');
    assert.deepEqual((await ask('bank.example.com'))?.answers, ['203.0.113.7']);
  });
});
