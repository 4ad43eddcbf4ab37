import { type UseQueryResult, useQuery } from '@tanstack/react-query';
import type { AuditState } from '../../api/contract/index.ts';
import { call } from '../api/call.ts';

const usualMs = 10_000;
// Somebody waits for what a verification finds.
const verifyingMs = 1_000;

/** How the log stands, renewed while somebody looks. */
export function useAuditState(): UseQueryResult<AuditState> {
  return useQuery<AuditState>({
    queryKey: ['audit-state'],
    refetchInterval: ({ state }) => (state.data?.isVerifying === true ? verifyingMs : usualMs),
    queryFn: async ({ signal }) => (await call('auditState', { signal })).body,
  });
}
