import { ended } from '../ending.ts';
import { hasProof } from '../mark.ts';
import { isMetadataAnswer, writeMetadataRequest } from './https.ts';
import { talk } from './line.ts';
import { type Attempt, dial } from './streams.ts';

/** A request to a metadata service, by address or name; `path` has nothing in it that an answer is known by. */
export function metadataAttempt(host: string, path: string): Attempt {
  return (target, mark) =>
    talk({ open: () => dial(host, 80), readyEvent: 'connect', timeoutMs: target.timeoutMs }, async (line) => {
      const ready = await line.ready();
      if (!ready.ok) return ready.fault;
      line.send(writeMetadataRequest(path, host.includes(':') ? `[${host}]` : host, mark));
      const answer = await line.read((all) => {
        if (hasProof(all, mark)) return ended('token');
        return isMetadataAnswer(all) ? ended('service', 'metadata') : null;
      });
      return answer.ok ? answer.value : answer.fault;
    });
}
