import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { FlowMapAnswer, FlowNode, FlowPath, FlowRule, UnusedRule } from '../../api/contract/index.ts';
import { Moment } from '../ui/moment.tsx';
import { Tag } from '../ui/tag.tsx';
import { sayCode, sayCount } from '../ui/words.ts';
import styles from './flow-map.module.css';
import { markOf, sayMark } from './marks.ts';
import { decisionsOf, rulesOfPath, saySum, verdictNames } from './names.ts';
import { OutcomeTag, PathTrial, type Trial } from './path-trial.tsx';
import { type Picked, passes } from './river.tsx';
import type { FlowMapSearch } from './search.ts';

interface DetailsProps {
  readonly map: FlowMapAnswer;
  readonly picked: Picked;
  readonly columns: readonly string[];
  readonly search: FlowMapSearch;
  readonly rules: ReadonlyMap<string, FlowRule>;
  /** Where a draft is tried. */
  readonly trial: Trial | null;
  readonly onClose: () => void;
}

// What is read in one go; the table below holds the rest.
const mostShown = 12;

/** What was picked, in words: how much, by which entries and whose, and where its decisions are. */
export function Details({ map, picked, columns, search, rules, trial, onClose }: DetailsProps): ReactNode {
  const named = new Map(map.nodes.map((node) => [node.id, node]));
  const node = picked.kind === 'node' ? named.get(picked.id) : undefined;
  const paths = map.paths.filter((path) => passes(path, picked));
  const unused = node === undefined ? [] : map.unused.filter((one) => one.source === node.id || one.target === node.id);
  const label = (id: string): string => named.get(id)?.label ?? 'what is gone';
  const title = picked.kind === 'node' ? label(picked.id) : `${label(picked.source)} → ${label(picked.target)}`;
  return (
    <aside className={styles['details']} aria-label="What was picked">
      <button type="button" className={styles['close']} aria-label="Close" onClick={onClose}>
        ×
      </button>
      <h2>{title}</h2>
      <p className={styles['dim']} aria-live="polite">
        {node === undefined ? sayLink(map, picked) : sayNode(node, columns)}
      </p>
      {node !== undefined && node.layer === 1 && node.hidden === null && <OnlyService node={node} search={search} />}
      <ul className={styles['paths']}>
        {paths.slice(0, mostShown).map((path) => (
          <PathLine
            key={keyOf(path)}
            path={path}
            rules={trial === null ? rulesOfPath(path, rules) : []}
            trial={trial}
          />
        ))}
      </ul>
      {paths.length > mostShown && (
        <p className={styles['dim']}>and {(paths.length - mostShown).toLocaleString('en')} more in the table below</p>
      )}
      {paths.length === 0 && map.hiddenPaths > 0 && node?.isUnused !== true && (
        <p className={styles['dim']}>None of its ways is among the heaviest: look at one service.</p>
      )}
      <Unused unused={unused} />
    </aside>
  );
}

function sayNode(node: FlowNode, columns: readonly string[]): string {
  const column = columns[node.layer] ?? '';
  if (node.isUnused) return `${column}: nothing went there; what leads there was allowed and not used.`;
  const together = node.hidden === null ? '' : ` They stand together: the picture has no room for each.`;
  return `${column}: ${saySum(node)}.${together}`;
}

function sayLink(map: FlowMapAnswer, picked: Picked): string {
  if (picked.kind !== 'link') return 'It is not in the picture any more.';
  const links = map.links.filter(
    (link) => link.source === picked.source && link.target === picked.target && markOf(link) === picked.mark,
  );
  const [first] = links;
  return first === undefined
    ? 'It is not in the picture any more.'
    : `${links.map(saySum).join('; ')}, ${sayMark(first)}.`;
}

function OnlyService({ node, search }: { readonly node: FlowNode; readonly search: FlowMapSearch }): ReactNode {
  // What stands in parentheses is ours, and no name of a service.
  if (search.service === node.label || node.label.startsWith('(')) return null;
  return (
    <Button
      size="xs"
      variant="default"
      renderRoot={(props) => <Link to="/flow-map" search={{ ...search, service: node.label }} {...props} />}
    >
      Show this service only
    </Button>
  );
}

/** What tells paths apart. */
export function keyOf({ from, service, point, to, verdict, outcome }: FlowPath): string {
  return [from, service, point, to, verdict, outcome ?? ''].join('\n');
}

interface PathLineProps {
  readonly path: FlowPath;
  readonly rules: readonly FlowRule[];
  readonly trial: Trial | null;
}

function PathLine({ path, rules, trial }: PathLineProps): ReactNode {
  const { verdict, reasons, grantIds } = path;
  return (
    <li>
      <Link to="/decisions" search={decisionsOf(path)}>
        {path.service} → <span className="mono">{path.to}</span>
      </Link>
      <span>
        <Tag tone={verdictNames[verdict].tone}>
          {reasons[0] === undefined ? verdictNames[verdict].name : sayCode(reasons[0])}
        </Tag>{' '}
        <OutcomeTag path={path} />
      </span>
      <small>
        {saySum(path)}, last <Moment at={path.lastAt} />
      </small>
      {trial !== null && <PathTrial path={path} trial={trial} />}
      {rules.map(({ id, owner, reason, at }) => (
        <small key={id}>
          {reason}: {owner}, <span className="mono">{at}</span>
        </small>
      ))}
      {grantIds.map((id) => (
        <small key={id}>
          <Link to="/exceptions/$id" params={{ id }}>
            Exception {id}
          </Link>
        </small>
      ))}
    </li>
  );
}

function Unused({ unused }: { readonly unused: readonly UnusedRule[] }): ReactNode {
  if (unused.length === 0) return null;
  return (
    <>
      <h3>{sayCount(unused.length, 'entry', 'entries')} allowed, not used</h3>
      <ul className={styles['paths']}>
        {unused.slice(0, mostShown).map((rule) => (
          <li key={rule.id}>
            <span>
              {rule.service} → <span className="mono">{rule.to}</span>
            </span>
            <small>
              {rule.reason}: {rule.owner}
              {rule.at === null ? '' : `, ${rule.at}`}
            </small>
          </li>
        ))}
      </ul>
    </>
  );
}
