import { z } from 'zod';
import { type AnyEndpoint, problemSchema } from './contract/index.ts';

/** An OpenAPI 3.1 document: plain data. */
export type OpenApi = Readonly<Record<string, unknown>>;

/** The OpenAPI document of endpoints, by operation id. Its schemas are JSON Schema 2020-12, as OpenAPI 3.1 takes them. */
export function describeApi(endpoints: Readonly<Record<string, AnyEndpoint>>, version: string): OpenApi {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [id, endpoint] of Object.entries(endpoints)) {
    const path = paths[endpoint.path] ?? {};
    paths[endpoint.path] = { ...path, [endpoint.method.toLowerCase()]: operation(id, endpoint) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Exeat control API', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    servers: [{ url: '/api/v1' }],
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'made by `exeat token create`' },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: '__Host-exeat',
          description: 'set by `openSession`; acts also take the header `Exeat-Csrf` and the `Origin` of the console',
        },
      },
      schemas: { Problem: jsonSchema(problemSchema, 'output') },
    },
    paths,
  };
}

function operation(id: string, endpoint: AnyEndpoint): Record<string, unknown> {
  const { scopes, isAct, method } = endpoint;
  return {
    operationId: id,
    tags: [endpoint.tag],
    summary: endpoint.summary,
    security: scopes === null ? [] : [...scopes.map((scope) => ({ token: [scope] })), { session: [] }],
    parameters: [
      ...parameters('path', endpoint.params),
      ...parameters('query', endpoint.query),
      ...(isAct ? actHeaders : []),
    ],
    ...(method === 'GET' ? {} : { requestBody: { required: true, content: content(endpoint.body, 'input') } }),
    responses: {
      [endpoint.status]: { description: 'done', content: content(endpoint.answer, 'output', endpoint.isStream) },
      default: {
        description: 'what is wrong',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  };
}

const actHeaders = [
  {
    name: 'Idempotency-Key',
    in: 'header',
    required: false,
    schema: { type: 'string', maxLength: 128 },
    description: 'the same key with the same body acts once, for 24 hours',
  },
  {
    name: 'If-Match',
    in: 'header',
    required: false,
    schema: { type: 'string' },
    description: 'the `ETag` that was read: 412 when it changed since',
  },
];

function content(schema: z.ZodType, io: 'input' | 'output', isStream = false): Record<string, unknown> {
  return { [isStream ? 'text/event-stream' : 'application/json']: { schema: jsonSchema(schema, io) } };
}

function parameters(place: 'path' | 'query', schema: z.ZodType): readonly Record<string, unknown>[] {
  const { properties = {}, required = [] } = jsonSchema(schema, 'input') as {
    properties?: Record<string, { description?: string }>;
    required?: readonly string[];
  };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: property,
    ...(property.description === undefined ? {} : { description: property.description }),
  }));
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): Record<string, unknown> {
  const { $schema, id, ...rest } = z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    io,
    unrepresentable: 'any',
  }) as Record<string, unknown>;
  return rest;
}
