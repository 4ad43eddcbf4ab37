import type { LintRule } from './finding.ts';

/** The owner that a proposal writes where nobody is known to own a service. */
const unassignedOwner = 'unassigned';

/** A document that nobody answers for yet. */
export const ownerUnassigned: LintRule = {
  id: 'owner-unassigned',
  severity: 'warning',
  says: 'a document is owned by `unassigned`: nobody answers for it, and nobody is asked when it should change',
  mend: 'write the team that answers for it',
  find: ({ tree }, report) => {
    for (const { owner, at } of tree.documents) {
      if (owner.toLowerCase() === unassignedOwner) report(at, `owner \`${owner}\` is nobody`);
    }
  },
};
