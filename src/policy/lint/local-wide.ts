import { identityText } from '../documents/parse-identity.ts';
import type { IdentityTerm } from '../nodes.ts';
import type { LintRule } from './finding.ts';

/** Accounts that many programs run as, by the name and number that nearly every distribution gives them. */
const wideUsers: ReadonlySet<string> = new Set(['root', '0', 'nobody', '65534', 'daemon', '1']);

/** Groups that hold every person or every administrator, or what runs as nobody in particular. */
const wideGroups: ReadonlySet<string> = new Set([
  ...['root', '0', 'wheel', 'sudo', 'adm', 'staff', 'users', '100', 'nogroup', 'nobody', '65534', 'daemon', '1'],
]);

/** Slices that hold every unit or every login. */
const wideCgroups: ReadonlySet<string> = new Set(['/system.slice', '/user.slice', '/machine.slice', '/init.scope']);

/** Nearly everything on a host would be the service. */
export const localWide: LintRule = {
  id: 'local-wide',
  severity: 'warning',
  says: 'a service is identified by root, by a group or a cgroup that holds most of a host, and by nothing else: programs that change their user have it too',
  mend: 'give the service a user, a group or a unit of its own, and name that',
  find: ({ services }, report) => {
    for (const service of services)
      for (const identity of service.identities)
        if (identity.terms.every(isWide))
          report(
            identity.at,
            `\`${identityText(identity)}\` of \`${service.name}\` is more of a host than one service`,
          );
  },
};

function isWide(term: IdentityTerm): boolean {
  if (term.kind !== 'local') return false;
  const { by, value } = term.name;
  return { user: wideUsers, group: wideGroups, cgroup: wideCgroups }[by].has(value);
}
