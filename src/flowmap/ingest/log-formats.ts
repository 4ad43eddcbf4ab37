import { envoyFormat } from './envoy.ts';
import { exeatFormat } from './exeat.ts';
import { haproxyFormat } from './haproxy.ts';
import type { LogFormat } from './log-format.ts';
import { nginxStreamFormat } from './nginx-stream.ts';
import { smokescreenFormat } from './smokescreen.ts';
import { squidFormat } from './squid.ts';

/** Every log format that is understood, in the order in which ties of detection are settled: the more particular first. */
export const logFormats: readonly LogFormat[] = [
  exeatFormat,
  smokescreenFormat,
  squidFormat,
  envoyFormat,
  haproxyFormat,
  nginxStreamFormat,
];

/** The format of an id, or null. */
export function findLogFormat(id: string): LogFormat | null {
  return logFormats.find((format) => format.id === id) ?? null;
}
