import type { Clock } from '../../base/index.ts';
import type { Outcome } from './attempt.ts';
import type { UpstreamServer } from './upstream-server.ts';

/** How a server does, since it was first asked. */
export interface ServerHealth {
  /** Canonical spelling: `tls://192.0.2.53:853#dns.example`. */
  readonly server: string;
  /** False while it goes last, because it failed or was outrun. */
  readonly isGood: boolean;
  readonly asked: number;
  readonly answered: number;
  /** Attempts without an answer, those that timed out with them. */
  readonly failed: number;
  readonly timeouts: number;
  /** Attempts let go because a server asked later answered sooner. */
  readonly outrun: number;
  /** Mean time to an answer, in milliseconds, the last ones counting more; null before the first. */
  readonly meanMs: number | null;
}

/** Keeps the health of servers and orders them by it. */
export interface HealthBook {
  /** Best first. A server that failed goes last for a while, so that a dead one does not slow every name. */
  ordered(servers: readonly UpstreamServer[]): readonly UpstreamServer[];
  noteAsked(server: UpstreamServer): void;
  noteOutcome(server: UpstreamServer, outcome: Outcome, tookMs: number): void;
  noteOutrun(server: UpstreamServer): void;
  healthOf(server: UpstreamServer): ServerHealth;
  /** Forgets servers that are not among these. */
  keepOnly(servers: readonly UpstreamServer[]): void;
}

interface Figures {
  failedUntil: number;
  asked: number;
  answered: number;
  failed: number;
  timeouts: number;
  outrun: number;
  meanMs: number | null;
}

/** How long a server that failed goes last. */
const penaltyMs = 10_000;
/** What the newest answer counts in the mean (as the round-trip times of TCP, RFC 6298). */
const newestShare = 1 / 8;

/** Makes an empty book. */
export function createHealthBook(clock: Clock): HealthBook {
  const book = new Map<string, Figures>();
  const figuresOf = (server: UpstreamServer): Figures => {
    const known = book.get(server.text);
    if (known !== undefined) return known;
    const fresh = { failedUntil: 0, asked: 0, answered: 0, failed: 0, timeouts: 0, outrun: 0, meanMs: null };
    book.set(server.text, fresh);
    return fresh;
  };
  const isGood = (server: UpstreamServer): boolean => {
    const left = (book.get(server.text)?.failedUntil ?? 0) - clock.now();
    // A clock that was set back must not keep a server last for longer than was meant.
    return left <= 0 || left > penaltyMs;
  };
  const penalise = (figures: Figures): void => {
    figures.failedUntil = clock.now() + penaltyMs;
  };
  return {
    ordered: (servers) => [...servers.filter(isGood), ...servers.filter((one) => !isGood(one))],
    noteAsked: (server) => {
      figuresOf(server).asked += 1;
    },
    noteOutcome: (server, outcome, tookMs) => {
      const figures = figuresOf(server);
      if (outcome.kind === 'answer') return noteAnswer(figures, tookMs);
      figures.failed += 1;
      if (outcome.isTimeout) figures.timeouts += 1;
      penalise(figures);
    },
    noteOutrun: (server) => {
      const figures = figuresOf(server);
      figures.outrun += 1;
      penalise(figures);
    },
    healthOf: (server) => {
      const { failedUntil: _, ...figures } = figuresOf(server);
      return { server: server.text, isGood: isGood(server), ...figures };
    },
    keepOnly: (servers) => {
      const kept = new Set(servers.map((one) => one.text));
      for (const text of book.keys()) if (!kept.has(text)) book.delete(text);
    },
  };
}

function noteAnswer(figures: Figures, tookMs: number): void {
  figures.answered += 1;
  figures.meanMs = figures.meanMs === null ? tookMs : figures.meanMs + (tookMs - figures.meanMs) * newestShare;
}
