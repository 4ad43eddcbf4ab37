import { type EndpointCollector, nobody } from './endpoint-collector.ts';
import { findUrls } from './url-endpoints.ts';

/** Keys of lock files whose URL is fetched; `homepage`, `funding` and `support` are for people. */
const fetchedKey =
  /^\s*(?:[-{]\s*)?"?(?:resolved|tarball|url|registry|source|remote|git|reference|shasum)"?\s*[:=]?\s*/;

/**
 * Declares the hosts that a lock file's packages come from, each once with its first line: a lock names one host ten thousand times.
 * Lock files are made by tools, line by line, so no parser is needed whatever their kind.
 */
export function readLockFile(collector: EndpointCollector, text: string): boolean {
  const seen = new Set<string>();
  let isForPeople = false;
  let lineNumber = 0;
  for (const line of linesOf(text)) {
    lineNumber += 1;
    isForPeople = linksOpen.test(line) || (isForPeople && !/^\s*[}\]]/.test(line));
    if (!isForPeople && line.includes('://') && isFetched(line)) declareOnce(collector, line, { lineNumber, seen });
    if (/[}\]]\s*,?\s*$/.test(line)) isForPeople = false;
  }
  return seen.size > 0;
}

/** Lines one after the other, so that a lock of 16 MiB is not held a second time. */
function* linesOf(text: string): Generator<string> {
  for (let at = 0; at < text.length; ) {
    const stop = text.indexOf('\n', at);
    const end = stop < 0 ? text.length : stop;
    yield text.slice(at, Math.min(end, at + maxLineLength));
    at = end + 1;
  }
}

/** The longest part of a line that is looked at: a URL stands at its start. */
const maxLineLength = 4_000;

const linksOpen = /^\s*"?(?:support|funding)"?\s*:/;

function isFetched(line: string): boolean {
  return fetchedKey.test(line) || /\b(?:url|registry|git|tarball)\s*[=:]\s*"?[a-z+]*https?:/.test(line);
}

function declareOnce(
  collector: EndpointCollector,
  line: string,
  { lineNumber, seen }: { readonly lineNumber: number; readonly seen: Set<string> },
): void {
  for (const found of findUrls(line, 'stated').flatMap(({ endpoints }) => endpoints)) {
    const id = `${found.scheme}://${found.host}:${found.port}`;
    if (seen.has(id)) continue;
    seen.add(id);
    collector.declare(found, { ...nobody, line: lineNumber, key: 'resolved' });
  }
}
