import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Lease } from './lease.ts';
import { foldTenancy, LeaseBook } from './lease-book.ts';

const address = '10.20.0.7';
const lease = (more: Partial<Lease> = {}): Lease => ({
  ...{ source: 'ipam', address, service: 'payments', from: 1_000, until: 2_000, mac: null },
  ...more,
});
const shown = (book: LeaseBook, now: number): string => {
  const standing = book.standingOf(address, now);
  if (standing.kind === 'nobody') return standing.reason;
  return standing.kind === 'none' ? 'none' : standing.leases.map(({ service }) => service).join();
};
/** Admits whatever should count now. */
const settle = (book: LeaseBook, now: number): void => {
  for (const change of book.changes(now)) book.admit(change.address, change.to);
};

describe('the book of leases', () => {
  test('a lease counts from its begin to its end by the clock, once it is admitted', async () => {
    const book = new LeaseBook();
    await book.replace('ipam', [lease()], 0);
    assert.equal(shown(book, 999), 'none');
    assert.equal(shown(book, 1_000), 'identity_unknown', 'not before it is admitted');
    settle(book, 1_000);
    assert.deepEqual([shown(book, 1_000), shown(book, 1_999)], ['payments', 'payments']);
    assert.equal(shown(book, 2_000), 'identity_unknown', 'over, and not taken back yet');
    settle(book, 2_000);
    assert.deepEqual([shown(book, 2_000), shown(book, 1_500)], ['none', 'identity_unknown']);
  });

  test('between two services the address is nobody', async () => {
    const book = new LeaseBook();
    await book.replace('ipam', [lease({ until: 9_000 })], 0);
    settle(book, 1_000);
    await book.replace('ipam', [lease({ service: 'orders', until: 9_000 })], 0);
    assert.equal(shown(book, 1_500), 'identity_unknown');
    assert.deepEqual(book.changes(1_500).length, 1);
    book.admit(address, null);
    assert.equal(shown(book, 1_500), 'identity_unknown', 'the new one is not admitted either');
    settle(book, 1_500);
    assert.equal(shown(book, 1_500), 'orders');
  });

  test('two services, or two hardware addresses, at once are nobody', async () => {
    for (const more of [{ service: 'orders' }, { mac: '02:00:00:00:00:01' }]) {
      const book = new LeaseBook();
      await book.replace('ipam', [lease()], 0);
      await book.replace('dhcp', [lease({ source: 'dhcp', from: 1_500, ...more })], 0);
      settle(book, 1_400);
      assert.equal(shown(book, 1_400), 'payments');
      assert.equal(shown(book, 1_500), 'identity_unknown');
      settle(book, 1_500);
      assert.equal(shown(book, 1_500), 'identity_conflict');
      assert.equal(book.countsOf('dhcp', 1_500).conflicts, 1);
    }
  });

  test('a longer lease of the same service is the same tenancy', async () => {
    const book = new LeaseBook();
    await book.replace('ipam', [lease()], 0);
    settle(book, 1_000);
    await book.replace('ipam', [lease({ from: 1_200, until: 5_000 })], 0);
    assert.deepEqual([shown(book, 1_500), book.changes(1_500).length], ['payments', 0]);
    assert.equal(book.tenancyAt(address, 1_500).until, 5_000);
    await book.replace('ipam', [lease({ until: 2_000 }), lease({ from: 2_000, until: 3_000 })], 0);
    assert.equal(book.tenancyAt(address, 1_500).until, 3_000, 'one follows on the other without a gap');
  });

  test('a source that says nothing any more leaves nothing', async () => {
    const book = new LeaseBook();
    await book.replace('ipam', [lease()], 0);
    settle(book, 1_000);
    await book.replace('ipam', [], 0);
    assert.equal(shown(book, 1_000), 'identity_unknown');
    settle(book, 1_000);
    assert.deepEqual([shown(book, 1_000), book.changes(1_000), book.addressesOf('ipam').size], ['none', [], 0]);
  });

  test('what is remembered of a tenancy is what folding says at every moment', () => {
    const one = fc.record({
      source: fc.constantFrom('ipam', 'dhcp'),
      service: fc.constantFrom('payments', 'orders'),
      from: fc.integer({ min: 0, max: 20 }),
      length: fc.integer({ min: 1, max: 10 }),
    });
    fc.assert(
      fc.property(fc.array(one, { maxLength: 6 }), fc.array(fc.integer({ min: 0, max: 30 })), (all, moments) => {
        const leases = all.map(({ length, ...rest }) => lease({ ...rest, until: rest.from + length }));
        const book = new LeaseBook();
        for (const source of ['ipam', 'dhcp']) {
          const mine = leases.filter((each) => each.source === source);
          book.replaceAt(source, address, mine);
        }
        for (const now of moments) {
          const fresh = foldTenancy(leases, now);
          const known = book.tenancyAt(address, now);
          assert.deepEqual([known.key, known.until], [fresh.key, fresh.until]);
          const live = new Set(leases.filter(({ from, until }) => from <= now && now < until).map((x) => x.service));
          assert.deepEqual([known.isConflict, known.key === null], [live.size > 1, live.size === 0]);
          assert.ok(known.until > now);
        }
      }),
    );
  });
});
