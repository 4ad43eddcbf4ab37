import { Button, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { type FormEvent, type ReactNode, useState } from 'react';
import type { OpenAnswer } from '../../api/contract/index.ts';
import { call } from '../api/call.ts';
import { useMay, useSession } from '../session/session-state.ts';
import { saveFile, toCsv } from '../ui/csv.ts';
import { toField, toInstant } from '../ui/instant-field.ts';
import { PageHead } from '../ui/page-head.tsx';
import { Empty, Failure, Waiting } from '../ui/states.tsx';
import { sayBytes, sayCount, sayInstant } from '../ui/words.ts';
import { EvidenceButton } from './evidence-button.tsx';
import styles from './open.module.css';
import { OpenTable } from './open-table.tsx';
import type { OpenSearch } from './search.ts';

const route = getRouteApi('/open');

/** The auditor's question: who has what open, now or at any time, and by what was known then. */
export function OpenPage(): ReactNode {
  const search = route.useSearch();
  const mayProve = useMay('audit:read');
  const found = useQuery({
    queryKey: ['open', search],
    queryFn: async ({ signal }) => (await call('listOpen', { query: search, signal })).body,
  });
  return (
    <>
      <PageHead title="Open access" says="Every rule, exception and other way out, with who answers for it.">
        <Button variant="default" onClick={() => window.print()}>
          Print
        </Button>
        <Button variant="default" disabled={found.data === undefined} onClick={() => found.data && save(found.data)}>
          Save as CSV
        </Button>
        {mayProve && <EvidenceButton search={search} />}
      </PageHead>
      <Question key={JSON.stringify(search)} search={search} />
      {found.data !== undefined && <Answered answer={found.data} />}
      {found.data === undefined && found.error === null && <Waiting rows={10} />}
      {found.error !== null && <Failure error={found.error} onRetry={() => void found.refetch()} />}
    </>
  );
}

function Question({ search }: { readonly search: OpenSearch }): ReactNode {
  const navigate = useNavigate();
  const [asked, setAsked] = useState({
    service: search.service ?? '',
    to: search.to ?? '',
    owner: search.owner ?? '',
    at: toField(search.at),
    asRecorded: toField(search.asRecorded),
  });
  const field = (name: keyof typeof asked) => ({
    value: asked[name],
    size: 'xs' as const,
    autoComplete: 'off',
    onChange: (event: { readonly currentTarget: { readonly value: string } }) => {
      const { value } = event.currentTarget;
      setAsked((before) => ({ ...before, [name]: value }));
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const { at, asRecorded, ...others } = asked;
    const said = Object.entries({ ...others, at: toInstant(at), asRecorded: toInstant(asRecorded) });
    const next: OpenSearch = Object.fromEntries(said.filter(([, value]) => value !== ''));
    void navigate({ to: '/open', search: next });
  };
  return (
    <form onSubmit={submit} className={styles['question']}>
      <TextInput label="Service" {...field('service')} />
      <TextInput label="Destination" placeholder="host, address, or with :port" {...field('to')} />
      <TextInput label="Owner" {...field('owner')} />
      <TextInput label="At (UTC)" type="datetime-local" {...field('at')} />
      <TextInput label="As known at (UTC)" type="datetime-local" {...field('asRecorded')} />
      <Button type="submit" size="xs">
        Show
      </Button>
    </form>
  );
}

/** On paper alone: by whom and of what it is, and what was asked. */
function Printed({ answer }: { readonly answer: OpenAnswer }): ReactNode {
  const { person } = useSession();
  const { service, to, owner } = route.useSearch();
  const asked = [
    ['service', service],
    ['destination', to],
    ['owner', owner],
  ]
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} ${value}`);
  return (
    <p className={styles['printed']}>
      Exeat at {location.host}, printed for {person.name}. Asked for: {asked.length === 0 ? 'all' : asked.join(', ')}.
      Policy {answer.policyVersion ?? 'none'}.
    </p>
  );
}

function Answered({ answer }: { readonly answer: OpenAnswer }): ReactNode {
  const { debt } = answer;
  const share = debt.connections === 0 ? null : Math.round((debt.grantConnections / debt.connections) * 1_000) / 10;
  return (
    <>
      <Printed answer={answer} />
      <p className={styles['summary']}>
        <strong>{sayCount(answer.openings.length, 'way out', 'ways out')}</strong> at {sayInstant(answer.at)} UTC
        {answer.asRecorded === answer.at ? '' : `, by what was known at ${sayInstant(answer.asRecorded)} UTC`}.
        {answer.leftOut > 0 && ` ${sayCount(answer.leftOut, 'more is', 'more are')} not shown: narrow the question.`}
        {share !== null &&
          ` Exceptions alone justified ${share} % of the connections of ${debt.days} days (${sayBytes(debt.grantBytes)}).`}
      </p>
      {answer.openings.length === 0 ? (
        <Empty title="Nothing was open" command="exeat open --at 2026-11-01T08:00:00Z">
          <p>No rule and no exception matches at this time. The command line asks the same:</p>
        </Empty>
      ) : (
        <OpenTable openings={answer.openings} />
      )}
      <section className={styles['notes']} aria-label="What this answer cannot see">
        <h2>What this answer cannot see</h2>
        <ul>
          {answer.notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
        {answer.policyVersion !== null && (
          <p>
            Policy <code>{answer.policyVersion}</code>
          </p>
        )}
      </section>
    </>
  );
}

function save({ openings, at }: OpenAnswer): void {
  const head = [
    'kind',
    'id',
    'service',
    'identities',
    'to',
    'owner',
    'reason',
    'approvedBy',
    'since',
    'until',
    'lastUsed',
    'from',
    'note',
  ];
  const rows = openings.map((one) => [
    ...[one.kind, one.id, one.service, one.identities.join(' '), one.to, one.owner, one.reason],
    ...[one.approvedBy.join(' '), one.since, one.until, one.lastUsed, one.from, one.note],
  ]);
  saveFile(`open-${at.slice(0, 16).replaceAll(':', '')}.csv`, toCsv(head, rows), 'text/csv');
}
