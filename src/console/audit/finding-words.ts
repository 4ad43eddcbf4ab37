import type { AuditFinding } from '../../api/contract/index.ts';

interface Words {
  readonly happened: string;
  readonly mend: string;
}

const keep = 'Mend nothing yet: copy the folder of the log first';

/** What each kind of finding means, and what to do; kinds are from the closed set of `exeat audit verify`. */
const words: Readonly<Record<string, Words>> = {
  altered: { happened: 'was changed after it was signed', mend: `${keep}, then put this file back from a backup.` },
  removed: { happened: 'is missing', mend: `${keep}, then put this file back from a backup.` },
  reordered: { happened: 'holds entries out of their places', mend: `${keep}, then put this file back from a backup.` },
  unknown_file: { happened: 'does not belong here', mend: 'Find out who put it there, and move it away.' },
  unreadable: {
    happened: 'cannot be read',
    mend: 'Nothing is known of it: mend its permissions or its disk, and verify again.',
  },
  truncated: {
    happened: 'shows that the end of the log was cut off',
    mend: `${keep}, then restore the log from a backup.`,
  },
  rewritten: {
    happened: 'shows that the log was written anew',
    mend: `${keep}, and compare it with checkpoints that were kept elsewhere.`,
  },
};

/** A finding in plain words. */
export function sayFinding({ kind }: AuditFinding): Words {
  return words[kind] ?? { happened: `is wrong (${kind})`, mend: keep };
}
