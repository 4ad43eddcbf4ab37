import { type Ending, ended } from '../ending.ts';
import { hasProof, markText } from '../mark.ts';
import { isHelloRetry, writeHello } from '../packets/hello.ts';
import type { ProbeTarget } from '../way.ts';
import { talk } from './line.ts';
import { type Attempt, awaitProof, dial, tcpAttempt } from './streams.ts';

/** A made hello to the canary's address; the canary answers it with a ServerHello that is the proof. */
export function helloAttempt(names: (target: ProbeTarget) => readonly string[], hasEch = false): Attempt {
  return tcpAttempt('ipv4', 443, (target, mark) => writeHello({ names: names(target), mark: markText(mark), hasEch }));
}

/** A hello with the allowed name, a HelloRetryRequest, and a second hello with the canary's name (RFC 8446 section 4.1.2). */
export const secondHelloAttempt: Attempt = (target, mark) =>
  talk(
    { open: () => dial(target.ipv4 ?? '', 443), readyEvent: 'connect', timeoutMs: target.timeoutMs },
    async (line) => {
      const ready = await line.ready();
      if (!ready.ok) return ready.fault;
      line.send(writeHello({ names: [target.allowed ?? ''], mark: markText(mark), wantsRetry: true }));
      const answer = await line.read((all) => (isHelloRetry(all) || hasProof(all, mark) ? true : null));
      if (!answer.ok) return answer.fault;
      line.send(writeHello({ names: [target.canary ?? ''], mark: markText(mark) }));
      return awaitProof(line, mark);
    },
  );

/** CONNECT to the allowed name at the proxy, and a hello with another name inside: what the server behind says tells. */
export function isServerHello(all: Uint8Array): boolean {
  return all[0] === 0x16 && all[5] === 2;
}

/** The ending of a hello that was answered: the server behind the proxy spoke, so that nobody stopped the hello. */
export const helloWentThrough: Ending = ended('granted', 'the server answered a hello with another name');
