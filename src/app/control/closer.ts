import type { Clock } from '../../base/index.ts';
import { type ExceptionState, type PointEvidence, statusOf } from '../../exceptions/index.ts';
import { askLocal } from '../local-socket.ts';
import type { ActDesk } from './desk/act-desk.ts';

/** Closes exceptions that are over once the point shows that nothing of them is left. */
export interface Closer {
  close(): void;
}

/** There is one enforcement point on one machine; later ones come with their names. */
export const pointName = 'point';

const lookMs = 1_000;
const askTimeoutMs = 5_000;
/** What the point says of its grants. */
interface PointGrants {
  readonly sequence: number | null;
  readonly liveByGrant: Readonly<Record<string, number>>;
}

/** Starts to look every second. Nothing hangs on it but the proof: decisions end grants by the clock. */
export function startCloser(options: {
  readonly desk: ActDesk;
  readonly clock: Clock;
  readonly pointSocket: string;
  readonly states: () => Iterable<ExceptionState>;
}): Closer {
  let isLooking = false;
  const timer = setInterval(() => {
    if (isLooking) return;
    isLooking = true;
    void look(options).finally(() => {
      isLooking = false;
    });
  }, lookMs);
  return { close: () => clearInterval(timer) };
}

async function look({ desk, clock, pointSocket, states }: Parameters<typeof startCloser>[0]): Promise<void> {
  await desk.settle();
  const nowMs = clock.now();
  const over = [...states()].filter((state) => isOver(state, nowMs));
  if (over.length === 0) return;
  const said = await askLocal<PointGrants>(pointSocket, 'grants', null, askTimeoutMs);
  if (!said.ok) return;
  const { sequence, liveByGrant } = said.value;
  const evidence: PointEvidence = { point: pointName, sequence: sequence ?? 0, connections: 0, atMs: clock.now() };
  const isGone = ({ id }: ExceptionState): boolean => (liveByGrant[id] ?? 0) === 0;
  await desk.closeAll(over.filter(isGone).map(({ id }) => ({ id, points: [evidence] })));
}

function isOver(state: ExceptionState, nowMs: number): boolean {
  const { close } = statusOf(state, nowMs);
  return close === 'closing' || close === 'close_overdue';
}
