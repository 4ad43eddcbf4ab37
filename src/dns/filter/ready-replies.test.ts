import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { encode, RECURSION_DESIRED } from 'dns-packet';
import fc from 'fast-check';
import { testScale } from '../../../test/support/requires.ts';
import { type AnswerPlace, newPlace } from '../lookup/answer.ts';
import type { Asker } from './asker.ts';
import { notReady, ReadyReplies, type ReadyReply } from './ready-replies.ts';

const header = 12;
const into = new Uint8Array(65_535);

function askerOf(id: number): Asker {
  return { kind: 'unknown', reason: 'identity_unknown', address: null, id };
}

const asker = askerOf(1);

function queryOf(
  name: string,
  { id = 7, flags = RECURSION_DESIRED }: { id?: number; flags?: number } = {},
): Uint8Array {
  return encode({ type: 'query', id, flags, questions: [{ type: 'A', name, class: 'IN' }] });
}

/** A reply of a header, the question, and behind it records whose TTL is all that matters here. */
function readyOf(
  query: Uint8Array,
  options: Partial<ReadyReply> & { readonly ttls?: readonly number[] } = {},
): ReadyReply {
  const { ttls = [300], ...given } = options;
  const bytes = Buffer.concat([query, ...ttls.map((ttl) => Buffer.from(new Uint32Array([ttl]).buffer).swap32())]);
  bytes[2] = 0x81;
  const ttlOffsets = Uint16Array.from(ttls, (_, at) => query.length + 4 * at);
  return {
    ...{ query, nameEnd: query.length - 4, reply: bytes, packed: { bytes, ttlOffsets }, ttlCapSeconds: 3_600, asker },
    ...{ place: placeOf(), storedAtMs: 1_000, fromMs: 1_000, untilMs: 301_000 },
    ...given,
  };
}

function placeOf(): AnswerPlace {
  return { ...newPlace(), isKept: true };
}

function told(ready: ReadyReplies, query: Uint8Array, nowMs: number, by: Asker = asker): Buffer | null {
  const slot = ready.find(query, by, nowMs);
  return slot === notReady ? null : Buffer.from(into.subarray(0, ready.write(slot, query, into, nowMs)));
}

