import { existsSync } from 'node:fs';
import { failed, fault, ok, type Result } from '../../base/index.ts';
import type { Config } from '../../config/index.ts';
import type { FlowLake } from '../../flowmap/index.ts';
import { openDuckdbLake } from '../../store/duckdb/index.ts';
import { openStateFolder, statePaths } from '../state-folder.ts';
import { acquireStateLock } from '../state-lock.ts';

/** Memory of the database while flows are written, in MiB: what is left of the lake's bound goes to parsing. */
const ingestMemoryMb = 128;
/** Memory of the database while flows are read, in MiB; past it, it works on disk. */
const queryMemoryMb = 768;

/** An open lake, and how to let go of it. */
export interface OpenLake {
  readonly lake: FlowLake;
  close(): void;
}

/**
 * Opens the lake of a state to write to it, under a lock of its own: `exeat up` may run beside, since it never writes there.
 * Faults: `state_unwritable`, `lake_locked`.
 */
export async function openLakeToWrite(config: Config): Promise<Result<OpenLake>> {
  process.umask(0o077);
  const state = openStateFolder(config.state);
  if (!state.ok) return state;
  const lock = acquireStateLock(state.value.lakeLock, 2000);
  if (!lock.ok) {
    const message = `the flow lake of \`${config.state}\` is being written by another \`exeat flows\`, wait for it to end`;
    return failed(lock.fault.code === 'state_locked' ? fault('lake_locked', message) : lock.fault);
  }
  const lake = await openDuckdbLake({
    dir: state.value.lake,
    isWriter: true,
    memoryLimitMb: ingestMemoryMb,
    threads: 1,
  });
  return ok({
    lake,
    close: () => {
      lake.close();
      lock.value.release();
    },
  });
}

/** Opens the lake of a state to read. Fault: `lake_empty` where nothing was ever ingested. */
export async function openLakeToRead(config: Config): Promise<Result<OpenLake>> {
  const dir = statePaths(config.state).lake;
  if (!existsSync(dir)) return failed(nothingYet(dir));
  const lake = await openDuckdbLake({ dir, memoryLimitMb: queryMemoryMb });
  return ok({ lake, close: () => lake.close() });
}

function nothingYet(dir: string): ReturnType<typeof fault> {
  return fault('lake_empty', `there are no flows in \`${dir}\` yet, begin with \`exeat flows ingest FILE\``);
}
