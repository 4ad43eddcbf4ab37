import { type BreakGlassEndpoints, breakGlassEndpoints } from './break-glass.ts';
import { type ExceptionEndpoints, exceptionEndpoints } from './exceptions.ts';
import { type PeopleEndpoints, peopleEndpoints } from './people.ts';
import { type ReportEndpoints, reportEndpoints } from './reports.ts';

/** Every endpoint of the API, by operation id. */
export type Endpoints = PeopleEndpoints & ExceptionEndpoints & BreakGlassEndpoints & ReportEndpoints;

/** Every endpoint of the API, by operation id. */
export const endpoints: Endpoints = {
  ...peopleEndpoints,
  ...exceptionEndpoints,
  ...breakGlassEndpoints,
  ...reportEndpoints,
};
