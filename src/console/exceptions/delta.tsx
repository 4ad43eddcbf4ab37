import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { ExceptionAnswer } from '../../api/contract/index.ts';
import { call } from '../api/call.ts';
import { sayCode } from '../ui/words.ts';
import styles from './exceptions.module.css';

/** What an approval would change against today: what is open already to this host, and what is notable about the request. */
export function Delta({ one }: { readonly one: ExceptionAnswer }): ReactNode {
  const waits = one.status === 'pending';
  const host = one.to.replace(/^\w+:\/\//, '').replace(/:[^:]*$/, '');
  const isPattern = host.startsWith('*') || host.includes('/');
  const open = useQuery({
    queryKey: ['open-to', one.service, host],
    enabled: waits && !isPattern,
    queryFn: async ({ signal }) => (await call('listOpen', { query: { service: one.service, to: host }, signal })).body,
  });
  const preview = useQuery({
    queryKey: ['preview', one.service, one.to],
    enabled: waits,
    queryFn: async ({ signal }) =>
      (await call('previewException', { query: { service: one.service, to: one.to }, signal })).body,
  });
  if (!waits) return null;
  const already = open.data?.openings.filter(({ service }) => service === one.service) ?? [];
  return (
    <ul className={styles['list']} aria-label="What an approval would change">
      <li>{sayToday({ isPattern, isKnown: open.data !== undefined, already: already.map(({ to }) => to) })}</li>
      {(preview.data?.findings ?? []).map(({ code, says }) => (
        <li key={code}>
          {says} <small>({sayCode(code)})</small>
        </li>
      ))}
      {preview.data?.findings.length === 0 && <li>nothing about it is unusual: one known host, one port, TLS</li>}
      <li>
        {one.approvalsNeeded === 1 ? 'one approval is missing' : `${one.approvalsNeeded} approvals are missing`}
        {preview.data !== undefined && `, of ${preview.data.approvers.map(sayCode).join(' or ')}`}
      </li>
    </ul>
  );
}

function sayToday({
  isPattern,
  isKnown,
  already,
}: {
  readonly isPattern: boolean;
  readonly isKnown: boolean;
  readonly already: readonly string[];
}): string {
  if (isPattern) return 'it names more than one host';
  if (!isKnown) return 'what is open today is being looked up';
  return already.length === 0 ? 'today nothing opens this host to the service' : `open already: ${already.join(', ')}`;
}