describe('a reply that stands ready', () => {
  test('has the id and the spelling of who asks now, and TTLs that count down to the cap and to nothing', () => {
    const ready = new ReadyReplies();
    ready.note(readyOf(queryOf('bank.example.com'), { ttls: [300, 7_200, 2] }));
    const again = queryOf('BaNk.eXample.com', { id: 0xfade });
    const reply = told(ready, again, 4_999);
    assert.ok(reply);
    assert.equal(reply.readUInt16BE(0), 0xfade);
    assert.deepEqual(reply.subarray(header, again.length), Buffer.from(again.subarray(header)));
    const ttls = [0, 4, 8].map((at) => reply.readUInt32BE(again.length + at));
    assert.deepEqual(ttls, [297, 3_600, 0]);
  });

  test('is told from its time to its end, and while its answer is kept', () => {
    const ready = new ReadyReplies();
    const place = placeOf();
    const query = queryOf('bank.example.com');
    ready.note(readyOf(query, { place }));
    assert.deepEqual(
      [999, 1_000, 300_999, 301_000].map((nowMs) => told(ready, query, nowMs) !== null),
      [false, true, true, false],
    );
    assert.equal(place.isUsed, true);
    place.isKept = false;
    assert.equal(told(ready, query, 2_000), null);
  });

  test('is nobody else’s, not even of one with the same number', () => {
    const ready = new ReadyReplies();
    const query = queryOf('bank.example.com');
    ready.note(readyOf(query));
    assert.equal(told(ready, query, 2_000, askerOf(1)), null);
    ready.note(readyOf(query, { asker: askerOf(1) }));
    assert.equal(told(ready, query, 2_000, askerOf(1)), null);
  });

  test('is for a question that differs by the case of letters of its name, and by nothing else', () => {
    const ready = new ReadyReplies();
    // A label of 26 bytes, whose length would be a letter of the other case with one bit more.
    const name = `${'a'.repeat(26)}.b-1.example.com`;
    const query = queryOf(name);
    ready.note(readyOf(query));
    for (let at = 2; at < query.length; at += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        const other = query.slice();
        other[at] = (other[at] ?? 0) ^ (1 << bit);
        const letter = /[a-z]/.test(String.fromCharCode(query[at] ?? 0));
        const isSame = bit === 5 && letter && at > header && at < query.length - 4;
        assert.equal(told(ready, other, 2_000) !== null, isSame, `byte ${at}, bit ${bit}`);
      }
    }
    assert.equal(told(ready, Buffer.concat([query, Buffer.alloc(1)]), 2_000), null);
    for (let length = 0; length < query.length; length += 1)
      assert.equal(told(ready, query.subarray(0, length), 2_000), null);
  });

  test('is forgotten with all others at once, and kept out where it is too long', () => {
    const ready = new ReadyReplies();
    const query = queryOf('bank.example.com');
    assert.equal(told(ready, query, 2_000), null);
    ready.note(readyOf(query));
    ready.forget();
    assert.equal(told(ready, query, 2_000), null);
    ready.note(readyOf(query, { ttls: Array.from({ length: 80 }, () => 1) }));
    assert.equal(told(ready, query, 2_000), null);
  });

  test('ATTACK flood: names beyond all slots take the place of others, and what is found is always its own', () => {
    const ready = new ReadyReplies();
    const count = 24_000;
    for (let at = 0; at < count; at += 1) ready.note(readyOf(queryOf(`n${at}.example.com`), { ttls: [at] }));
    let found = 0;
    for (let at = 0; at < count; at += 1) {
      const query = queryOf(`n${at}.example.com`);
      const reply = told(ready, query, 1_000);
      if (reply === null) continue;
      found += 1;
      assert.equal(reply.readUInt32BE(query.length), Math.min(at, 3_600));
    }
    assert.ok(found > 8_000 && found <= 16_384, `${found}`);
  });

  test('is let go by sweeping once its answer is not kept, and otherwise stays', () => {
    const ready = new ReadyReplies();
    const [gone, stays] = [queryOf('gone.example.com'), queryOf('stays.example.com')];
    const place = placeOf();
    ready.note(readyOf(gone, { place }));
    ready.note(readyOf(stays));
    place.isKept = false;
    for (let part = 0; part < 8; part += 1) ready.sweep();
    place.isKept = true;
    assert.deepEqual([told(ready, gone, 2_000), told(ready, stays, 2_000) !== null], [null, true]);
  });

  test('INVARIANT: whatever is found was noted last for the very same asker and question', () => {
    const names = ['a.example', 'b.example', 'ab.example', 'a.b.example'];
    const one = fc.record({
      name: fc.constantFrom(...names),
      by: fc.nat(2),
      flags: fc.constantFrom(0, 0x0100, 0x0110),
    });
    const askers = [askerOf(1), askerOf(2), askerOf(1)];
    const steps = fc.array(fc.tuple(fc.constantFrom('note', 'ask', 'ask', 'forget', 'sweep'), one), { maxLength: 60 });
    fc.assert(
      fc.property(steps, (all) => {
        const bed = { ready: new ReadyReplies(), noted: new Map<string, number>() };
        for (const [at, [kind, { name, by, flags }]] of all.entries()) {
          const key = `${name} ${by} ${flags}`;
          take(bed, kind, { at, key, query: queryOf(name, { flags }), by: askers[by] ?? asker });
        }
      }),
      { numRuns: Math.ceil(40 * testScale()) },
    );
  });
});

interface Step {
  readonly at: number;
  readonly key: string;
  readonly query: Uint8Array;
  readonly by: Asker;
}

function take(
  { ready, noted }: { readonly ready: ReadyReplies; readonly noted: Map<string, number> },
  kind: string,
  { at, key, query, by }: Step,
): void {
  if (kind === 'sweep') ready.sweep();
  if (kind === 'forget') {
    noted.clear();
    ready.forget();
  }
  if (kind === 'note') {
    noted.set(key, at);
    ready.note(readyOf(query, { asker: by, ttls: [at] }));
  }
  const reply = kind === 'ask' ? told(ready, query, 1_000, by) : null;
  if (reply !== null) assert.equal(reply.readUInt32BE(query.length), noted.get(key));
}
