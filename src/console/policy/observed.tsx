import { Checkbox } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import type { ObservedDestination, ServiceAnswer } from '../../api/contract/index.ts';
import { LinkButton } from '../ui/link-button.tsx';
import { Moment } from '../ui/moment.tsx';
import { Panel } from '../ui/panel.tsx';
import { Table } from '../ui/table.tsx';
import { sayCode, sayCount } from '../ui/words.ts';
import type { ServiceDraft } from './draft-edit.ts';
import styles from './policy.module.css';

/** What enforce would refuse of what observe lets out, and the way to enforce: choose what is meant, and draft rules for it. */
export function Observed({ answer }: { readonly answer: ServiceAnswer }): ReactNode {
  const { service, observed, observedLeftOut } = answer;
  // What raises no doubt is chosen; what a person should judge first is not.
  const [left, setLeft] = useState<ReadonlySet<string>>(
    () => new Set(observed.filter(({ doubts }) => doubts.length > 0).map(keyOf)),
  );
  const chosen = observed.filter((one) => one.draft !== null && !left.has(keyOf(one)));
  const allow = chosen.flatMap(({ draft }) => draft ?? []);
  const draft = (enforce: boolean): ServiceDraft => ({ service: service.name, allow, enforce });
  const toggle = (key: string): void => {
    setLeft((before) => {
      const after = new Set(before);
      if (!after.delete(key)) after.add(key);
      return after;
    });
  };
  return (
    <Panel title="From observe to enforce">
      <p className={styles['lead']}>
        {observed.length === 0
          ? 'Nothing that was seen within 30 days would be refused. It can be enforced.'
          : `Enforced now, ${sayCount(observed.length + observedLeftOut, 'destination')} would be refused. Choose what is meant to go out: it becomes rules, each of which needs your reason.`}
      </p>
      {observed.length > 0 && <Destinations observed={observed} left={left} onToggle={toggle} />}
      {observedLeftOut > 0 && (
        <p className={styles['dim']}>
          {sayCount(observedLeftOut, 'more destination')} that were seen longer ago are not shown.
        </p>
      )}
      <div className={styles['acts']}>
        <LinkButton to="/policy/edit" search={{ draft: draft(true) }}>
          {allow.length === 0
            ? 'Draft the switch to enforce'
            : `Draft the switch with ${sayCount(allow.length, 'rule')}`}
        </LinkButton>
        {allow.length > 0 && (
          <Link to="/policy/edit" search={{ draft: draft(false) }}>
            Draft the rules only
          </Link>
        )}
      </div>
    </Panel>
  );
}

interface DestinationsProps {
  readonly observed: readonly ObservedDestination[];
  readonly left: ReadonlySet<string>;
  readonly onToggle: (key: string) => void;
}

function Destinations({ observed, left, onToggle }: DestinationsProps): ReactNode {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard
    <section className={styles['scroll']} tabIndex={0} aria-label="What enforce would refuse">
      <Table className={styles['table']}>
        <thead>
          <tr>
            <th scope="col">Destination</th>
            <th scope="col">Let out</th>
            <th scope="col">Last</th>
            <th scope="col">Would be refused for</th>
          </tr>
        </thead>
        <tbody>
          {observed.map((one) => (
            <tr key={keyOf(one)}>
              <td>
                <Checkbox
                  size="xs"
                  label={<span className="mono">{one.draft?.to ?? keyOf(one)}</span>}
                  checked={one.draft !== null && !left.has(keyOf(one))}
                  disabled={one.draft === null}
                  onChange={() => onToggle(keyOf(one))}
                />
                {one.doubts.map((doubt) => (
                  <small key={doubt}>{doubt}</small>
                ))}
              </td>
              <td>{sayCount(one.count, 'time')}</td>
              <td>
                <Moment at={one.lastSeen} />
                <small>
                  first <Moment at={one.firstSeen} />
                </small>
              </td>
              <td>{sayCode(one.reason)}</td>
            </tr>
          ))}
        </tbody>
      </Table>
    </section>
  );
}

function keyOf({ host, port }: ObservedDestination): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return port === null ? name : `${name}:${port}`;
}
