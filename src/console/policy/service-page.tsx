import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import type { ServiceAnswer, ServiceRule } from '../../api/contract/index.ts';
import { call } from '../api/call.ts';
import { LinkButton } from '../ui/link-button.tsx';
import { Moment } from '../ui/moment.tsx';
import { PageHead } from '../ui/page-head.tsx';
import { Facts, Panel } from '../ui/panel.tsx';
import { Failure, Waiting } from '../ui/states.tsx';
import { Table } from '../ui/table.tsx';
import { sayCount } from '../ui/words.ts';
import { ModeTag } from './mode-tag.tsx';
import { Observed } from './observed.tsx';
import styles from './policy.module.css';

const route = getRouteApi('/policy/services/$id');

/** One service: what its rules are and which of them are used, and what would break if it were enforced now. */
export function ServicePage(): ReactNode {
  const { id } = route.useParams();
  const found = useQuery({
    queryKey: ['service', id],
    queryFn: async ({ signal }) => (await call('showService', { params: { id }, signal })).body,
  });
  const { data } = found;
  if (data === undefined) {
    return (
      <>
        <PageHead title={id} />
        {found.error === null ? <Waiting /> : <Failure error={found.error} onRetry={() => void found.refetch()} />}
      </>
    );
  }
  const { service } = data;
  return (
    <>
      <PageHead title={service.name} says={`What it may reach, by ${service.file}.`}>
        <LinkButton to="/policy/edit" search={{ file: service.file, line: service.line }}>
          Edit its file
        </LinkButton>
      </PageHead>
      <div className={styles['stack']}>
        <Panel title="The service">
          <Facts
            rows={[
              ['Mode', <ModeTag key="mode" service={service} />],
              ['Owner', service.owner],
              ['Kind', service.kind],
              ['Identities', <code key="identities">{service.identities.join(', ')}</code>],
              [
                'Last let out',
                service.lastUsed === null ? (
                  'not seen within 30 days'
                ) : (
                  <Moment key="last" at={service.lastUsed} isExact />
                ),
              ],
              ['Tests', service.testCount === 0 ? 'none: nothing says what must stay true' : String(service.testCount)],
            ]}
          />
        </Panel>
        {service.mode === 'observe' && <Observed answer={data} />}
        <Rules answer={data} />
      </div>
    </>
  );
}

const firstShown = 50;

function Rules({ answer }: { readonly answer: ServiceAnswer }): ReactNode {
  const [isWhole, setWhole] = useState(false);
  const { rules, rulesLeftOut, countedSince } = answer;
  if (rules.length === 0) {
    return (
      <Panel title="Rules">
        <p className={styles['dim']}>It has none: whatever it asks for is denied.</p>
      </Panel>
    );
  }
  const shown = isWhole ? rules : rules.slice(0, firstShown);
  return (
    <Panel title={`Rules: ${rules.length + rulesLeftOut}`}>
      {countedSince === null && <p className={styles['dim']}>No use was counted yet, so nothing is told of it.</p>}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard */}
      <section className={styles['scroll']} tabIndex={0} aria-label="Rules">
        <Table className={styles['table']}>
          <thead>
            <tr>
              <th scope="col">Rule</th>
              <th scope="col">Reason</th>
              <th scope="col">In force since</th>
              <th scope="col">Last let something out</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((rule) => (
              <Row key={`${rule.id} ${rule.line}`} rule={rule} isCounted={countedSince !== null} />
            ))}
          </tbody>
        </Table>
      </section>
      {shown.length < rules.length && (
        <Button variant="default" size="xs" onClick={() => setWhole(true)}>
          Show {rules.length - shown.length} more
        </Button>
      )}
      {rulesLeftOut > 0 && <p className={styles['dim']}>{sayCount(rulesLeftOut, 'more rule')}: see the file.</p>}
    </Panel>
  );
}

function Row({ rule, isCounted }: { readonly rule: ServiceRule; readonly isCounted: boolean }): ReactNode {
  const { id, list, reason, file, line, since, lastUsed } = rule;
  return (
    <tr>
      <td>
        <span className="mono">{id.slice(id.indexOf('/', id.indexOf('/') + 1) + 1)}</span>
        <small>
          {list === 'deny' ? 'denied, ' : ''}
          {file}:{line}
        </small>
      </td>
      <td>{reason}</td>
      <td>{since === null ? '' : <Moment at={since} />}</td>
      <td>{sayUse(rule, isCounted) ?? (lastUsed !== null && <Moment at={lastUsed} />)}</td>
    </tr>
  );
}

function sayUse({ list, lastUsed }: ServiceRule, isCounted: boolean): string | null {
  if (list === 'deny') return 'a deny lets nothing out';
  if (!isCounted) return 'not known';
  return lastUsed === null ? 'not seen' : null;
}
