import { parseAllDocuments } from 'yaml';

// A date alone is its first instant: the day after tomorrow is at least a day away.
const observeMs = 2 * 86_400_000;

/**
 * A policy file with one service observing: what no rule allows passes and is told. Only for a point that a caller starts from a policy
 * that is the caller's own. Its tests go, since they say what enforce does; a file without that service stays as it is.
 */
export function observeService(text: string, service: string, nowMs: number): string {
  const documents = parseAllDocuments(text);
  if (!Array.isArray(documents)) return text;
  let isChanged = false;
  for (const document of documents) {
    if (document.get('service') !== service) continue;
    document.set('mode', 'observe');
    document.set('observeUntil', new Date(nowMs + observeMs).toISOString().slice(0, 10));
    document.delete('tests');
    isChanged = true;
  }
  return isChanged ? documents.map((document) => document.toString({ directives: false })).join('---\n') : text;
}
