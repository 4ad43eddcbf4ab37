import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { type Ending, ended, endingOfErrno } from '../ending.ts';
import { perlSender, pythonSender } from './raw-scripts.ts';

/** A socket that Node has not: which one, what is sent where, and what is waited for. */
export interface RawExchange {
  readonly helper: 'perl' | 'python3';
  readonly kind: 'raw4' | 'raw6' | 'header' | 'ping4' | 'ping6' | 'packet' | 'vsock';
  /** Number of the IP protocol, of the interface for `packet`, of the port for `vsock`. */
  readonly number: number;
  /** An address, the MAC for `packet`, the context for `vsock`. */
  readonly to: string;
  readonly packets: readonly Uint8Array[];
  /** The answer that counts, each of them; empty: none is waited for. */
  readonly awaited: readonly Uint8Array[];
  readonly timeoutMs: number;
}

/** What a helper said: the socket's errno, that all was sent, or which of the awaited bytes came (from 0). */
export type RawAnswer =
  | { readonly kind: 'ended'; readonly ending: Ending }
  | { readonly kind: 'sent' }
  | { readonly kind: 'got'; readonly at: number };

// The start of an interpreter on a busy machine is not the network's time.
const startMs = 5_000;

/** Runs the exchange by a few lines of Perl or Python: Node makes no such sockets. */
export function exchangeRaw(exchange: RawExchange): Promise<RawAnswer> {
  const flag = exchange.helper === 'perl' ? ['-e', perlSender] : ['-c', pythonSender];
  const words = [
    exchange.kind,
    String(exchange.number),
    exchange.to,
    String(exchange.timeoutMs / 1000),
    hexList(exchange.packets),
    hexList(exchange.awaited),
  ];
  return new Promise((resolve) => {
    const child = spawn(exchange.helper, [...flag, ...words], {
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: exchange.timeoutMs + startMs,
      killSignal: 'SIGKILL',
    });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString('latin1');
    });
    child.on('error', () => resolve({ kind: 'ended', ending: ended('lacking', `${exchange.helper} does not start`) }));
    child.on('close', () => resolve(readAnswer(said.trim())));
  });
}

function readAnswer(said: string): RawAnswer {
  const [word, number] = said.split(' ');
  if (word === 'sent') return { kind: 'sent' };
  if (word === 'got') return { kind: 'got', at: Number(number) };
  if (word === 'none') return { kind: 'ended', ending: ended('timeout') };
  if (word === 'errno') return { kind: 'ended', ending: endingOfErrno(errnoName(Number(number))) };
  return { kind: 'ended', ending: ended('lacking', 'the helper did not say what came') };
}

function errnoName(number: number): string | undefined {
  return Object.entries(constants.errno).find(([, each]) => each === number)?.[0];
}

function hexList(all: readonly Uint8Array[]): string {
  return all.map((bytes) => Buffer.from(bytes).toString('hex')).join(',');
}
