import { Button } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { ExceptionAnswer } from '../../api/contract/index.ts';
import { call } from '../api/call.ts';
import { useMay } from '../session/session-state.ts';
import { Choices } from '../ui/choices.tsx';
import { LinkButton } from '../ui/link-button.tsx';
import { PageHead } from '../ui/page-head.tsx';
import { Empty, Failure, Waiting } from '../ui/states.tsx';
import { Table } from '../ui/table.tsx';
import { Tag } from '../ui/tag.tsx';
import { sayDuration } from '../ui/words.ts';
import styles from './exceptions.module.css';
import type { ListSearch, Shown } from './search.ts';
import { Standing, TierTag } from './standing.tsx';
import { Timeline } from './timeline.tsx';

const route = getRouteApi('/exceptions');

const shown: readonly { readonly show: Shown; readonly name: string }[] = [
  { show: 'waiting', name: 'Waiting' },
  { show: 'in-force', name: 'In force' },
  { show: 'all', name: 'All' },
];
const statuses: Readonly<Record<Shown, string | undefined>> = {
  waiting: 'pending',
  'in-force': 'active',
  all: undefined,
};
const renewMs = 10_000;

/** Who has what open for a while, until when, and why; and what waits for somebody to decide. */
export function ListPage(): ReactNode {
  const search = route.useSearch();
  const mayAsk = useMay('exception:request');
  return (
    <>
      <PageHead title="Exceptions" says="What somebody else let out for a while. Each ends by itself.">
        {mayAsk && <LinkButton to="/exceptions/new">Ask for one</LinkButton>}
      </PageHead>
      <Choices
        label="Which exceptions"
        choices={shown.map(({ show, name }) => ({
          name,
          search: { ...search, show },
          isChosen: (search.show ?? 'waiting') === show,
        }))}
        to="/exceptions"
      />
      {search.service !== undefined && (
        <p className={styles['filter']}>
          Of the service <code>{search.service}</code>.{' '}
          <Link to="/exceptions" search={search.show === undefined ? {} : { show: search.show }}>
            Show all services
          </Link>
        </p>
      )}
      <List search={search} mayAsk={mayAsk} />
    </>
  );
}

function List({ search, mayAsk }: { readonly search: ListSearch; readonly mayAsk: boolean }): ReactNode {
  const { show = 'waiting', service } = search;
  const found = useInfiniteQuery({
    queryKey: ['exceptions', show, service ?? ''],
    initialPageParam: '',
    refetchInterval: renewMs,
    queryFn: async ({ pageParam, signal }) => {
      const query = { limit: 50, status: statuses[show], service, cursor: pageParam };
      return (await call('listExceptions', { query, signal })).body;
    },
    getNextPageParam: ({ next }) => next,
  });
  if (found.data === undefined) {
    return found.error === null ? <Waiting /> : <Failure error={found.error} onRetry={() => void found.refetch()} />;
  }
  const items = found.data.pages.flatMap((page) => page.items);
  if (items.length === 0) return <Nothing show={show} mayAsk={mayAsk} />;
  return (
    <>
      <Table className={styles['table']}>
        <thead>
          <tr>
            <th scope="col">What it opens</th>
            <th scope="col">Why</th>
            <th scope="col">Tier</th>
            <th scope="col">Stands</th>
            <th scope="col">Time</th>
          </tr>
        </thead>
        <tbody>
          {items.map((one) => (
            <Row key={one.id} one={one} />
          ))}
        </tbody>
      </Table>
      {found.hasNextPage && (
        <Button variant="default" loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
          Show older ones
        </Button>
      )}
    </>
  );
}

function Row({ one }: { readonly one: ExceptionAnswer }): ReactNode {
  return (
    <tr>
      <td>
        <Link to="/exceptions/$id" params={{ id: one.id }} className={styles['what']}>
          <span>{one.service}</span> <span aria-hidden="true">→</span> <span className="mono">{one.to}</span>
        </Link>
        <small>
          {one.requester === one.beneficiary ? one.requester : `${one.requester} for ${one.beneficiary}`},{' '}
          {sayDuration(one.durationSeconds * 1_000)}
        </small>
      </td>
      <td className={styles['why']}>
        <span>{one.reason}</span>
        {one.ticket !== null && <small>{one.ticket}</small>}
      </td>
      <td>
        <TierTag tier={one.tier} />
      </td>
      <td>
        <Standing one={one} />{' '}
        {one.reviewStatus !== null && one.reviewStatus !== 'reviewed' && <Tag tone="watch">review due</Tag>}
      </td>
      <td>
        <Timeline one={one} />
      </td>
    </tr>
  );
}

function Nothing({ show, mayAsk }: { readonly show: Shown; readonly mayAsk: boolean }): ReactNode {
  const title = {
    waiting: 'Nothing waits for a decision',
    'in-force': 'No exception is in force',
    all: 'Nobody has asked for an exception yet',
  }[show];
  return (
    <Empty
      title={title}
      command="exeat exception request --service SERVICE --to HOST:443 --for 8h --owner OWNER --reason 'WHY'"
    >
      <p>
        A denied request carries a link that asks with everything filled in.{' '}
        {mayAsk ? 'Or ask here, or by this command:' : 'Or ask by this command:'}
      </p>
    </Empty>
  );
}
