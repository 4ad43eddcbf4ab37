import { parseIpPrefix, prefixContains } from '../../destination/index.ts';
import { identityText } from '../documents/parse-identity.ts';
import type { IdentityTerm, PolicyDocument, RuleNode, ServiceNode, SpaceNode } from '../nodes.ts';
import { matchesGlob } from '../path-glob.ts';
import type { LintRule, ReportFinding } from './finding.ts';
import type { LintContext } from './lint-context.ts';

/** A document claims what the space of its file does not grant. */
export const outsideSpace: LintRule = {
  id: 'outside-space',
  severity: 'error',
  says: "a document is outside its space's claims: its owner, an identity or its kind is not granted, or its file is in no space",
  mend: 'move the file, or ask the owner of the space to widen it',
  find: (context, report) => {
    if (!context.spaces.hasSpaces) return;
    for (const document of context.tree.documents) {
      const space = context.spaces.spaceOf(document.at.file);
      if (space !== null) checkInSpace(document, space, report);
      else if (document.kind === 'service' || document.kind === 'destinations')
        report(document.at, `\`${document.name}\` is in no space`);
    }
  },
};

/** A rule reaches a segment of another environment without naming both. */
export const crossingUnnamed: LintRule = {
  id: 'crossing-unnamed',
  severity: 'error',
  says: 'a rule reaches a segment of another environment and does not name both: it is denied',
  mend: 'write `crossing: { from: …, to: … }` in the rule, or reach a segment of the own environment',
  find: (context, report) => {
    for (const service of context.services) {
      const own = context.spaces.environmentOf(service.at.file);
      for (const rule of service.allow) checkCrossing(service, own, rule, { context, report });
    }
  },
};

function checkInSpace(document: PolicyDocument, space: SpaceNode, report: ReportFinding): void {
  if (!space.owners.includes(document.owner))
    report(document.at, `owner \`${document.owner}\` is not an owner of space \`${space.name}\``);
  if (!isForTeams(document) && !space.owners.includes(space.owner))
    report(
      document.at,
      `a \`${document.kind}\` document stands in space \`${space.name}\`, where teams write services`,
    );
  if (document.kind !== 'service') return;
  for (const identity of document.identities) {
    const unclaimed = identity.terms.find((term) => !space.identities.some((glob) => isClaimed(term, glob)));
    if (unclaimed !== undefined)
      report(identity.at, `\`${unclaimed.text}\` of \`${identityText(identity)}\` is not claimed by \`${space.name}\``);
  }
}

/**
 * Boundary, segments, spaces and unattributed sources move what the platform team holds: a team that could write `segments` in its own
 * folder would name any range its own. They stand where the owner of the space document is an owner of the space too.
 */
function isForTeams({ kind }: PolicyDocument): boolean {
  return kind === 'service' || kind === 'destinations';
}

/** Globs go by segments, as paths do: `spiffe://corp.example/ns/payments/**`, `credential:*`. A range claims the ranges inside it. */
function isClaimed(term: IdentityTerm, glob: string): boolean {
  switch (term.kind) {
    case 'source': {
      const claimed = glob.startsWith('source:') ? parseIpPrefix(glob.slice('source:'.length)) : null;
      if (claimed === null || !claimed.ok) return glob === 'source:*';
      return claimed.value.length <= term.prefix.length && prefixContains(claimed.value, term.prefix.first);
    }
    case 'token':
      return glob === term.text || matchesText(glob, `token:${term.issuer}`);
    case 'leased':
    case 'credential':
    case 'local':
    case 'spiffe':
      return matchesText(glob, term.text);
    default:
      return term satisfies never;
  }
}

function matchesText(glob: string, text: string): boolean {
  return matchesGlob({ text: glob, segments: glob.split('/') }, text);
}

function checkCrossing(
  service: ServiceNode,
  own: string | null,
  rule: RuleNode,
  { context, report }: { readonly context: LintContext; readonly report: ReportFinding },
): void {
  for (const name of rule.via) {
    const environment = context.segments.get(name)?.environment ?? null;
    if (environment === null || environment === own) continue;
    if (rule.crossing !== null && rule.crossing.from === own && rule.crossing.to === environment) continue;
    const from = own === null ? 'without environment' : `of \`${own}\``;
    report(rule.at, `\`${service.name}\` ${from} reaches segment \`${name}\` of \`${environment}\``);
  }
}
