import { Link } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import type { FlowMapAnswer, FlowPath, FlowRule } from '../../api/contract/index.ts';
import { Moment } from '../ui/moment.tsx';
import { Tag } from '../ui/tag.tsx';
import { sayBytes, sayCode, sayCount } from '../ui/words.ts';
import { keyOf } from './details.tsx';
import { isChanged } from './marks.ts';
import { decisionsOf, rulesOfPath, verdictNames } from './names.ts';
import { OutcomeTag, PathTrial, type Trial } from './path-trial.tsx';
import styles from './twin.module.css';

interface TwinProps {
  readonly map: FlowMapAnswer;
  readonly columns: readonly string[];
  readonly rules: ReadonlyMap<string, FlowRule>;
  /** Where a draft is tried. */
  readonly trial: Trial | null;
}

const firstShown = 50;

/** The same as the picture, as a table: every way through it, and what was allowed and not used. */
export function Twin({ map, columns, rules, trial }: TwinProps): ReactNode {
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? map.paths : map.paths.slice(0, firstShown);
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard */}
      <section className={styles['scroll']} tabIndex={0} aria-label="The flow map as a table">
        <table className={styles['table']} data-tried={trial !== null}>
          <caption>
            Every way through the picture, {trial === null ? 'the heaviest first' : 'what the draft changes first'}
          </caption>
          <thead>
            <tr>
              {columns.map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
              <th scope="col">Verdict</th>
              {trial !== null && <th scope="col">With the draft</th>}
              {['Connections', 'Out', 'In'].map((name) => (
                <th key={name} scope="col" className={styles['number']}>
                  {name}
                </th>
              ))}
              <th scope="col">Last</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((path) => (
              <Row key={keyOf(path)} path={path} rules={trial === null ? rulesOfPath(path, rules) : []} trial={trial} />
            ))}
          </tbody>
        </table>
      </section>
      <p className={styles['dim']}>
        {shown.length < map.paths.length && (
          <button type="button" className={styles['more']} onClick={() => setWhole(true)}>
            Show {map.paths.length - shown.length} more
          </button>
        )}
        {map.hiddenPaths > 0 &&
          ` ${sayCount(map.hiddenPaths, 'lighter way is', 'lighter ways are')} in the sums and not in the table: look at one service.`}
      </p>
      <UnusedTable map={map} />
    </>
  );
}

interface RowProps {
  readonly path: FlowPath;
  readonly rules: readonly FlowRule[];
  readonly trial: Trial | null;
}

function Row({ path, rules, trial }: RowProps): ReactNode {
  const { verdict, reasons } = path;
  return (
    <tr>
      <td>{path.from}</td>
      <td>{path.service}</td>
      <td>{path.point}</td>
      <td className="mono">
        <Link to="/decisions" search={decisionsOf(path)}>
          {path.to}
        </Link>
        {rules.map(({ id, owner, at }) => (
          <small key={id} title={id}>
            {owner}, {at}
          </small>
        ))}
        {path.grantIds.map((id) => (
          <small key={id}>
            <Link to="/exceptions/$id" params={{ id }}>
              {id}
            </Link>
          </small>
        ))}
      </td>
      <td>
        <Tag tone={verdictNames[verdict].tone}>{verdictNames[verdict].name}</Tag>
        {reasons.length > 0 && <small>{reasons.map(sayCode).join(', ')}</small>}
      </td>
      {trial !== null && (
        <td>
          <OutcomeTag path={path} />
          {isChanged(path) && <PathTrial path={path} trial={trial} />}
        </td>
      )}
      <td className={styles['number']}>{path.connections.toLocaleString('en')}</td>
      <td className={styles['number']}>{sayBytes(path.bytesUp)}</td>
      <td className={styles['number']}>{sayBytes(path.bytesDown)}</td>
      <td>
        <Moment at={path.lastAt} />
      </td>
    </tr>
  );
}

function UnusedTable({ map }: { readonly map: FlowMapAnswer }): ReactNode {
  if (map.unused.length === 0) return null;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard
    <section className={styles['scroll']} tabIndex={0} aria-label="Allowed and not used">
      <table className={styles['table']}>
        <caption>
          Allowed and not used in this time: {(map.unused.length + map.hiddenUnused).toLocaleString('en')}
          {map.hiddenUnused > 0 && `, the first ${map.unused.length} here`}
        </caption>
        <thead>
          <tr>
            <th scope="col">Service</th>
            <th scope="col">May reach</th>
            <th scope="col">Owner</th>
            <th scope="col">Reason</th>
            <th scope="col">Stands in</th>
          </tr>
        </thead>
        <tbody>
          {map.unused.map((rule) => (
            <tr key={rule.id}>
              <td>{rule.service}</td>
              <td className="mono">{rule.to}</td>
              <td>{rule.owner}</td>
              <td>{rule.reason}</td>
              <td className="mono">
                {rule.at ?? (
                  <Link to="/exceptions/$id" params={{ id: rule.id }}>
                    {rule.id}
                  </Link>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
