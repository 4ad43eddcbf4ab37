import type { Connection } from './make-connections.ts';
import { createRandom, type Random } from './random.ts';
import type { TimedLine } from './timed-lines.ts';

/** One in so many requests is first sent without the credential, and challenged. */
const challengedShare = 0.03;
/** What clients leave behind that hang up before they ask. */
const hangUpShare = 0.004;

/** The native access log of the proxy: a line when a connection ends. */
export function squidLines(connections: readonly Connection[], seed: number): readonly TimedLine[] {
  const random = createRandom(seed, 'squid');
  return connections.filter(({ isDirect }) => !isDirect).flatMap((connection) => linesOf(connection, random));
}

function linesOf(connection: Connection, random: Random): readonly TimedLine[] {
  const { startMs, durationMs, client, service, address, outcome } = connection;
  const told: TimedLine[] = [];
  const request = requestOf(connection);
  if (random.next() < challengedShare) {
    told.push(line(startMs - 30, `${column(0)} ${client} TCP_DENIED/407 4105 ${request} - HIER_NONE/- text/html`));
  }
  if (random.next() < hangUpShare) {
    const nothing = '- error:transaction-end-before-headers - HIER_NONE/- -';
    told.push(line(startMs - 10, `${column(0)} ${client} NONE_NONE/000 0 ${nothing}`));
  }
  const status = { done: 'TCP_TUNNEL/200', failed: 'TCP_TUNNEL/503', refused: 'TCP_DENIED/403' }[outcome];
  const code = outcome === 'done' && connection.scheme === 'http' ? 'TCP_MISS/200' : status;
  const route = outcome === 'done' ? `HIER_DIRECT/${address}` : 'HIER_NONE/-';
  const sizeBytes = outcome === 'refused' ? 3980 : connection.downBytes;
  told.push(
    line(
      startMs + durationMs,
      `${column(durationMs)} ${client} ${code} ${sizeBytes} ${request} ${service} ${route} ${typeOf(connection)}`,
    ),
  );
  return told;
}

function requestOf({ scheme, host, port, planted }: Connection): string {
  if (scheme !== 'http') return `CONNECT ${host}:${port}`;
  return `GET http://${host}/${planted === null ? 'status' : 'latest/meta-data/'}`;
}

function typeOf({ scheme, outcome }: Connection): string {
  if (outcome === 'refused') return 'text/html';
  return scheme === 'http' ? 'application/octet-stream' : '-';
}

function line(atMs: number, rest: string): TimedLine {
  return { atMs, text: `${(atMs / 1000).toFixed(3)} ${rest}` };
}

function column(elapsedMs: number): string {
  return String(elapsedMs).padStart(6);
}
