export { entryBeside } from './entry-beside.ts';
export type { FromLake, JobPorts, LakeOrder, LakeProgress } from './lake-messages.ts';
export { readVersion } from './read-version.ts';
export { type LakeJobOptions, runLakeJob } from './run-lake-job.ts';
