import { checkpointFormat } from './checkpoint.ts';
import { cloudflareGatewayFormat } from './cloudflare-gateway.ts';
import { fortigateFormat } from './fortigate.ts';
import type { LogFormat } from './log-format.ts';
import { paloaltoFormat } from './paloalto.ts';
import { umbrellaFormat } from './umbrella.ts';
import { zscalerFormat } from './zscaler.ts';

/** Every log format that is understood, in the order in which ties of detection are settled: the more particular first. */
export const logFormats: readonly LogFormat[] = [
  paloaltoFormat,
  fortigateFormat,
  checkpointFormat,
  zscalerFormat,
  cloudflareGatewayFormat,
  umbrellaFormat,
];

/** The format of an id, or null. */
export function findLogFormat(id: string): LogFormat | null {
  return logFormats.find((format) => format.id === id) ?? null;
}
