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
// A burst of ends is closed over a few looks: each is one commit.
const mostPerLook = 100;

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
  const over = [...states()].filter((state) => isOver(state, nowMs)).slice(0, mostPerLook);
  if (over.length === 0) return;
  const said = await askLocal<PointGrants>(pointSocket, 'grants', null, askTimeoutMs);
  if (!said.ok) return;
  const { sequence, liveByGrant } = said.value;
  for (const { id } of over) {
    const connections = liveByGrant[id] ?? 0;
    if (connections > 0) continue;
    const evidence: PointEvidence = { point: pointName, sequence: sequence ?? 0, connections, atMs: clock.now() };
    const command = { kind: 'close', points: [evidence] } as const;
    await desk.actOnException({ id, command, actor: { kind: 'system', part: 'control' } });
  }
}

function isOver(state: ExceptionState, nowMs: number): boolean {
  const { close } = statusOf(state, nowMs);
  return close === 'closing' || close === 'close_overdue';
}
