import type { DeclaredEndpoint } from '../observation.ts';
import { apartLines } from './evidence-comment.ts';
import type { ApartEntry, ProposedEntry, ProposedService } from './proposal.ts';
import { readinessText } from './readiness-of-service.ts';
import { commentText, scalarText } from './yaml-text.ts';

/** What is listed apart in a document at most; all of it stands in the data. */
const mostApart = 200;

/** What stands on top of a proposal: that it is one, how far history reaches, and what was declared and never seen. */
export function headLines(service: ProposedService): readonly string[] {
  const { readiness, alreadyAllowed, extendsFile, entries, apart } = service;
  const unseen = readiness.unseen.map((endpoint) => `declared and never seen: ${declaredText(endpoint)}`);
  return [
    `Proposed for review: ${service.service}, ${entries.length} entries, ${apart.length} listed apart. Not in force; every reason is to be filled in.`,
    ...(extendsFile === null
      ? []
      : [`Extends the document: ${alreadyAllowed} edges are allowed by it already and not repeated.`]),
    readinessText(readiness),
    ...unseen,
  ];
}

/** A declared endpoint for people: where it is, and its schedule if it has one. */
export function declaredText({ host, port, file, line, schedule }: DeclaredEndpoint): string {
  return `${host}${port === null ? '' : `:${port}`} (${file}:${line}${schedule === null ? '' : `, runs on "${schedule}"`})`;
}

/** The lines of an entry, the first with its dash. */
export function entryLines({ to, via, sniNone }: Pick<ProposedEntry, 'to' | 'via' | 'sniNone'>): readonly string[] {
  return [
    `- to: ${scalarText(to)}`,
    ...(via.length === 0
      ? []
      : [`  via: ${via.length === 1 ? scalarText(via[0] ?? '') : `[ ${via.map(scalarText).join(', ')} ]`}`]),
    ...(sniNone ? ['  sni: none'] : []),
    '  reason: TODO',
  ];
}

/** Entries listed apart as comment lines: uncommenting one proposes it. */
export function apartComments(apart: readonly ApartEntry[]): readonly string[] {
  if (apart.length === 0) return [];
  const shown = apart
    .slice(0, mostApart)
    .flatMap((entry) => [
      '',
      ...apartLines(entry),
      ...(entry.to === null ? [] : entryLines({ ...entry, to: entry.to })),
    ]);
  const more = apart.length > mostApart ? ['', `and ${apart.length - mostApart} more, see -o json`] : [];
  return comments(['Listed apart, for a person to judge; not proposed. Uncomment what is meant.', ...shown, ...more]);
}

/** Tests made of what was seen, and one neighbour that never was, each as a flow map. */
export function testLines({ entries, neighbour, isIdentityKnown, service }: ProposedService): readonly string[] {
  const allows = entries.map(({ to, names }) => (names[0] === undefined ? to : to.replace(/\*\.[^:]+/, names[0])));
  const unknown = `TODO write under identities how ${service} proves itself, then remove this test`;
  return [
    ...allows.map((to) => `{ allow: ${scalarText(to)} }`),
    `{ deny: ${scalarText(neighbour)}, because: no_rule_matched }`,
    ...(isIdentityKnown ? [] : [`{ deny: ${scalarText(neighbour)}, as: ${scalarText(unknown)} }`]),
  ];
}

/** Texts as lines of a comment. */
export function comments(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `# ${commentText(line)}`.trimEnd());
}
