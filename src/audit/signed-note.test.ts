import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkSignature, createTestSigner, hasher, sha256 } from '../../test/support/audit-fixture.ts';
import { openCheckpoint, readCheckpoint, signCheckpoint } from './checkpoint.ts';
import { findNotes } from './checkpoint-list.ts';
import { isSignedBy, parseNote, parseVerifierKey, renderVerifierKey, signNote } from './signed-note.ts';

test('the note that the Go implementation documents is read and its signature holds', () => {
  const key = parseVerifierKey('PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW', sha256);
  assert.ok(key.ok);
  const note = parseNote(
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n" +
      '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n',
  );
  assert.ok(note.ok && isSignedBy(note.value, key.value, checkSignature));
});

test('a key as text is read back, and one with another name, id or key is refused', () => {
  const { key } = createTestSigner();
  const text = renderVerifierKey(key);
  assert.deepEqual(parseVerifierKey(`${text}\n`, sha256), { ok: true, value: key });
  for (const wrong of [
    '',
    'x',
    `y${text}`,
    text.replace(/\+[0-9a-f]{8}\+/, '+00000000+'),
    text.slice(0, -4),
    `${text}AAAA`,
  ]) {
    assert.equal(parseVerifierKey(wrong, sha256).ok, false, wrong);
  }
});

test('a checkpoint is of its key, its size and its root, and of nothing else', () => {
  const [signer, other] = [createTestSigner(), createTestSigner()];
  const text = signCheckpoint({ size: 12, root: hasher.empty() }, signer);
  assert.match(
    text,
    /^exeat\/test\n12\n47DEQpj8HBSa\+\/TImW\+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n— exeat\/test [A-Za-z0-9+/=]+\n$/,
  );
  assert.equal(openCheckpoint(text, signer.key, checkSignature).ok, true);
  const codes = [
    openCheckpoint(text, other.key, checkSignature),
    openCheckpoint(text.replace('\n12\n', '\n13\n'), signer.key, checkSignature),
    openCheckpoint(text, createTestSigner('exeat/else').key, checkSignature),
    openCheckpoint(text.replace('\n12\n', '\n012\n'), signer.key, checkSignature),
    openCheckpoint(signNote('exeat/test\n12\n', signer), signer.key, checkSignature),
  ].map((opened) => (opened.ok ? 'ok' : opened.fault.code));
  assert.deepEqual(codes, [
    'checkpoint_signature_wrong',
    'checkpoint_signature_wrong',
    'checkpoint_of_another_log',
    'checkpoint_malformed',
    'checkpoint_malformed',
  ]);
});

test('checkpoints are found in a file of them, in lines of a log, and after half of one', () => {
  const signer = createTestSigner();
  const notes = [1, 2, 3].map((size) => signCheckpoint({ size, root: hasher.empty() }, signer));
  const [first = '', second = '', third = ''] = notes;
  const sizes = (text: string): readonly unknown[] =>
    findNotes(text).map((note) => {
      const read = readCheckpoint(note);
      return read.ok ? read.value.size : read.fault.code;
    });
  assert.deepEqual(sizes(notes.join('\n')), [1, 2, 3]);
  assert.deepEqual(sizes(notes.join('')), [1, 2, 3]);
  assert.deepEqual(sizes(`${first}\n${second.slice(0, 20)}\n\n${third}\n`), [1, 3]);
  const sent = `<109>1 2026-11-22T09:30:00Z host exeat 1 checkpoint - exeat checkpoint ${JSON.stringify({ note: second })}`;
  assert.deepEqual(sizes(`Nov 22 sshd: hello\n${sent}\nmore\n`), [2]);
  fc.assert(fc.property(fc.string(), (text) => void findNotes(text)));
});
