import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { call } from '../api/call.ts';
import { useMay } from '../session/session-state.ts';
import { PageHead } from '../ui/page-head.tsx';
import { Empty, Failure, Waiting } from '../ui/states.tsx';
import { type Asked, RequestForm } from './request-form.tsx';

const route = getRouteApi('/exceptions/new');

/** Asks for an exception; from a denial with everything filled in that the denial tells. */
export function RequestPage(): ReactNode {
  const { decision, service = '', to = '' } = route.useSearch();
  const mayAsk = useMay('exception:request');
  const denial = useQuery({
    queryKey: ['decision', decision],
    enabled: decision !== undefined,
    queryFn: async ({ signal }) => (await call('showDecision', { params: { id: decision ?? '' }, signal })).body,
  });
  const head = <PageHead title="Ask for an exception" says="Somebody else decides. It ends by itself." />;
  if (!mayAsk) {
    return (
      <>
        {head}
        <Empty
          title="Your token may not ask"
          command="exeat token create --label browser --scope read exception:request"
        >
          <p>It does not carry the scope to ask for exceptions. A requester makes one that does:</p>
        </Empty>
      </>
    );
  }
  if (denial.isLoading) return [head, <Waiting key="waiting" />];
  const from = denial.data?.requestable ?? { service, to, owner: null };
  const asked: Asked = {
    service: from.service,
    to: from.to,
    owner: from.owner ?? '',
    decision: denial.data === undefined ? null : (decision ?? null),
  };
  return (
    <>
      {head}
      {denial.error !== null && <Failure error={denial.error} />}
      <RequestForm asked={asked} denial={denial.data ?? null} />
    </>
  );
}
