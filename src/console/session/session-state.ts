import { type QueryClient, type UseQueryResult, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Scope, SessionAnswer } from '../../api/contract/index.ts';
import { call, keepCsrf } from '../api/call.ts';
import { isAway, isOver } from '../api/failure.ts';

/** Somebody is signed in; nobody is; or somebody was, and what they look at stays until they are back. */
export type SessionState =
  | { readonly kind: 'in'; readonly session: SessionAnswer }
  | { readonly kind: 'out' }
  | { readonly kind: 'over'; readonly session: SessionAnswer };

const key = ['session'] as const;
const awayMs = 3_000;

/** Reads who is signed in. */
export function useSessionState(): UseQueryResult<SessionState> {
  const client = useQueryClient();
  return useQuery({
    queryKey: key,
    staleTime: 60_000,
    // While nobody answers it is asked again: the page comes when control does.
    refetchInterval: ({ state }) => (isAway(state.error) ? awayMs : state.data?.kind === 'in' ? 60_000 : false),
    queryFn: async (): Promise<SessionState> => {
      try {
        const { body } = await call('showSession');
        keepCsrf(body.csrf);
        return { kind: 'in', session: body };
      } catch (error) {
        if (isOver(error)) return leave(client.getQueryData<SessionState>(key));
        throw error;
      }
    },
  });
}

function leave(before: SessionState | undefined): SessionState {
  return before === undefined || before.kind === 'out' ? { kind: 'out' } : { kind: 'over', session: before.session };
}

/** Notes that the session is over: somebody revoked it, or it was idle. */
export function markOver(client: QueryClient): void {
  client.setQueryData<SessionState>(key, (before) => leave(before));
}

/** Signs in. Somebody else at the same browser sees nothing of what the one before looked at. */
export async function signIn(client: QueryClient, token: string): Promise<void> {
  const before = client.getQueryData<SessionState>(key);
  const { body } = await call('openSession', { body: { token } });
  keepCsrf(body.csrf);
  // A browser that did not keep the cookie would show every page as signed out: it is told here and once.
  await call('showSession');
  if (before?.kind !== 'over' || before.session.person.id !== body.person.id) forget(client);
  client.setQueryData<SessionState>(key, (): SessionState => ({ kind: 'in', session: body }));
  await client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== key[0] });
}

function forget(client: QueryClient): void {
  client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== key[0] });
}

/** Signs out, and forgets everything that was shown. */
export async function signOut(client: QueryClient): Promise<void> {
  await call('endSession');
  keepCsrf('');
  forget(client);
  client.setQueryData<SessionState>(key, (): SessionState => ({ kind: 'out' }));
}

/** Who is signed in. To be used below the gate only, where somebody is. */
export function useSession(): SessionAnswer {
  const { data } = useSessionState();
  if (data === undefined || data.kind === 'out') throw new TypeError('a page outside of the gate');
  return data.session;
}

/** Whether whoever is signed in may do what takes this scope. */
export function useMay(scope: Scope): boolean {
  return useSession().scopes.includes(scope);
}
