import { randomBytes } from 'node:crypto';
import { failed, fault, ok, type Result } from '../../base/index.ts';
import { parsePolicyTarget } from '../../destination/index.ts';
import {
  type CompiledPolicy,
  compilePolicy,
  createExceptionFacts,
  type FindExceptionFacts,
  listPolicyOpenings,
  listWaysOut,
  openPolicy,
  type PolicyTree,
  parsePolicyFiles,
} from '../../policy/index.ts';
import { openPolicyHistory } from '../../snapshot/index.ts';
import { explainRecord } from '../questions/explain-record.ts';
import { listSources, readSource, readSources } from './policy/policy-sources.ts';
import { indexServices, type ServiceIndex, tellService } from './policy/tell-services.ts';
import type { PolicyQuestion } from './policy-outcome.ts';
import { mostWaysOut } from './traffic/river-answer.ts';

/** The policy in force and those of before, as trees. Lives in the policy worker, where parsing may take its time. */
export interface PolicyLibrary {
  putInForce(version: string, tree: PolicyTree): void;
  /** The policy in force, or the last one that was, from its kept sources; null before the first. */
  latest(): { readonly version: string; readonly tree: PolicyTree } | null;
  /** Answers a question. Faults: `no_policy`, `policy_not_kept`, and those of spelling. */
  answer(question: PolicyQuestion): Result<unknown>;
}

interface Shelved {
  readonly version: string;
  readonly tree: PolicyTree;
  facts: FindExceptionFacts | null;
  compiled: Result<CompiledPolicy> | null;
  services: ServiceIndex | null;
}

/** Makes the library over a history folder (`state/policy`). One past version is kept parsed: questions about one time come together. */
export function createPolicyLibrary(historyFolder: string): PolicyLibrary {
  const history = openPolicyHistory(historyFolder);
  let current: Shelved | null = null;
  let past: Shelved | null = null;

  const load = (version: string): Shelved | null => {
    if (current?.version === version) return current;
    if (past?.version === version) return past;
    const folder = history.folderOf(version);
    if (folder === null) return null;
    past = shelve(version, parsePolicyFiles(readSources(folder)).tree);
    return past;
  };
  const latest = (): Shelved | null => {
    const last = current?.version ?? history.intervals().at(-1)?.policyVersion;
    return last === undefined ? null : load(last);
  };
  return {
    putInForce: (version, tree) => {
      current = shelve(version, tree);
    },
    latest,
    answer: (question) => {
      try {
        const wanted = 'policyVersion' in question ? question.policyVersion : null;
        const shelved = wanted === null ? latest() : load(wanted);
        if (shelved === null) return failed(missing(wanted));
        if (question.kind === 'sources' || question.kind === 'source') {
          return answerSources(history.folderOf(shelved.version), shelved.version, question);
        }
        return answerFrom(shelved, question);
      } catch (error) {
        return failed(fault('policy_not_kept', `the policy could not be asked (${(error as Error).message})`));
      }
    },
  };
}

function shelve(version: string, tree: PolicyTree): Shelved {
  return { version, tree, facts: null, compiled: null, services: null };
}

type SourcesQuestion = Extract<PolicyQuestion, { readonly kind: 'sources' | 'source' }>;

function answerSources(folder: string | null, version: string, question: SourcesQuestion): Result<unknown> {
  if (folder === null) return failed(missing(version));
  if (question.kind === 'sources') return ok({ version, ...listSources(folder, question.mostBytes) });
  const text = readSource(folder, question.path, question.mostBytes);
  return text.ok ? ok({ version, text: text.value }) : text;
}

function answerFrom(shelved: Shelved, question: Exclude<PolicyQuestion, SourcesQuestion>): Result<unknown> {
  switch (question.kind) {
    case 'openings':
      return ok(listPolicyOpenings(shelved.tree, question.query));
    case 'ways-out':
      return ok({ ...listWaysOut(shelved.tree, mostWaysOut), version: shelved.version });
    case 'exception-facts':
      return answerFacts(shelved, question);
    case 'explain':
      return answerExplain(shelved, question.record);
    case 'services':
      shelved.services ??= indexServices(shelved.tree);
      return ok({ version: shelved.version, ...shelved.services.page(question.query) });
    case 'service':
      return answerService(shelved, question);
    default:
      return question satisfies never;
  }
}

function answerService(
  shelved: Shelved,
  question: Extract<PolicyQuestion, { readonly kind: 'service' }>,
): Result<unknown> {
  shelved.compiled ??= compileShelved(shelved);
  if (!shelved.compiled.ok) return shelved.compiled;
  shelved.services ??= indexServices(shelved.tree);
  const told = tellService(shelved.services, { tree: shelved.tree, policy: shelved.compiled.value }, question);
  if (told === null) return failed(fault('not_found', 'the policy in force has no service of this name'));
  return ok({ version: shelved.version, ...told });
}

function answerExplain(
  shelved: Shelved,
  record: Extract<PolicyQuestion, { readonly kind: 'explain' }>['record'],
): Result<unknown> {
  shelved.compiled ??= compileShelved(shelved);
  if (!shelved.compiled.ok) return shelved.compiled;
  return explainRecord(shelved.compiled.value, record);
}

function compileShelved({ tree, version }: Shelved): Result<CompiledPolicy> {
  const compiled = compilePolicy(tree, { version, seed: randomBytes(16) });
  return compiled.ok ? openPolicy(compiled.value) : compiled;
}

function missing(version: string | null): ReturnType<typeof fault> {
  return version === null
    ? fault('no_policy', 'no good policy was ever in force, mend the policy first')
    : fault('policy_not_kept', `the sources of \`${version}\` are not kept`);
}

function answerFacts(
  shelved: Shelved,
  { service, to, via }: Extract<PolicyQuestion, { readonly kind: 'exception-facts' }>,
): Result<unknown> {
  const target = parsePolicyTarget(to);
  if (!target.ok) return target;
  shelved.facts ??= createExceptionFacts(shelved.tree, shelved.version);
  return ok({ target: target.value, facts: shelved.facts({ service, target: target.value, via }) });
}
