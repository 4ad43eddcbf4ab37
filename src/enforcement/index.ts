export type { RecordSink, Resolution, Resolver } from './ports.ts';
