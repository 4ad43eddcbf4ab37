// Checks the message of a commit: `room: imperative lower-case verb` up to 72 characters, then an empty line, then why.
// Plain JavaScript, because a hook runs with whatever Node is on the path.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { argv } from 'node:process';

const maxSubjectChars = 72;
const besideRooms = ['bench', 'ci', 'deps', 'docs', 'examples', 'release', 'test', 'tools'];

if (argv[1]?.endsWith('commit-message.mjs')) {
  const faults = findMessageFaults(readFileSync(argv[2] ?? '', 'utf8'), listRooms());
  for (const fault of faults) process.stderr.write(`commit message: ${fault}\n`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}

/** What is wrong with a message, as one line each; merges and reverts made by git are let through. */
export function findMessageFaults(message, rooms) {
  const [subject = '', second = ''] = message.split('\n').filter((line) => !line.startsWith('#'));
  if (/^(?:Merge|Revert|fixup!|squash!) /.test(subject)) return [];
  const faults = [];
  const [, room, words] = /^([a-z][a-z, -]*): (.+)$/.exec(subject) ?? [];
  if (words === undefined) faults.push(`the subject \`${subject}\` is not \`room: verb …\``);
  else {
    const strange = room.split(', ').filter((name) => !rooms.includes(name));
    if (strange.length > 0) faults.push(`\`${strange.join(', ')}\` is no room; there are ${rooms.join(', ')}`);
    if (!/^[a-z]/.test(words)) faults.push('what was done starts with a lower-case verb');
    if (words.endsWith('.')) faults.push('the subject has no full stop');
  }
  if (subject.length > maxSubjectChars)
    faults.push(`the subject has ${subject.length} characters, at most ${maxSubjectChars}`);
  if (second.trim() !== '') faults.push('the second line is empty; the body tells situation, cause and effect');
  return faults;
}

function listRooms() {
  const entries = readdirSync(join(import.meta.dirname ?? 'tools', '../src'), { withFileTypes: true });
  return [...entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name), ...besideRooms].sort();
}
