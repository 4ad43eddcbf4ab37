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
import type { ProposalHouse } from './proposal-messages.ts';
import { replayDecisions } from './replay-decisions.ts';

interface Base {
  readonly version: string;
  readonly files: ReadonlyMap<string, { readonly text: string; readonly parsed: ParsedPolicyFile }>;
  readonly checked: CheckedPolicy;
}

// What a person reads; the counts tell of the rest.
const mostFound = 500;
const mostFacts = 300;

/** Checks proposals. Keeps the policy that was changed last: a person tries again and again on one. */
export function createProposalChecker(
  house: ProposalHouse,
): (proposal: ProposalBody, nowMs: number) => Promise<Result<ProposalAnswer>> {
  let base: Base | null = null;
  return async (proposal, nowMs) => {
    if (base?.version !== proposal.policyVersion) {
      const loaded = loadBase(house.history, proposal.policyVersion, nowMs);
      if (!loaded.ok) return loaded;
      base = loaded.value;
    }
    return checkProposal(house, base, { proposal, nowMs });
  };
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

interface Checking {
  readonly proposal: ProposalBody;
  readonly nowMs: number;
}

async function checkProposal(
  house: ProposalHouse,
  base: Base,
  { proposal, nowMs }: Checking,
): Promise<Result<ProposalAnswer>> {
  const files = new Map(base.files);
  for (const { path, text } of proposal.files) {
    if (text === null) files.delete(path);
    else files.set(path, { text, parsed: parsePolicyFile(path, text) });
  }
  const version = versionOf([...files].map(([path, { text }]) => ({ path, text })));
  const parsed = [...files.values()].map((one) => one.parsed);
  const checked = checkPolicy(parsed, { version, seed: randomBytes(16), now: nowMs });
  if (!checked.ok) return checked;
  const { tree, policy, check } = checked.value;
  const found = listFound(check);
  const testsFailed = check.tests.filter(({ passed }) => !passed).length;
  const isLong = findLongObserve(tree, nowMs).length > 0;
  const before = base.checked.policy;
  return ok({
    policyVersion: base.version,
    proposedVersion: version,
    wouldLoad: check.faults.length === 0 && testsFailed === 0 && !isLong && files.size > 0,
    found: found.slice(0, mostFound),
    foundLeftOut: Math.max(0, found.length - mostFound),
    testsPassed: check.tests.length - testsFailed,
    testsFailed,
    access: policy === null ? null : accessOf(base.checked, checked.value),
    replay:
      policy === null || before === null
        ? null
        : await replayDecisions(
            house,
            { now: { tree, policy }, before: { ...base.checked, policy: before } },
            {
              days: proposal.days,
              nowMs,
            },
          ),
  });
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
