import type { Coverage } from '../coverage.ts';
import { coverageLines } from '../render/coverage-lines.ts';
import { apartComments, comments, entryLines, headLines, testLines } from './document-lines.ts';
import { evidenceLines } from './evidence-comment.ts';
import { extendPolicyFile } from './extend-policy-file.ts';
import type { PresentPolicy, ProposedFile, ProposedService } from './proposal.ts';
import { commentText, scalarText } from './yaml-text.ts';

/** What rendering needs beside the services. */
export interface RenderParts {
  readonly present: PresentPolicy | null;
  readonly coverage: Coverage;
}

/** Renders a proposal as files: one per new service; files of the present policy with their services extended. */
export function renderProposal(
  services: readonly ProposedService[],
  { present, coverage }: RenderParts,
): readonly ProposedFile[] {
  const files = services
    .filter(({ extendsFile }) => extendsFile === null)
    .map((service) => ({ path: `${service.service}.yaml`, text: renderService(service, coverage) }));
  const changed = new Map<string, string>();
  for (const service of services) {
    const path = service.extendsFile;
    if (path === null || service.entries.length + service.apart.length === 0) continue;
    const before = changed.get(path) ?? present?.files.find((file) => file.path === path)?.text;
    if (before !== undefined) changed.set(path, extendPolicyFile(before, service));
  }
  return [...files, ...[...changed].map(([path, text]) => ({ path, text }))];
}

/** Renders the document of a new service. */
export function renderService(service: ProposedService, coverage: Coverage): string {
  const { entries, apart } = service;
  const lines = [
    ...comments([...headLines(service), ...coverageLines(coverage).slice(0, 1)]),
    'apiVersion: exeat/v1',
    `service: ${scalarText(service.service)}${service.principal === service.service ? '' : ` # the logs say: ${commentText(service.principal)}`}`,
    `owner: ${scalarText(service.owner)}`,
    `kind: ${service.kind}`,
    'mode: enforce',
    'identities:',
    ...service.identities.map(
      ({ yaml, comment }) => `  - ${yaml}${comment === null ? '' : ` # ${commentText(comment)}`}`,
    ),
    entries.length === 0 ? 'allow: []' : 'allow:',
    ...entries.flatMap((entry) => indent([...comments(evidenceLines(entry)), ...entryLines(entry)])),
    ...indent(apartComments(apart)),
    'tests:',
    ...testLines(service).map((line) => `  - ${line}`),
  ];
  return `${lines.join('\n')}\n`;
}

function indent(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `  ${line}`);
}
