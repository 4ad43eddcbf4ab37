import { keepPreviousData, type UseQueryResult, useQuery } from '@tanstack/react-query';
import type { DraftMapAnswer } from '../../api/contract/index.ts';
import { call } from '../api/call.ts';
import { Refusal } from '../api/failure.ts';
import { type PolicyDraft, useDraft } from '../policy/draft-store.ts';
import { usePolicy } from '../policy/use-policy.ts';
import { type FlowMapSearch, queryOf } from './search.ts';

/** The draft of this window, tried on what went out. */
export interface TriedDraft {
  readonly draft: PolicyDraft;
  /** Idle where there is no draft. */
  readonly tried: UseQueryResult<DraftMapAnswer>;
  /** Why the policy in force, which the draft changes, is not known; null where it is. */
  readonly policyError: Error | null;
}

// Each draft is a map of its own, so what was tried is found again by which map it was, and its texts are kept in no key.
const numbers = new WeakMap<object, number>();
let last = 0;
function numberOf(files: PolicyDraft['files']): number {
  const number = numbers.get(files) ?? ++last;
  numbers.set(files, number);
  return number;
}

const freshMs = 60_000;
// Who changes what is shown while a check of theirs is under way waits for it.
const mostTries = 20;
const againMs = 750;

/** Tries the draft of this window on the traffic that is looked at, where that is wanted and there is one. */
export function useDraftMap(search: FlowMapSearch): TriedDraft {
  const { draft } = useDraft();
  const { files } = draft;
  const isWanted = search.draft === 'yes' && files.size > 0;
  const policy = usePolicy(isWanted);
  const policyVersion = policy.data?.policyVersion ?? '';
  const tried = useQuery({
    queryKey: ['flow-map-draft', search, policyVersion, numberOf(files)],
    enabled: isWanted && policy.data !== undefined,
    staleTime: freshMs,
    placeholderData: keepPreviousData,
    retry: (count, error) => isBusy(error) && count < mostTries,
    retryDelay: againMs,
    queryFn: async ({ signal }) => {
      const changed = [...files.values()].map(({ path, after }) => ({ path, text: after }));
      const view = { ...usual, ...queryOf(search, Date.now()) };
      return (await call('tryFlowMap', { body: { policyVersion, files: changed, view }, signal })).body;
    },
  });
  return { draft, tried, policyError: policy.data === undefined ? policy.error : null };
}

const usual = { measure: 'connections', from: 'identity', to: 'destination', unused: 'yes', nodes: 200 } as const;

function isBusy(error: unknown): boolean {
  return error instanceof Refusal && ['check_running', 'policy_busy'].includes(error.problem.code);
}
