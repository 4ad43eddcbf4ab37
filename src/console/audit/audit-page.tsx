import { Button, TextInput } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { type FormEvent, type ReactNode, useState } from 'react';
import type { EntryAnswer } from '../../api/contract/index.ts';
import { call } from '../api/call.ts';
import { useMay } from '../session/session-state.ts';
import { saveFile, toCsv } from '../ui/csv.ts';
import { PageHead } from '../ui/page-head.tsx';
import { Empty, Failure, Waiting } from '../ui/states.tsx';
import styles from './audit.module.css';
import { Entries } from './entries.tsx';
import { LogState } from './log-state.tsx';
import { type AuditSearch, readAuditSearch } from './search.ts';
import { useAuditState } from './use-audit-state.ts';

const route = getRouteApi('/audit');

/** The log of acts: who did what and when, and whether the log can be believed. */
export function AuditPage(): ReactNode {
  const search = route.useSearch();
  const mayRead = useMay('audit:read');
  return (
    <>
      <PageHead title="Audit" says="Who did what, and when. Nothing is ever taken out." />
      {mayRead ? (
        <Readable search={search} />
      ) : (
        <Empty
          title="Your token may not read the log"
          command="exeat token create --label browser --scope read audit:read"
        >
          <p>It takes the scope audit:read, which auditors and security have. They make a token that carries it:</p>
        </Empty>
      )}
    </>
  );
}

type FoundLog = ReturnType<typeof useLog>;

/** Everything comes at once, when it is known how tall what is above the list is: nothing jumps. */
function Readable({ search }: { readonly search: AuditSearch }): ReactNode {
  const state = useAuditState();
  const log = useLog(search);
  if (state.data === undefined && state.error === null) return <Waiting rows={16} />;
  return (
    <>
      <LogState found={state} />
      <FilterForm key={JSON.stringify(search)} search={search} />
      <Log found={log} />
    </>
  );
}

function FilterForm({ search }: { readonly search: AuditSearch }): ReactNode {
  const navigate = useNavigate();
  const [asked, setAsked] = useState({
    action: search.action ?? '',
    actor: search.actor ?? '',
    subject: search.subject ?? '',
  });
  const field = (name: keyof typeof asked) => ({
    size: 'xs' as const,
    autoComplete: 'off',
    value: asked[name],
    onChange: (event: { readonly currentTarget: { readonly value: string } }) => {
      const { value } = event.currentTarget;
      setAsked((before) => ({ ...before, [name]: value }));
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void navigate({ to: '/audit', search: readAuditSearch(asked) });
  };
  return (
    <form onSubmit={submit} className={styles['filter']}>
      <TextInput label="Action" placeholder="exception." {...field('action')} />
      <TextInput label="Who" {...field('actor')} />
      <TextInput label="Subject" placeholder="exception/01J…" {...field('subject')} />
      <Button type="submit" size="xs">
        Show
      </Button>
    </form>
  );
}

function useLog(search: AuditSearch) {
  return useInfiniteQuery({
    queryKey: ['audit', search],
    initialPageParam: '',
    queryFn: async ({ pageParam, signal }) =>
      (await call('listAudit', { query: { ...search, limit: 100, cursor: pageParam }, signal })).body,
    getNextPageParam: ({ next }) => next,
  });
}

function Log({ found }: { readonly found: FoundLog }): ReactNode {
  if (found.data === undefined) {
    return found.error === null ? (
      <Waiting rows={10} />
    ) : (
      <Failure error={found.error} onRetry={() => void found.refetch()} />
    );
  }
  const entries = found.data.pages.flatMap(({ items }) => items);
  if (entries.length === 0) {
    return (
      <Empty title="No act matches" command="exeat audit list --action exception. --since 7d">
        <p>An action matches by its start. The command line asks the same:</p>
      </Empty>
    );
  }
  return (
    <>
      <Entries entries={entries} />
      <div className={styles['acts']}>
        {found.hasNextPage && (
          <Button variant="default" loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
            Show older ones
          </Button>
        )}
        <Button variant="default" onClick={() => save(entries)}>
          Save these as CSV
        </Button>
      </div>
    </>
  );
}

function save(entries: readonly EntryAnswer[]): void {
  const rows = entries.map(({ seq, time, actor, action, subject, details }) => [
    ...[seq, time, actor, action, subject],
    JSON.stringify(details),
  ]);
  const csv = toCsv(['seq', 'time', 'actor', 'action', 'subject', 'details'], rows);
  saveFile('audit.csv', csv, 'text/csv');
}
