import { type LakeJobOptions, runLakeJob } from '../app/front/index.ts';
import { escapeControls, failed, fault, ok, type Result } from '../base/index.ts';
import { type Coverage, coverageLines, type LakeWindow } from '../flowmap/index.ts';
import type { Cli } from './cli.ts';

const unitMs: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/**
 * Reads an instant as people give one: ISO 8601 (`2026-11-01` is midnight UTC), or how long ago (`7d`, `12h`). Epoch milliseconds.
 * Fault: `instant_malformed`, with the name of the flag.
 */
export function parseInstant(flag: string, text: string, nowMs: number): Result<number> {
  const ago = /^(\d{1,6})([mhdw])$/.exec(text);
  if (ago !== null) return ok(nowMs - Number(ago[1]) * (unitMs[ago[2] ?? ''] ?? 0));
  const isIso = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?$/.test(text);
  const ms = isIso ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(ms)) return ok(ms);
  const message = `${flag} \`${text}\` is no time: write \`2026-11-01\`, \`2026-11-01T08:00:00Z\` or how long ago, \`30d\``;
  return failed(fault('instant_malformed', message));
}

/** The flags of a window as given. */
export interface WindowFlags {
  readonly since?: string;
  readonly until?: string;
}

/** Reads `--since` and `--until`; what is not given is open, so that everything kept counts. */
export function parseWindow({ since, until }: WindowFlags, nowMs: number): Result<LakeWindow> {
  const from = since === undefined ? ok(null) : parseInstant('--since', since, nowMs);
  if (!from.ok) return from;
  const to = until === undefined ? ok(null) : parseInstant('--until', until, nowMs);
  return to.ok ? ok({ sinceMs: from.value, untilMs: to.value }) : to;
}

/** Runs a job of the lake for a command, with the configuration that the command was given; prints its faults and gives null then. */
export async function runFlowJob<T>(
  cli: Cli,
  job: string,
  options: unknown,
  onProgress: LakeJobOptions['onProgress'] = () => undefined,
): Promise<T | null> {
  const config = cli.config();
  if (config === null) return null;
  const done = await runLakeJob<T>({ job, options, config, nowMs: cli.io.now() }, { onProgress });
  if (done.ok) return done.value;
  cli.fail(done.fault);
  return null;
}

/** Tells on stderr what an output rests on, for tables that have no place for it. */
export function tellCoverage(cli: Cli, told: { readonly coverage: Coverage; readonly noPolicy: string | null }): void {
  for (const line of coverageLines(told.coverage)) cli.io.writeError(`# ${escapeControls(line)}\n`);
  if (told.noPolicy !== null) cli.io.writeError(`# not judged: ${escapeControls(told.noPolicy)}\n`);
}

/** Bytes for people: `1.2 GiB`. */
export function bytesText(bytes: number | null): string {
  if (bytes === null) return '-';
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** A share for people: `97.3 %`, `-` where there is nothing to share. */
export function shareText(share: number | null): string {
  return share === null ? '-' : `${(share * 100).toFixed(1)} %`;
}

/** An instant for people: `2026-11-01 08:00` (UTC). */
export function timeText(ms: number | null): string {
  return ms === null ? '-' : new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
}
