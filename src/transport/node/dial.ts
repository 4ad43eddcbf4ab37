import { connect, type Socket, type TcpNetConnectOpts } from 'node:net';
import type { ApprovedAddress } from '../../policy/index.ts';
import type { Asked } from '../ask-ports.ts';
import { interleave } from '../interleave.ts';
import { socketFault } from '../node-fault.ts';
import type { TransportOptions } from '../transport.ts';

/** How a race ends: the socket that connected first, or why none did. */
export type DialEnd =
  | { readonly kind: 'connected'; readonly socket: Socket; readonly target: DialTarget }
  | { readonly kind: 'failed'; readonly why: string };

/** A race under way; `cancel` ends it without an answer. */
export interface Dialling {
  cancel(): void;
}

/** Where to dial; `approved` is null for the parent proxy, which is configured and not asked for. */
export interface DialTarget {
  readonly host: string;
  readonly port: number;
  readonly approved: ApprovedAddress | null;
}

/** What is dialled, in order, and who takes what the socket reads. */
export interface DialPlan {
  readonly targets: readonly DialTarget[];
  readonly onread: NonNullable<TcpNetConnectOpts['onread']>;
}

// RFC 8305 section 8: the recommended Connection Attempt Delay.
const attemptDelayMs = 250;
/** How the targets of a command are dialled; null where the parent proxy is asked for and none is configured. */
export function dialPlan(
  options: TransportOptions,
  command: Asked<'dial' | 'dial_parent'>,
  onread: DialPlan['onread'],
): DialPlan | null {
  if (command.type === 'dial') {
    const targets = interleave(command.addresses).map((each) => ({
      host: each.address.text,
      port: each.port,
      approved: each,
    }));
    return { targets, onread };
  }
  return options.parent === null ? null : { targets: [{ ...options.parent, approved: null }], onread };
}

/** Dials targets in order, each next one after 250 ms or a failure; the first that connects wins, the others are destroyed. */
export function dialRacing(plan: DialPlan, done: (end: DialEnd) => void): Dialling {
  let open: readonly Socket[] = [];
  const failures: string[] = [];
  let next = 0;
  let timer: NodeJS.Timeout | null = null;

  const stop = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    for (const socket of open) socket.destroy();
    open = [];
  };
  // Says whether the socket was still in the race.
  const leave = (socket: Socket): boolean => {
    if (!open.includes(socket)) return false;
    open = open.filter((each) => each !== socket);
    return true;
  };
  const attempt = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    const target = plan.targets[next++];
    if (target === undefined) return;
    const socket = openSocket(target, plan.onread);
    open = [...open, socket];
    socket.on('error', (error) => {
      if (!leave(socket)) return;
      failures.push(socketFault(error).cause);
      if (next < plan.targets.length) attempt();
      else if (open.length === 0) done({ kind: 'failed', why: failures.join(', ') });
    });
    socket.on('connect', () => {
      if (!leave(socket)) return;
      stop();
      done({ kind: 'connected', socket, target });
    });
    if (next < plan.targets.length) timer = setTimeout(attempt, attemptDelayMs);
  };
  if (plan.targets.length === 0) queueMicrotask(() => done({ kind: 'failed', why: 'no address' }));
  else attempt();
  return { cancel: stop };
}

function openSocket({ host, port }: DialTarget, onread: DialPlan['onread']): Socket {
  return connect({
    host,
    port,
    onread,
    allowHalfOpen: true,
    noDelay: true,
    // Racing is ours: the platform must not pick addresses of its own.
    autoSelectFamily: false,
  });
}
