import type { RangeFormat } from './range-format.ts';
import { awsRangesFormat } from './ranges/aws-ranges.ts';
import { azureRangesFormat } from './ranges/azure-ranges.ts';
import { cloudflareRangesFormat } from './ranges/cloudflare-ranges.ts';
import { csvRangesFormat } from './ranges/csv-ranges.ts';
import { fastlyRangesFormat } from './ranges/fastly-ranges.ts';
import { githubRangesFormat } from './ranges/github-ranges.ts';
import { googleRangesFormat } from './ranges/google-ranges.ts';
import { oracleRangesFormat } from './ranges/oracle-ranges.ts';

/** Every table of address ranges that is understood, in the order in which ties of detection are settled. */
export const rangeFormats: readonly RangeFormat[] = [
  awsRangesFormat,
  googleRangesFormat,
  azureRangesFormat,
  githubRangesFormat,
  oracleRangesFormat,
  fastlyRangesFormat,
  cloudflareRangesFormat,
  csvRangesFormat,
];
