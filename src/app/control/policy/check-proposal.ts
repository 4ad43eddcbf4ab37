import { randomBytes } from 'node:crypto';
import type { FoundAt, ProposalAnswer, ProposalBody } from '../../../api/contract/index.ts';
import { failed, fault, ok, type Result } from '../../../base/index.ts';
import {
  type CheckedPolicy,
  checkPolicy,
  comparePolicies,
  findLongObserve,
  type ParsedPolicyFile,
  type PolicyCheck,
  parsePolicyFile,
} from '../../../policy/index.ts';
import { openPolicyHistory } from '../../../snapshot/index.ts';
import { versionOf } from '../../compile-folder.ts';
import { readSources } from './policy-sources.ts';
import type { ProposalHouse, ProposedFiles } from './proposal-messages.ts';
import { type LoadedPair, replayDecisions } from './replay-decisions.ts';

interface Base {
  readonly version: string;
  readonly files: ReadonlyMap<string, { readonly text: string; readonly parsed: ParsedPolicyFile }>;
  readonly checked: CheckedPolicy;
}

// What a person reads; the counts tell of the rest.
const mostFound = 500;
const mostFacts = 300;

/** A changed policy, read and checked: what everybody is told of it, and with what it is tried. */
export interface ReadProposal {
  readonly head: ProposalHead;
  readonly now: CheckedPolicy;
  readonly before: CheckedPolicy;
}

/** What a proposal comes to by itself. */
export type ProposalHead = Omit<ProposalAnswer, 'access' | 'replay'>;

/** Reads what somebody proposes. Faults: `changed_meanwhile`, that a policy cannot be checked. */
export type ReadFiles = (files: ProposedFiles, nowMs: number) => Result<ReadProposal>;

/** Makes what reads proposals. Keeps the policy that was changed last: a person tries again and again on one. */
export function createProposalReader({ history }: Pick<ProposalHouse, 'history'>): ReadFiles {
  let base: Base | null = null;
  return (proposal, nowMs) => {
    if (base?.version !== proposal.policyVersion) {
      const loaded = loadBase(history, proposal.policyVersion, nowMs);
      if (!loaded.ok) return loaded;
      base = loaded.value;
    }
    return readProposal(base, proposal, nowMs);
  };
}

/** Checks proposals: what they come to by themselves, what they open, and recorded decisions under them. */
export function createProposalChecker(
  house: ProposalHouse,
  read: ReadFiles = createProposalReader(house),
): (proposal: ProposalBody, nowMs: number) => Promise<Result<ProposalAnswer>> {
  return async (proposal, nowMs) => {
    const found = read(proposal, nowMs);
    if (!found.ok) return found;
    const { head, now, before } = found.value;
    const pair = loadedPair(found.value);
    return ok({
      ...head,
      access: now.policy === null ? null : accessOf(before, now),
      replay: pair === null ? null : await replayDecisions(house, pair, { days: proposal.days, nowMs }),
    });
  };
}

/** Both policies, where both load: what is tried on traffic. */
export function loadedPair({ now, before }: ReadProposal): LoadedPair | null {
  if (now.policy === null || before.policy === null) return null;
  return { now: { tree: now.tree, policy: now.policy }, before: { tree: before.tree, policy: before.policy } };
}

function loadBase(historyFolder: string, version: string, nowMs: number): Result<Base> {
  const folder = openPolicyHistory(historyFolder).folderOf(version);
  if (folder === null)
    return failed(fault('changed_meanwhile', `the sources of \`${version.slice(0, 80)}\` are not kept`));
  const sources = readSources(folder);
  const files = new Map(sources.map(({ path, text }) => [path, { text, parsed: parsePolicyFile(path, text) }]));
  const parsed = [...files.values()].map((one) => one.parsed);
  const checked = checkPolicy(parsed, { version, seed: randomBytes(16), now: nowMs });
  return checked.ok ? ok({ version, files, checked: checked.value }) : checked;
}

function readProposal(base: Base, proposal: ProposedFiles, nowMs: number): Result<ReadProposal> {
  const files = new Map(base.files);
  for (const { path, text } of proposal.files) {
    if (text === null) files.delete(path);
    else files.set(path, { text, parsed: parsePolicyFile(path, text) });
  }
  const version = versionOf([...files].map(([path, { text }]) => ({ path, text })));
  const parsed = [...files.values()].map((one) => one.parsed);
  const checked = checkPolicy(parsed, { version, seed: randomBytes(16), now: nowMs });
  if (!checked.ok) return checked;
  const { tree, check } = checked.value;
  const found = listFound(check);
  const testsFailed = check.tests.filter(({ passed }) => !passed).length;
  const isLong = findLongObserve(tree, nowMs).length > 0;
  const head = {
    policyVersion: base.version,
    proposedVersion: version,
    wouldLoad: check.faults.length === 0 && testsFailed === 0 && !isLong && files.size > 0,
    found: found.slice(0, mostFound),
    foundLeftOut: Math.max(0, found.length - mostFound),
    testsPassed: check.tests.length - testsFailed,
    testsFailed,
  };
  return ok({ head, now: checked.value, before: base.checked });
}

function accessOf(before: CheckedPolicy, after: CheckedPolicy): NonNullable<ProposalAnswer['access']> {
  const { isWidening, added, removed } = comparePolicies(before.tree, after.tree);
  return {
    isWidening,
    added: added.slice(0, mostFacts),
    addedCount: added.length,
    removed: removed.slice(0, mostFacts),
    removedCount: removed.length,
  };
}

/** Everything that was found, worst first: what does not load, what a test says, then findings. */
function listFound({ faults, tests, findings }: PolicyCheck): readonly FoundAt[] {
  const order = { error: 0, warning: 1, note: 2 };
  return [
    ...faults.map(({ code, message, mend, at }) => ({ severity: 'fault', rule: code, message, mend, ...at }) as const),
    ...tests.flatMap(({ message, at, expect, to }) =>
      message === null
        ? []
        : [
            {
              severity: 'test',
              rule: 'test-failed',
              message: `\`${expect}: ${to}\`: ${message}`,
              mend: null,
              ...at,
            } as const,
          ],
    ),
    ...findings
      .toSorted((one, other) => order[one.severity] - order[other.severity])
      .map(({ severity, rule, message, mend, at }) => ({ severity, rule, message, mend, ...at })),
  ];
}
