import { createHash } from 'node:crypto';
import type { ReachedDestination, RunReport } from '../app/index.ts';
import { countText, sizeText } from './wording.ts';

const mark = '# exeat run --learn, untouched: sha256:';

/** What the draft is made from. */
export interface DraftSource {
  readonly service: string;
  readonly command: string;
  readonly report: RunReport;
}

/**
 * A draft of the rules that a run would have needed: exact names, as they were reached. It is never in force by itself: every reason is
 * still to be written, which `exeat policy check` insists on. What was refused is in it as comments only.
 */
export function draftText({ service, command, report }: DraftSource): string {
  const reached = [...report.reached].sort(
    (one, other) => order(one) - order(other) || compare(toOf(one), toOf(other)),
  );
  const rules = reached.map(
    (one) =>
      `  - { to: ${JSON.stringify(toOf(one))}, reason: TODO }   # ${evidence(one)}${one.wouldDeny === null ? '' : ', by no rule yet'}\n`,
  );
  const denied = report.denied
    .filter(({ reason, host, port }) => reason === 'no_rule_matched' && host !== null && port !== null)
    .map(
      ({ host, port, protocol, count }) =>
        `  # refused ${countText(count, 'time')}: ${toOf({ host: host ?? '', port: port ?? 0, protocol: protocol ?? 'tls' })}\n`,
    );
  const text = [
    '# A draft from one run. It is not in force: merge what is right into the policy, with a reason and an owner for each.\n',
    `# Command: ${oneLine(command)}\n`,
    'apiVersion: exeat/v1\n',
    `service: ${service}\n`,
    'owner: TODO\nkind: build\nmode: enforce\nidentities: []\n',
    rules.length === 0 ? 'allow: []\n' : 'allow:\n',
    ...rules,
    ...denied,
  ].join('');
  return `${mark}${digestOf(text)}\n${text}`;
}

/** Whether a file is a draft that nobody changed since. */
export function isUntouchedDraft(text: string): boolean {
  const end = text.indexOf('\n');
  return text.startsWith(mark) && text.slice(mark.length, end) === digestOf(text.slice(end + 1));
}

/** A destination as rules spell it: `name:443`, `http://name:80`. */
export function toOf({
  host,
  port,
  protocol,
}: {
  readonly host: string;
  readonly port: number;
  readonly protocol: string;
}): string {
  const authority = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return protocol === 'tls' ? authority : `${protocol}://${authority}`;
}

function evidence({ connections, bytesUp, bytesDown }: ReachedDestination): string {
  return `${countText(connections, 'connection')}, ${sizeText(bytesUp)} up, ${sizeText(bytesDown)} down`;
}

function order({ wouldDeny }: ReachedDestination): number {
  return wouldDeny === null ? 0 : 1;
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

// A word of the command must not become a line of the document.
function oneLine(text: string): string {
  return JSON.stringify(text.slice(0, 200)).slice(1, -1);
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
