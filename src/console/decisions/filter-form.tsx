import { Button, NativeSelect, TextInput } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, type ReactNode, useState } from 'react';
import { toField, toInstant } from '../ui/instant-field.ts';
import styles from './decisions.module.css';
import { type DecisionSearch, readDecisionSearch } from './search.ts';

const verdicts = [
  { value: '', label: 'All' },
  { value: 'deny', label: 'Denied' },
  { value: 'would-deny', label: 'Would be denied' },
  { value: 'allow', label: 'Allowed' },
];
const points = [
  { value: '', label: 'All' },
  { value: 'proxy', label: 'Proxy' },
  { value: 'gateway', label: 'Gateway' },
  { value: 'dns', label: 'DNS' },
];

const further = ['source', 'identity', 'since', 'until'] as const;

/** What is looked for. It goes into the address, so that a view can be sent to somebody. */
export function FilterForm({ search }: { readonly search: DecisionSearch }): ReactNode {
  const navigate = useNavigate();
  const [asked, setAsked] = useState<Readonly<Record<string, string>>>(() => ({
    ...(search as Record<string, string>),
    since: toField(search.since),
    until: toField(search.until),
  }));
  const [isWide, setWide] = useState(further.some((name) => search[name] !== undefined));
  const field = (name: keyof DecisionSearch) => ({
    size: 'xs' as const,
    value: asked[name] ?? '',
    autoComplete: 'off',
    onChange: (event: { readonly currentTarget: { readonly value: string } }) => {
      const { value } = event.currentTarget;
      setAsked((before) => ({ ...before, [name]: value }));
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const { since = '', until = '', ...others } = asked;
    const trimmed = Object.entries(others).map(([name, value]) => [name, value.trim()]);
    const times = { since: toInstant(since), until: toInstant(until) };
    void navigate({ to: '/decisions', search: readDecisionSearch({ ...Object.fromEntries(trimmed), ...times }) });
  };
  return (
    <form onSubmit={submit} className={styles['filter']}>
      <NativeSelect label="Verdict" data={verdicts} {...field('verdict')} />
      <TextInput label="Service" {...field('service')} />
      <TextInput label="Host" placeholder="and everything below it" {...field('host')} />
      <TextInput label="Reason" placeholder="no_rule_matched" {...field('reason')} />
      <NativeSelect label="Point" data={points} {...field('point')} />
      {isWide && (
        <>
          <TextInput label="Source" placeholder="10.20.0.7 or 10.20.0.0/24" {...field('source')} />
          <TextInput label="Identity" placeholder="credential:payments-api" {...field('identity')} />
          <TextInput label="From (UTC)" type="datetime-local" {...field('since')} />
          <TextInput label="Until (UTC)" type="datetime-local" {...field('until')} />
        </>
      )}
      <span className={styles['filterActs']}>
        <Button type="submit" size="xs">
          Show
        </Button>
        <Button variant="subtle" size="xs" aria-expanded={isWide} onClick={() => setWide(!isWide)}>
          {isWide ? 'Fewer filters' : 'More filters'}
        </Button>
      </span>
    </form>
  );
}
