import { failed, fault, ok, type Result } from '../../base/index.ts';
import type { SourceEntry } from '../../flowmap/index.ts';
import type { JobPorts } from '../front/index.ts';
import { openLakeToRead, openLakeToWrite } from './open-lake.ts';

/** Lists what was ingested. Fault: `lake_empty`. */
export async function sourcesJob(_: unknown, { order }: JobPorts): Promise<Result<readonly SourceEntry[]>> {
  const opened = await openLakeToRead(order.config);
  if (!opened.ok) return opened;
  const sources = opened.value.lake.sources();
  opened.value.close();
  return ok(sources);
}

/** Takes a source out of the lake. Faults: `source_unknown`, those of opening. */
export async function forgetJob({ id }: { readonly id: string }, { order }: JobPorts): Promise<Result<string>> {
  const opened = await openLakeToWrite(order.config);
  if (!opened.ok) return opened;
  const isForgotten = await opened.value.lake.forget(id);
  opened.value.close();
  if (isForgotten) return ok(id);
  return failed(fault('source_unknown', `there is no source \`${id}\`, see \`exeat flows sources\``));
}
