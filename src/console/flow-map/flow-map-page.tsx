import { Button } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { type ReactNode, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import type { DraftMapAnswer, FlowMapAnswer, FlowRule } from '../../api/contract/index.ts';
import { call } from '../api/call.ts';
import { saveFile } from '../ui/csv.ts';
import { PageHead } from '../ui/page-head.tsx';
import { Empty, Failure, Waiting } from '../ui/states.tsx';
import { sayCount, sayInstant } from '../ui/words.ts';
import { Controls } from './controls.tsx';
import { Details } from './details.tsx';
import { DraftBar, DraftSwitch } from './draft-bar.tsx';
import { sayChange } from './draft-words.ts';
import styles from './flow-map.module.css';
import { layOutRiver, type RiverLayout } from './layout.ts';
import { Legend } from './legend.tsx';
import { columnNames, saySum } from './names.ts';
import { trialOf } from './path-trial.tsx';
import { type Picked, River } from './river.tsx';
import { csvOf } from './river-csv.ts';
import { toSvg } from './river-svg.ts';
import { type FlowMapSearch, queryOf } from './search.ts';
import { Twin } from './twin.tsx';
import { useDraftMap } from './use-draft-map.ts';

const route = getRouteApi('/flow-map');
const renewMs = 15_000;

/** What goes out: who, by which service and point, where to, how much, and how it was judged. */
export function FlowMapPage(): ReactNode {
  const search = route.useSearch();
  const trial = useDraftMap(search);
  const painted = search.draft === 'yes' && trial.draft.files.size > 0 ? trial.tried.data : undefined;
  const isPainted = painted !== undefined && painted.map !== null;
  const found = useQuery({
    queryKey: ['flow-map', queryOf(search, 0)],
    enabled: !isPainted,
    refetchInterval: renewMs,
    // What was drawn stays until its successor is there: nothing jumps.
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => (await call('showFlowMap', { query: queryOf(search, Date.now()), signal })).body,
  });
  // Until a draft is tried, and where it does not load, the picture is that of the policy in force.
  const map = painted?.map ?? found.data;
  const error = isPainted ? null : found.error;
  return (
    <>
      <PageHead
        title="Flow map"
        says="What goes out: who, by which service and point, where to, and how it was judged."
      />
      <Controls key={JSON.stringify(search)} search={search} />
      <DraftSwitch search={search} />
      {search.draft === 'yes' && <DraftBar {...trial} search={search} />}
      {error !== null && <Failure error={error} onRetry={() => void found.refetch()} />}
      {map === undefined && error === null && <Waiting rows={12} />}
      {map !== undefined && map.nodes.length > 0 && <Shown map={map} search={search} tried={painted ?? null} />}
      {map?.nodes.length === 0 && <Nothing search={search} />}
    </>
  );
}

interface ShownProps {
  readonly map: FlowMapAnswer;
  readonly search: FlowMapSearch;
  /** What `map` is under a draft. */
  readonly tried: DraftMapAnswer | null;
}

function Shown({ map, search, tried }: ShownProps): ReactNode {
  const [picked, setPicked] = useState<Picked | null>(null);
  const [zoom, setZoom] = useState(1);
  const [box, width] = useWidth();
  const columns = columnNames(search);
  const layout = useDrawn(map, search, width);
  const rules = useMemo(() => new Map<string, FlowRule>(map.rules.map((rule) => [rule.id, rule])), [map]);
  const trial = useMemo(() => (tried?.map == null ? null : trialOf(tried)), [tried]);
  const change = tried?.outcomes == null ? null : sayChange(tried.outcomes, search);
  return (
    <div className={styles['stack']}>
      <div className={styles['bar']}>
        <p>
          <strong>{saySum(map.total)}</strong>, {sayInstant(map.since)} to {sayInstant(map.until)} UTC.{' '}
          {map.hiddenNodes > 0 && (
            <>
              {sayCount(map.nodes.length, 'node')} drawn,{' '}
              <strong>and {map.hiddenNodes.toLocaleString('en')} more</strong> that stand together.
            </>
          )}
        </p>
        <Acts {...{ map, layout, columns, change, zoom }} onZoom={setZoom} />
      </div>
      <div className={styles['split']} data-picked={picked !== null}>
        <div ref={box} className={styles['picture']}>
          {/* Not before it is known how wide: nobody sees a picture that is drawn twice. */}
          {width > 0 && <River {...{ layout, map, columns, zoom, picked }} onPick={setPicked} />}
          <Legend isTried={trial !== null} />
        </div>
        {picked !== null && (
          <Details {...{ map, picked, columns, search, rules, trial }} onClose={() => setPicked(null)} />
        )}
      </div>
      <Notes map={map} />
      <Twin {...{ map, columns, rules, trial }} />
    </div>
  );
}

interface ActsProps {
  readonly map: FlowMapAnswer;
  readonly layout: RiverLayout;
  readonly columns: readonly string[];
  readonly change: string | null;
  readonly zoom: number;
  readonly onZoom: (zoom: number) => void;
}

const zooms: readonly number[] = [0.5, 0.75, 1, 1.5, 2];

function Acts({ map, layout, columns, change, zoom, onZoom }: ActsProps): ReactNode {
  const at = zooms.indexOf(zoom);
  const name = `flow-map-${map.until.slice(0, 16).replaceAll(':', '')}`;
  const title = `Flow map, ${sayInstant(map.since)} to ${sayInstant(map.until)} UTC`;
  const step = (by: number): void => onZoom(zooms[at + by] ?? zoom);
  return (
    <div className={styles['acts']}>
      <Button size="xs" variant="default" aria-label="Smaller" disabled={at === 0} onClick={() => step(-1)}>
        −
      </Button>
      <Button
        size="xs"
        variant="default"
        aria-label="Larger"
        disabled={at === zooms.length - 1}
        onClick={() => step(1)}
      >
        +
      </Button>
      <Button size="xs" variant="default" onClick={() => saveFile(`${name}.csv`, csvOf(map), 'text/csv')}>
        Save as CSV
      </Button>
      <Button
        size="xs"
        variant="default"
        onClick={() => saveFile(`${name}.svg`, toSvg(layout, { title, columns, change }), 'image/svg+xml')}
      >
        Save as SVG
      </Button>
    </div>
  );
}

function Notes({ map }: { readonly map: FlowMapAnswer }): ReactNode {
  const { notes, hiddenLinks } = map;
  const all = hiddenLinks === 0 ? notes : [...notes, `${sayCount(hiddenLinks, 'thin line')} not drawn`];
  if (all.length === 0) return null;
  return (
    <ul className={styles['notes']} aria-label="What this picture cannot see">
      {all.map((note) => (
        <li key={note}>{note}</li>
      ))}
    </ul>
  );
}

function Nothing({ search }: { readonly search: FlowMapSearch }): ReactNode {
  if (Object.keys(search).length > 0) {
    return (
      <Empty title="Nothing went out like this">
        <p>
          Choose a longer time, or{' '}
          <Link to="/flow-map" search={{}}>
            show all of the last day
          </Link>
          .
        </p>
      </Empty>
    );
  }
  return (
    <Empty title="Nothing has asked to go out in a day" command="exeat env --as NAME">
      <p>Point a workload at the proxy, and the map fills as it works. This prints what it needs:</p>
    </Empty>
  );
}

/** The picture in its places, and for whoever measures: how long it took from the answer to the screen, as `exeat-flow-map`. */
function useDrawn(map: FlowMapAnswer, { measure = 'connections' }: FlowMapSearch, width: number): RiverLayout {
  // biome-ignore lint/correctness/useExhaustiveDependencies: from when on this answer was there
  const startMs = useMemo(() => performance.now(), [map]);
  const layout = useMemo(() => layOutRiver(map, measure, width), [map, measure, width]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each layout is drawn once
  useEffect(() => {
    const told = (): void => {
      performance.clearMeasures('exeat-flow-map');
      performance.measure('exeat-flow-map', { start: startMs });
    };
    // A frame begins, and what comes after it is painted.
    const frame = requestAnimationFrame(() => setTimeout(told));
    return () => cancelAnimationFrame(frame);
  }, [layout]);
  return layout;
}

/** How wide there is room to draw. */
function useWidth(): readonly [{ readonly current: HTMLDivElement | null }, number] {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const look = (): void => setWidth(element.clientWidth);
    look();
    const observer = new ResizeObserver(look);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [box, width];
}
