// The door of `api`: the server of the control API and what its handlers take.
export type { Answered, Call, Caller, Handler, Handlers, Once } from './call.ts';
export { type AnyHandler, type ApiOptions, createApi } from './create-api.ts';
export { describeApi, type OpenApi } from './openapi.ts';
export { busyPage, requestPage, setupPage } from './pages.ts';
export type { ProblemRows, RequestFault } from './problems.ts';
export type { ApiPorts, DecisionSource, NewSecret, ToldDecision, VerifySignature } from './routes/api-ports.ts';
export { actProblems, createHandlers } from './routes/create-handlers.ts';
export { createStreams } from './routes/decision-tail.ts';
export type { DraftMapPort, FlowMapPort } from './routes/flow-map-routes.ts';
export type { PolicySource } from './routes/policy-ports.ts';
