import { Button, TextInput } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { type FormEvent, type ReactNode, useState } from 'react';
import type { ServiceRow } from '../../api/contract/index.ts';
import { call } from '../api/call.ts';
import { Choices } from '../ui/choices.tsx';
import { LinkButton } from '../ui/link-button.tsx';
import { Moment } from '../ui/moment.tsx';
import { PageHead } from '../ui/page-head.tsx';
import { Empty, Failure, Waiting } from '../ui/states.tsx';
import { Table } from '../ui/table.tsx';
import { sayCount } from '../ui/words.ts';
import { ModeTag } from './mode-tag.tsx';
import styles from './policy.module.css';
import type { ServicesSearch } from './search.ts';

const route = getRouteApi('/policy');

const modes = [
  { mode: undefined, name: 'All' },
  { mode: 'enforce', name: 'Enforced' },
  { mode: 'observe', name: 'Observed' },
] as const;

/** Every service of the policy in force: who answers for it, how it is judged, and what of it is used. */
export function ServicesPage(): ReactNode {
  const search = route.useSearch();
  return (
    <>
      <PageHead title="Policy" says="What each service may reach, by the files in force.">
        <Link to="/policy/history">History</Link>
        <LinkButton to="/policy/edit">Change it</LinkButton>
      </PageHead>
      <div className={styles['bar']}>
        <Choices
          label="Which services"
          to="/policy"
          choices={modes.map(({ mode, name }) => ({
            name,
            search: {
              ...(search.find === undefined ? {} : { find: search.find }),
              ...(mode === undefined ? {} : { mode }),
            },
            isChosen: search.mode === mode,
          }))}
        />
        <Find key={search.find} search={search} />
      </div>
      <List search={search} />
    </>
  );
}

function Find({ search }: { readonly search: ServicesSearch }): ReactNode {
  const navigate = useNavigate();
  const [find, setFind] = useState(search.find ?? '');
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const { find: _, ...others } = search;
    void navigate({ to: '/policy', search: find.trim() === '' ? others : { ...others, find: find.trim() } });
  };
  return (
    <form aria-label="Find services" onSubmit={submit} className={styles['find']}>
      <TextInput
        size="xs"
        aria-label="Name or owner"
        placeholder="Name or owner"
        value={find}
        onChange={({ currentTarget }) => setFind(currentTarget.value)}
      />
      <Button type="submit" size="xs" variant="default">
        Find
      </Button>
    </form>
  );
}

function List({ search }: { readonly search: ServicesSearch }): ReactNode {
  const found = useInfiniteQuery({
    queryKey: ['services', search],
    initialPageParam: '',
    queryFn: async ({ pageParam, signal }) =>
      (await call('listServices', { query: { ...search, limit: 100, cursor: pageParam }, signal })).body,
    getNextPageParam: ({ next }) => next,
  });
  if (found.data === undefined) {
    return found.error === null ? (
      <Waiting rows={10} />
    ) : (
      <Failure error={found.error} onRetry={() => void found.refetch()} />
    );
  }
  const [first] = found.data.pages;
  const items = found.data.pages.flatMap((page) => page.items);
  if (first === undefined || items.length === 0) return <Nothing isFiltered={Object.keys(search).length > 0} />;
  return (
    <>
      <p className={styles['dim']}>
        {sayCount(first.total, 'service')}.{' '}
        {first.countedSince === null
          ? 'No use was counted yet.'
          : `Uses are counted since ${first.countedSince}; a connection is remembered for 30 days.`}
      </p>
      <Services items={items} />
      {found.hasNextPage && (
        <Button variant="default" loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
          Show more
        </Button>
      )}
    </>
  );
}

function Nothing({ isFiltered }: { readonly isFiltered: boolean }): ReactNode {
  if (isFiltered) {
    return (
      <Empty title="No service matches">
        <p>
          <Link to="/policy" search={{}}>
            Show all of them
          </Link>
          .
        </p>
      </Empty>
    );
  }
  return (
    <Empty title="The policy has no service yet" command="exeat flows propose --out ./policy">
      <p>Everything is denied. Write one, or let the flow map propose what your logs show:</p>
    </Empty>
  );
}

function Services({ items }: { readonly items: readonly ServiceRow[] }): ReactNode {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard
    <section className={styles['scroll']} tabIndex={0} aria-label="Services">
      <Table className={styles['table']}>
        <thead>
          <tr>
            <th scope="col">Service</th>
            <th scope="col">Owner</th>
            <th scope="col">Mode</th>
            <th scope="col">Last let out</th>
            <th scope="col">Rules</th>
            <th scope="col">Tests</th>
          </tr>
        </thead>
        <tbody>
          {items.map((one) => (
            <Row key={one.name} one={one} />
          ))}
        </tbody>
      </Table>
    </section>
  );
}

function Row({ one }: { readonly one: ServiceRow }): ReactNode {
  const { name, owner, kind, identities, lastUsed, ruleCount, testCount, onlyObserved } = one;
  return (
    <tr>
      <td>
        <Link to="/policy/services/$id" params={{ id: name }}>
          <strong>{name}</strong>
        </Link>
        <small>{identities.join(', ')}</small>
      </td>
      <td className={styles['owner']}>
        {owner}
        <small>{kind}</small>
      </td>
      <td>
        <ModeTag service={one} />
        {onlyObserved > 0 && <small>{sayCount(onlyObserved, 'destination')} without a rule</small>}
      </td>
      <td>{lastUsed === null ? 'not seen' : <Moment at={lastUsed} />}</td>
      <td>
        {ruleCount}
        <small>{sayUnused(one)}</small>
      </td>
      <td>{testCount === 0 ? 'none' : testCount}</td>
    </tr>
  );
}

function sayUnused({ unusedRules, ruleCount }: ServiceRow): string {
  if (ruleCount === 0) return '';
  if (unusedRules === null) return 'use not known';
  return unusedRules === 0 ? 'all used' : `${unusedRules} not seen used`;
}
