import { randomUUID } from 'node:crypto';
import { chmodSync, chownSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { failed, fault, ok, type Result } from '../../base/index.ts';
import { createTurns, onLines } from '../../transport/index.ts';
import type { CountChanges, EdgeCount, KindOfCount } from '../kernel/kernel-plan.ts';
import { type Applier, createApplier } from './applier.ts';
import type { Drift } from './drift.ts';
import { type DriftWatch, watchDrift } from './drift-watch.ts';
import {
  type CountsPart,
  type HelperQuestion,
  maxEdgesAtOnce,
  maxLineBytes,
  parseQuestion,
} from './helper-protocol.ts';
import type { HelperStatus } from './helper-status.ts';
import { createNetlinkReader } from './netlink-reader.ts';
import { openNftLine } from './nft-line.ts';
import { probeKernel } from './probe-kernel.ts';
import { createLinkServer, runSocketOf } from './run-link-server.ts';
import { keepRunLinks } from './run-links.ts';

/** How the helper is started. */
export interface HelperOptions {
  /** Where the unix socket is made, mode 0600, in a folder that nobody else may write to. */
  readonly socketPath: string;
  /** Where settings of the machine are kept as they were before; in a folder that is emptied with the machine, such as `/run`. */
  readonly stateFile: string;
  /** Who owns the socket and may speak to the helper, beside root: the user of the point. Null: nobody. */
  readonly userId: number | null;
}

/** A helper that serves. */
export interface RunningHelper {
  close(): Promise<void>;
}

const maxConnections = 8;

/**
 * Starts the helper: tries the kernel, then serves typed questions. It touches nothing before the first plan. Faults: those of the kernel
 * (`nft_missing`, `net_admin_missing`, `kernel_too_old`), `listen_failed`. When it goes the kernel keeps what it holds.
 */
export async function serveHelper(options: HelperOptions): Promise<Result<RunningHelper>> {
  const nft = openNftLine();
  const skills = await probeKernel(nft);
  if (!skills.ok) {
    nft.close();
    return skills;
  }
  const { renewsTimeouts } = skills.value;
  const reader = createNetlinkReader();
  const applier = createApplier({ nft, reader, renewsTimeouts, stateFile: options.stateFile });
  const runId = randomUUID();
  const open = new Set<Socket>();
  let drifts = 0;
  const onDrift = (drift: Drift): void => {
    drifts += 1;
    for (const socket of open) socket.write(`${JSON.stringify({ drift })}\n`);
  };
  const watch = watchDrift({ nft, applier, onDrift });
  const status = (): HelperStatus => ({ runId, hasPlan: applier.plan() !== null, renewsTimeouts, drifts });
  const answering = { applier, watch, status };
  const server = createServer((socket) =>
    serveSocket(socket, (question, tellPart) => answer(question, answering, tellPart)),
  );
  const links = createLinkServer((link, into) => watch.alone(() => applier.linkRun(link, into)));
  server.maxConnections = maxConnections;
  server.on('connection', (socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  const close = async (): Promise<void> => {
    watch.close();
    nft.close();
    reader.close();
    for (const socket of open) socket.destroy();
    await Promise.all([server, links].map((one) => new Promise<void>((resolve) => one.close(() => resolve()))));
  };
  const linksListen = await listenOn(links, { ...options, socketPath: runSocketOf(options.socketPath) });
  const listens = linksListen.ok ? await listenOn(server, options) : linksListen;
  if (listens.ok) return ok({ close });
  await close();
  return listens;
}

async function tellCounts(
  { round, isAll, dropped, gone, ...edges }: CountChanges,
  tellPart: (part: CountsPart) => void,
): Promise<Result<unknown>> {
  const parts = (['up', 'down', 'denied', 'observed'] as const).flatMap((kind) => [
    ...partsOf(kind, edges[kind], false),
    ...partsOf(
      kind,
      gone.filter((one) => one.kind === kind).map(({ edge }) => edge),
      true,
    ),
  ]);
  await createTurns().each(parts, tellPart);
  return ok({ round, isAll, dropped });
}

function partsOf(kind: KindOfCount, edges: readonly EdgeCount[], isGone: boolean): readonly CountsPart[] {
  return Array.from({ length: Math.ceil(edges.length / maxEdgesAtOnce) }, (_, part) => ({
    kind,
    edges: edges.slice(part * maxEdgesAtOnce, (part + 1) * maxEdgesAtOnce),
    isGone,
  }));
}

type TellPart = (part: CountsPart) => void;

interface Answering {
  readonly applier: Applier;
  readonly watch: DriftWatch;
  readonly status: () => HelperStatus;
}

async function answer(
  question: HelperQuestion,
  { applier, watch, status }: Answering,
  tellPart: TellPart,
): Promise<Result<unknown>> {
  switch (question.ask) {
    case 'apply':
      return watch.expect(() => applier.apply(question.body));
    case 'learn':
      return ok(await applier.learn(question.body));
    case 'forget':
      return ok(await applier.forget(question.body));
    case 'lease':
      return ok(await applier.lease(question.body));
    case 'runs':
      return watch.alone(() => keepRunLinks(question.body));
    case 'counts':
      return tellCounts(await applier.changes(question.body), tellPart);
    case 'status':
      return ok(status());
  }
}

function serveSocket(
  socket: Socket,
  answers: (question: HelperQuestion, tellPart: TellPart) => Promise<Result<unknown>>,
): void {
  socket.on('error', () => socket.destroy());
  onLines(socket, maxLineBytes, (line) => {
    const question = parseQuestion(line);
    const tell = (id: number | null, result: Result<unknown>): void => {
      if (!socket.destroyed) socket.write(`${JSON.stringify({ id, ...result })}\n`);
    };
    // Whoever speaks otherwise is not the point: nothing more is heard from it.
    if (!question.ok) {
      tell(null, question);
      socket.end();
      return;
    }
    const tellPart = (part: CountsPart): void =>
      void socket.write(`${JSON.stringify({ id: question.value.id, part })}\n`);
    // Not one after the other: questions that wait together go to the kernel together.
    void answers(question.value, tellPart).then(
      (result) => tell(question.value.id, result),
      (error: unknown) => tell(question.value.id, failed(fault('kernel_refused', String(error)))),
    );
  });
}

function listenOn(server: Server, { socketPath, userId }: HelperOptions): Promise<Result<null>> {
  return new Promise((resolve) => {
    rmSync(socketPath, { force: true });
    server.on('error', (error) => resolve(failed(fault('listen_failed', `\`${socketPath}\`: ${error.message}`))));
    // Made for nobody first: between listening and a mode of its own others could connect.
    const mask = process.umask(0o177);
    server.listen(socketPath, () => {
      chmodSync(socketPath, 0o600);
      if (userId !== null) chownSync(socketPath, userId, -1);
      resolve(ok(null));
    });
    process.umask(mask);
  });
}
