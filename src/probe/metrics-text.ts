import type { Scorecard } from './scorecard.ts';

/**
 * A scorecard as Prometheus text for the textfile collector of a node exporter. Ways that were not tried have no line of their own, so
 * that nobody reads 0 as closed.
 */
export function formatProbeMetrics({ scores, counts }: Scorecard, nowMs: number): string {
  const tried = scores.filter(({ result }) => result !== 'untested');
  return [
    '# HELP exeat_probe_open Whether a way out is open (1) or closed (0).',
    '# TYPE exeat_probe_open gauge',
    ...tried.map(({ way, result }) => `exeat_probe_open{way="${way}"} ${result === 'open' ? 1 : 0}`),
    '# HELP exeat_probe_ways Ways out by result.',
    '# TYPE exeat_probe_ways gauge',
    ...Object.entries(counts).map(([result, count]) => `exeat_probe_ways{result="${result}"} ${count}`),
    '# HELP exeat_probe_last_run_seconds When the probe ended, seconds since 1970.',
    '# TYPE exeat_probe_last_run_seconds gauge',
    `exeat_probe_last_run_seconds ${Math.floor(nowMs / 1000)}`,
    '',
  ].join('\n');
}
