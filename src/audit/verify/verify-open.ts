import type { Digest } from '../../base/index.ts';
import { canonicalJson } from '../canonical-json.ts';
import type { Entry } from '../entry.ts';
import { commitToOpen, openCsvFile, openExportedAction, openJsonFile } from '../open-evidence.ts';
import type { Findings } from './finding.ts';
import type { LogFiles } from './log-files.ts';

/** An answer of ten thousand ways out takes a few of them. */
const maxAnswerBytes = 64 * 1024 * 1024;

/** Checks an answer against the entry that commits to it. @internal */
export interface OpenCheck {
  onEntry(entry: Entry): void;
  finish(): Promise<void>;
}

/** Makes an {@link OpenCheck}; it is told of each entry in its order. @internal */
export function createOpenCheck(files: LogFiles, { digest, findings }: OpenCheckOptions): OpenCheck {
  const seqs: number[] = [];
  let last: Entry | null = null;
  return {
    onEntry: (entry) => {
      if (last !== null) seqs.push(last.seq);
      last = entry;
    },
    finish: async () => {
      const [json, csv] = await Promise.all(
        [openJsonFile, openCsvFile].map((path) => readAnswer(files, path, findings)),
      );
      if (last?.action !== openExportedAction) {
        findings.add('removed', 'entries.ndjson', 'the last entry is not the one that commits to the answer');
        return;
      }
      const said = last.details;
      const found = commitToOpen({ json: json ?? none, csv: csv ?? none, seqs }, digest);
      for (const [path, bytes] of [[openJsonFile, json] as const, [openCsvFile, csv] as const]) {
        if (bytes === null || digestOf(said, path) === digestOf(found, path)) continue;
        findings.add('altered', path, 'it is not what the last entry commits to');
      }
      if (textOf(said['entries']) === textOf(found['entries'])) return;
      findings.add('altered', 'entries.ndjson', 'these are not the entries that the last one commits to');
    },
  };
}

interface OpenCheckOptions {
  readonly digest: Digest;
  readonly findings: Findings;
}

const none = new Uint8Array();

async function readAnswer(files: LogFiles, path: string, findings: Findings): Promise<Uint8Array | null> {
  const read = await files.read(path, maxAnswerBytes);
  if (read.kind === 'bytes') return read.bytes;
  if (read.kind === 'absent') findings.add('removed', path, 'every such pack has it, and it is not there');
  else findings.add('unreadable', path, read.why);
  return null;
}

function digestOf(details: Entry['details'], path: string): string {
  const files = details['files'];
  const isMap = typeof files === 'object' && files !== null && !Array.isArray(files);
  return isMap ? textOf((files as Entry['details'])[path]) : '';
}

function textOf(value: Entry['details'][string]): string {
  const text = value === undefined ? null : canonicalJson(value);
  return text?.ok === true ? text.value : '';
}
