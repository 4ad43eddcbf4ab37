import { useQuery } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { call } from '../api/call.ts';
import styles from './palette.module.css';
import type { Place } from './place.ts';

interface PaletteProps {
  readonly places: readonly Place[];
  readonly onClose: () => void;
}

/** One line of it. */
interface Choice {
  readonly key: string;
  readonly name: string;
  readonly kind: string;
  readonly to: string;
  readonly search: Readonly<Record<string, string>>;
}

const mostShown = 12;

/** Goes to a page, or to what a service does and has open, by a few letters. */
export function Palette({ places, onClose }: PaletteProps): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const router = useRouter();
  const listId = useId();
  const [asked, setAsked] = useState('');
  const [at, setAt] = useState(0);
  const choices = choose(useChoices(places), asked).slice(0, mostShown);
  useEffect(() => dialog.current?.showModal(), []);
  const go = (choice: Choice | undefined): void => {
    if (choice === undefined) return;
    onClose();
    void router.navigate({ to: choice.to, search: choice.search });
  };
  const press = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      setAt((before) => (choices.length === 0 ? 0 : (before + step + choices.length) % choices.length));
    }
    if (event.key === 'Enter') go(choices[at]);
  };
  return (
    <dialog ref={dialog} className={styles['palette']} aria-label="Go to" onClose={onClose}>
      <input
        type="text"
        role="combobox"
        aria-label="Page or service"
        aria-expanded="true"
        aria-controls={listId}
        aria-activedescendant={choices[at] === undefined ? undefined : `${listId}-${at}`}
        placeholder="Page or service"
        autoComplete="off"
        spellCheck={false}
        value={asked}
        onChange={({ currentTarget }) => {
          setAsked(currentTarget.value);
          setAt(0);
        }}
        onKeyDown={press}
      />
      <div id={listId} role="listbox" aria-label="Places" className={styles['list']}>
        {choices.map((choice, index) => (
          // The keys go to the field, which names the one that is chosen.
          <div
            key={choice.key}
            id={`${listId}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === at}
            onPointerMove={() => setAt(index)}
            onPointerUp={() => go(choice)}
          >
            <span>{choice.name}</span>
            <small>{choice.kind}</small>
          </div>
        ))}
      </div>
      <p role="status">{choices.length === 0 ? 'Nothing is called so.' : ''}</p>
    </dialog>
  );
}

/** Every page, and each service that has something open, as the API tells it. */
function useChoices(places: readonly Place[]): readonly Choice[] {
  const found = useQuery({
    queryKey: ['open', {}],
    staleTime: 60_000,
    queryFn: async ({ signal }) => (await call('listOpen', { query: {}, signal })).body,
  });
  const names = (found.data?.openings ?? []).flatMap(({ service }) => service ?? []);
  const services = [...new Set(names)].sort();
  return [
    ...places.map(({ to, name }): Choice => ({ key: to, name, kind: 'page', to, search: {} })),
    ...services.flatMap((service): readonly Choice[] => [
      { key: `d ${service}`, name: service, kind: 'its decisions', to: '/decisions', search: { service } },
      { key: `o ${service}`, name: service, kind: 'what it has open', to: '/open', search: { service } },
    ]),
  ];
}

/** What holds every word that was typed; what begins with the first one comes first. */
function choose(all: readonly Choice[], asked: string): readonly Choice[] {
  const words = asked.toLowerCase().split(/\s+/).filter(Boolean);
  const [first = ''] = words;
  const fits = all.filter((one) => words.every((word) => `${one.name} ${one.kind}`.toLowerCase().includes(word)));
  const begins = (one: Choice): number => (one.name.toLowerCase().startsWith(first) ? 0 : 1);
  return fits.toSorted((left, right) => begins(left) - begins(right));
}
