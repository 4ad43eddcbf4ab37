import { Button, NativeSelect, TextInput } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, type ReactNode, useState } from 'react';
import { Choices } from '../ui/choices.tsx';
import styles from './flow-map.module.css';
import { type FlowMapSearch, ranges, readFlowMapSearch } from './search.ts';

const sources = [
  { value: 'identity', label: 'Identity' },
  { value: 'team', label: 'Team' },
  { value: 'environment', label: 'Environment' },
];
const targets = [
  { value: 'destination', label: 'Destination' },
  { value: 'domain', label: 'Registrable domain' },
  { value: 'class', label: 'Class' },
];
const measures = [
  { value: 'connections', label: 'Connections' },
  { value: 'bytes', label: 'Bytes' },
];
const unusedChoices = [
  { value: 'yes', label: 'Shown' },
  { value: 'no', label: 'Left out' },
];

/** What is shown, and how. It goes into the address, so that a view can be sent to somebody. */
export function Controls({ search }: { readonly search: FlowMapSearch }): ReactNode {
  const navigate = useNavigate();
  const [service, setService] = useState(search.service ?? '');
  const go = (change: object): void => {
    void navigate({ to: '/flow-map', search: readFlowMapSearch({ ...search, ...change }) });
  };
  const select = (name: 'measure' | 'from' | 'to' | 'unused', first: string) => ({
    size: 'xs' as const,
    value: search[name] ?? first,
    onChange: (event: { readonly currentTarget: { readonly value: string } }) =>
      go({ [name]: event.currentTarget.value }),
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    go({ service: service.trim() });
  };
  return (
    <div className={styles['controls']}>
      <Choices
        label="Time"
        to="/flow-map"
        choices={Object.entries(ranges).map(([range, { label }]) => ({
          name: label,
          search: readFlowMapSearch({ ...search, range }),
          isChosen: (search.range ?? 'day') === range,
        }))}
      />
      <form onSubmit={submit} className={styles['fields']}>
        <NativeSelect label="Width" data={measures} {...select('measure', 'connections')} />
        <NativeSelect label="From" data={sources} {...select('from', 'identity')} />
        <NativeSelect label="To" data={targets} {...select('to', 'destination')} />
        <NativeSelect label="Allowed, not used" data={unusedChoices} {...select('unused', 'yes')} />
        <TextInput
          label="Service"
          placeholder="all"
          autoComplete="off"
          size="xs"
          value={service}
          onChange={(event) => setService(event.currentTarget.value)}
        />
        <Button type="submit" size="xs">
          Show
        </Button>
      </form>
    </div>
  );
}
