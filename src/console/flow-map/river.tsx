import { type KeyboardEvent, memo, type PointerEvent, type ReactNode, useRef } from 'react';
import type { FlowMapAnswer } from '../../api/contract/index.ts';
import { sayCount } from '../ui/words.ts';
import styles from './flow-map.module.css';
import { barWidth, type PlacedNode, type RiverLayout } from './layout.ts';
import { linkKey, type Marked, markOf, sayMark } from './marks.ts';
import { saySum, shorten } from './names.ts';

/** What somebody looks at: a node, or what flows between two. */
export type Picked =
  | { readonly kind: 'node'; readonly id: string }
  | { readonly kind: 'link'; readonly source: string; readonly target: string; readonly mark: string };

interface RiverProps {
  readonly layout: RiverLayout;
  readonly map: FlowMapAnswer;
  readonly columns: readonly string[];
  readonly zoom: number;
  readonly picked: Picked | null;
  readonly onPick: (picked: Picked | null) => void;
}

/** The river, drawn. It is moved by scrolling, by dragging, and by the arrows from node to node. */
export function River(props: RiverProps): ReactNode {
  const { layout, columns, zoom, picked, onPick } = props;
  const view = useRef<HTMLDivElement>(null);
  const drag = useDrag(view);
  const { width, height } = layout;
  return (
    <div ref={view} className={styles['view']} {...drag}>
      {/* biome-ignore lint/a11y/useSemanticElements: no element of HTML groups parts of a picture */}
      <svg
        role="group"
        aria-label={`Flow map: ${columns.join(', ')}`}
        aria-describedby="flow-map-keys"
        width={width * zoom}
        height={height * zoom}
        viewBox={`0 0 ${width} ${height}`}
        data-picked={picked !== null}
        onKeyDown={(event) => move(event, layout, () => onPick(null))}
      >
        {columns.map((name, at) => (
          <text key={name} className={styles['column']} x={layout.columns[at]} y={18} textAnchor={anchorOf(at)}>
            {name}
          </text>
        ))}
        <Lines {...props} />
        <Nodes {...props} />
      </svg>
    </div>
  );
}

const Lines = memo(function Lines({ layout, map, picked, onPick }: RiverProps): ReactNode {
  const touched = touchedBy(map, picked);
  const nameOf = (id: string): string => map.nodes.find((node) => node.id === id)?.label ?? '';
  return (
    <g className={styles['lines']}>
      {layout.links.map(({ key, link, line, thickness }) => (
        // biome-ignore lint/a11y/noStaticElementInteractions: for the mouse; by keyboard its two nodes lead to the same
        <path
          key={key}
          d={line}
          strokeWidth={thickness}
          data-verdict={markOf(link)}
          data-on={touched === null || touched.has(key)}
          onClick={() => onPick({ kind: 'link', source: link.source, target: link.target, mark: markOf(link) })}
        >
          <title>{`${nameOf(link.source)} → ${nameOf(link.target)}, ${sayMark(link)}: ${saySum(link)}`}</title>
        </path>
      ))}
      {layout.ghosts.map(({ key, line, source, target, count }) => (
        <path
          key={`ghost ${key}`}
          d={line}
          data-verdict="unused"
          data-on={picked === null || (picked.kind === 'node' && (picked.id === source || picked.id === target))}
        >
          <title>{`${nameOf(source)} → ${nameOf(target)}: ${sayCount(count, 'entry', 'entries')} allowed, not used`}</title>
        </path>
      ))}
    </g>
  );
});

/** The links that what is picked flows through; null for all. */
function touchedBy(map: FlowMapAnswer, picked: Picked | null): ReadonlySet<string> | null {
  if (picked === null) return null;
  const touched = new Set<string>();
  for (const path of map.paths) {
    if (!passes(path, picked)) continue;
    const { nodes } = path;
    for (let at = 0; at + 1 < nodes.length; at += 1) touched.add(linkKey(nodes[at] ?? '', nodes[at + 1] ?? '', path));
  }
  return touched;
}

/** Whether a path flows through what is picked. */
export function passes(path: Marked & { readonly nodes: readonly string[] }, picked: Picked): boolean {
  const { nodes } = path;
  if (picked.kind === 'node') return nodes.includes(picked.id);
  return markOf(path) === picked.mark && nodes.includes(picked.source) && nodes.includes(picked.target);
}

