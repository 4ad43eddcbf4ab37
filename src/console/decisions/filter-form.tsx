import { Button, NativeSelect, TextInput } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, type ReactNode, useState } from 'react';
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

/** What is looked for. It goes into the address, so that a view can be sent to somebody. */
export function FilterForm({ search }: { readonly search: DecisionSearch }): ReactNode {
  const navigate = useNavigate();
  const [asked, setAsked] = useState<Readonly<Record<string, string>>>({ ...search } as Record<string, string>);
  const field = (name: keyof DecisionSearch) => ({
    size: 'xs' as const,
    value: asked[name] ?? '',
    onChange: (event: { readonly currentTarget: { readonly value: string } }) => {
      const { value } = event.currentTarget;
      setAsked((before) => ({ ...before, [name]: value }));
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const trimmed = Object.entries(asked).map(([name, value]) => [name, value.trim()]);
    void navigate({ to: '/decisions', search: readDecisionSearch(Object.fromEntries(trimmed)) });
  };
  return (
    <form onSubmit={submit} className={styles['filter']}>
      <NativeSelect label="Verdict" data={verdicts} {...field('verdict')} />
      <TextInput label="Service" autoComplete="off" {...field('service')} />
      <TextInput label="Host" placeholder="and everything below it" autoComplete="off" {...field('host')} />
      <TextInput label="Reason" placeholder="no_rule_matched" autoComplete="off" {...field('reason')} />
      <NativeSelect label="Point" data={points} {...field('point')} />
      <Button type="submit" size="xs">
        Show
      </Button>
    </form>
  );
}
