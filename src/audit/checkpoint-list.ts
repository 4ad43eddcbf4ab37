import { hasMembers, parseJson } from './entry-codec.ts';

/** The most checkpoints that are taken from a text; the newest stay, for a log that fits them fits the older ones too. */
export const maxCheckpoints = 10_000;

/**
 * The notes in a text that checkpoints were gathered in: notes after each other with empty lines between (what an anchor of kind `path`
 * or `git` writes), or lines of any log that hold `{"note":"…"}` (what one of kind `syslog` sends). What is neither, such as a note that a
 * crash cut short, is passed over: the check of what is found is the caller's.
 */
export function findNotes(text: string): readonly string[] {
  const blocks = text.split(/\n{2,}/);
  const notes = blocks.flatMap((block, at) => {
    const body = afterSignatures(block);
    const signatures = signatureLines(blocks[at + 1] ?? '');
    return signatures === '' || body === '' ? [] : [`${body}\n\n${signatures}`];
  });
  const sent = text.split('\n').flatMap(sentNote);
  return [...notes, ...sent].slice(-maxCheckpoints);
}

// A note may follow the signatures of the one before without an empty line between.
function afterSignatures(block: string): string {
  return block.replace(/^(?:— [^\n]*(?:\n|$))+/, '');
}

function signatureLines(block: string): string {
  return /^(?:— [^\n]+(?:\n|$))+/.exec(block)?.[0].replace(/\n?$/, '\n') ?? '';
}

function sentNote(line: string): readonly string[] {
  const at = line.indexOf('{"note":"');
  const end = line.indexOf('"}', at);
  const value = at === -1 || end === -1 ? undefined : parseJson(line.slice(at, end + 2));
  return hasMembers(value, ['note']) && typeof value['note'] === 'string' ? [value['note']] : [];
}
