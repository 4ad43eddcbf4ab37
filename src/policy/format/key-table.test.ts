import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { KeyWriter } from '../compile/key-writer.ts';
import { TextPool } from './flat-writer.ts';
import { KeyTable } from './key-table.ts';
import { type HashSeed, hashSeed } from './keyed-hash.ts';
import { slotTextChars, slotWord } from './layout.ts';
import { createTextProbe, prepareText } from './text-probe.ts';

const seed = hashSeed([0x12345671, 0x23456782, 0x34567893, 0x456789a4]);
/** Under this seed every text has the same hash. */
const collidingSeed: HashSeed = { start: 0, first: 0, second: 0, finish: 0 };
const ownerKey = 14;
const salt = 0x5bd1e995;

/** A table of texts, the value of each its index; gives the finder of the last `labels` labels (all by default). */
function finderOf(
  texts: readonly string[],
  use: HashSeed = seed,
  homes?: number,
): (text: string, labels?: number) => number {
  const pool = new TextPool();
  const writer = new KeyWriter(use, pool);
  for (const [index, text] of texts.entries()) assert.ok(writer.add({ ownerKey, salt, text }, [index, 0, 0, 0]), text);
  const words = writer.table();
  const { bytes } = pool;
  const table = new KeyTable({ words, bytes, at: 0, end: words.length, homes: homes ?? writer.homes, textStart: 0 });
  const probe = createTextProbe();
  return (text, labels) => {
    prepareText(probe, text, use);
    const slot = table.find(probe, labels ?? probe.labels, ownerKey, salt);
    return slot < 0 ? -1 : (words[slot + slotWord.value] as number);
  };
}

const nameOf = (length: number): string => `${'abcdefghi.'.repeat(40).slice(0, length - 1)}z`;

test('a text of any length is found, whether it stands in its slot or not, and a text of other characters is not', () => {
  const lengths = Array.from({ length: 300 }, (_, index) => index + 1);
  const find = finderOf(lengths.map(nameOf));
  for (const [index, length] of lengths.entries()) {
    const name = nameOf(length);
    assert.equal(find(name), index, name);
    for (const place of [0, length >> 1, length - 1]) {
      assert.equal(find(`${name.slice(0, place)}0${name.slice(place + 1)}`), -1, `${name} at ${place}`);
    }
  }
});

test('the suffix of a text at each label is found as the text of those labels', () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[a-z0-9-]{1,20}$/), { minLength: 1, maxLength: 12 }), (labels) => {
      const suffixes = labels.map((_, index) => labels.slice(index).join('.'));
      const find = finderOf(suffixes);
      for (let index = 0; index < labels.length; index++)
        assert.equal(find(labels.join('.'), labels.length - index), index);
    }),
  );
});

test('INVARIANT: of texts with one hash each is found by its own characters only', () => {
  const texts = ['a.example', 'b.example', nameOf(slotTextChars + 3), `x${nameOf(slotTextChars + 3).slice(1)}`];
  const find = finderOf(texts, collidingSeed);
  for (const [index, text] of texts.entries()) assert.equal(find(text), index);
  assert.equal(find('c.example'), -1);
  assert.equal(find(nameOf(slotTextChars + 4)), -1);
});

test('a text that is not ASCII equals no key, though the lower bits of its characters do', () => {
  const find = finderOf(['kms.example', nameOf(60)]);
  assert.equal(find(`km${String.fromCharCode(0x173)}.example`), -1);
  assert.equal(find(`${String.fromCharCode(0x161)}${nameOf(60).slice(1)}`), -1);
});

test('a key that is not ASCII is refused', () => {
  assert.equal(new KeyWriter(seed, new TextPool()).add({ ownerKey, salt, text: 'ä.example' }, [0, 0, 0, 0]), false);
});

test('a look-up ends in an empty table and where the number of homes is damaged', () => {
  assert.equal(finderOf([])('a.example'), -1);
  for (const homes of [0, 1, 7, 0xffffffff]) finderOf(['a.example', 'b.example'], seed, homes)('c.example');
});

test('names that differ in one character at the end of a word have hashes that differ', () => {
  // What one multiplier alone would leave to five bits of the seed (see hashStep).
  const probe = createTextProbe();
  const hashes = new Set<number>();
  let made = 0;
  for (const first of 'abcdefghijklmnop') {
    for (const second of 'abcdefghijklmnop') {
      for (const third of 'abcdefghijklmnop') {
        prepareText(probe, `${first}000${second}000${third}000`, seed);
        hashes.add(probe.hashes[0] as number);
        made += 1;
      }
    }
  }
  assert.ok(hashes.size >= made - 2, `${made - hashes.size} collide`);
});