const Nodes = memo(function Nodes({ layout, columns, picked, onPick }: RiverProps): ReactNode {
  const [first] = layout.nodes;
  const chosen = picked?.kind === 'node' ? picked.id : null;
  const stop = layout.nodes.some(({ node }) => node.id === chosen) ? chosen : first?.node.id;
  return (
    <g>
      {layout.nodes.map((placed) => (
        <Node
          key={placed.node.id}
          placed={placed}
          column={columns[placed.node.layer] ?? ''}
          isPicked={placed.node.id === chosen}
          isStop={placed.node.id === stop}
          onPick={onPick}
        />
      ))}
    </g>
  );
});

interface NodeProps {
  readonly placed: PlacedNode;
  readonly column: string;
  readonly isPicked: boolean;
  /** Whether the tabulator stops at it: one node does, the arrows lead to the others. */
  readonly isStop: boolean;
  readonly onPick: (picked: Picked | null) => void;
}

const Node = memo(function Node({ placed, column, isPicked, isStop, onPick }: NodeProps): ReactNode {
  const { node, x, y, height, middle } = placed;
  const pick = (): void => onPick(isPicked ? null : { kind: 'node', id: node.id });
  const shown = shorten(node.label, node.layer);
  // Who speaks to a computer says what is seen, so a name that is cut is told as it is seen, too (WCAG 2.5.3).
  const name = shown === node.label ? shown : `${node.label}, seen as ${shown}`;
  const says = node.isUnused ? 'allowed, not used' : saySum(node);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a picture holds no buttons of HTML
    <g
      role="button"
      tabIndex={isStop ? 0 : -1}
      aria-pressed={isPicked}
      aria-label={`${name}, ${column}: ${says}`}
      className={styles['node']}
      data-unused={node.isUnused}
      data-rest={node.hidden !== null}
      data-id={node.id}
      onClick={pick}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' && event.key !== ' ') return;
        event.preventDefault();
        pick();
      }}
    >
      <title>{`${node.label}: ${says}`}</title>
      <rect x={x} y={y} width={barWidth} height={height} />
      <text x={node.layer === 0 ? x - 7 : x + barWidth + 7} y={middle + 4} textAnchor={anchorOf(node.layer)}>
        {shown}
      </text>
    </g>
  );
});

function anchorOf(layer: number): 'start' | 'end' {
  return layer === 0 ? 'end' : 'start';
}

const steps: Readonly<Record<string, readonly [number, number]>> = {
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
};

/** The arrows lead to the next node of the column, or to the nearest of the column beside it. */
function move(event: KeyboardEvent<SVGSVGElement>, { nodes }: RiverLayout, onEscape: () => void): void {
  if (event.key === 'Escape') onEscape();
  const step = steps[event.key];
  const at = (event.target as Element).closest('[data-id]')?.getAttribute('data-id');
  const here = nodes.find(({ node }) => node.id === at);
  if (step === undefined || here === undefined) return;
  event.preventDefault();
  const there = neighbour(nodes, here, step);
  const found = [...event.currentTarget.querySelectorAll<SVGGElement>('[data-id]')];
  found.find((each) => each.getAttribute('data-id') === there?.node.id)?.focus();
}

function neighbour(
  nodes: readonly PlacedNode[],
  here: PlacedNode,
  [across, down]: readonly [number, number],
): PlacedNode | undefined {
  const column = nodes.filter(({ node }) => node.layer === here.node.layer + across);
  if (across === 0) return column[column.indexOf(here) + down];
  const far = ({ middle }: PlacedNode): number => Math.abs(middle - here.middle);
  return column.toSorted((one, other) => far(one) - far(other))[0];
}

/** Dragging the ground moves the picture, as scrolling does. */
function useDrag(view: { readonly current: HTMLDivElement | null }): {
  readonly onPointerDown: (event: PointerEvent<HTMLDivElement>) => void;
  readonly onPointerMove: (event: PointerEvent<HTMLDivElement>) => void;
  readonly onPointerUp: () => void;
} {
  const from = useRef<{ readonly x: number; readonly y: number; readonly left: number; readonly top: number } | null>(
    null,
  );
  return {
    onPointerDown: (event) => {
      const box = view.current;
      // Fingers scroll by themselves, and a node or a line is there to be picked.
      if (box === null || event.pointerType !== 'mouse' || (event.target as Element).tagName !== 'svg') return;
      from.current = { x: event.clientX, y: event.clientY, left: box.scrollLeft, top: box.scrollTop };
      box.setPointerCapture(event.pointerId);
    },
    onPointerMove: (event) => {
      const box = view.current;
      if (from.current === null || box === null) return;
      box.scrollTo(
        from.current.left + from.current.x - event.clientX,
        from.current.top + from.current.y - event.clientY,
      );
    },
    onPointerUp: () => {
      from.current = null;
    },
  };
}
