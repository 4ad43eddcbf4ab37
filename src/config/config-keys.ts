import { z } from 'zod';
import { createConfigSchema } from './config-schema.ts';

/** One key of the configuration, as the schema knows it. `variable` is null for keys that only the file can hold. */
export interface ConfigKey {
  readonly path: string;
  readonly description: string;
  readonly type: string;
  /** The default as JSON, or null for a key that must be written where its section is. */
  readonly defaultText: string | null;
  readonly variable: string | null;
  readonly shape: 'text' | 'list' | 'number' | 'boolean' | 'structure';
}

/** A part of a JSON Schema, as far as it is read here. */
interface SchemaNode {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
}

/** The JSON Schema (2020-12) of `exeat.yaml`, made from the schema that validates it. For editors. */
export function configJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(createConfigSchema('/'), { io: 'input', unrepresentable: 'any' });
}

/** Every key in the order of the schema: sections are followed by what is in them. */
export function configKeys(): readonly ConfigKey[] {
  return keysBelow(configJsonSchema() as SchemaNode, '');
}

/** The environment variable of a key: `limits.headTimeout` is `EXEAT_LIMITS_HEAD_TIMEOUT`. */
export function variableOf(path: string): string {
  return `EXEAT_${path
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .replaceAll('.', '_')
    .toUpperCase()}`;
}

function keysBelow(node: SchemaNode, prefix: string): readonly ConfigKey[] {
  return Object.entries(node.properties ?? {}).flatMap(([name, property]) => {
    const path = prefix === '' ? name : `${prefix}.${name}`;
    const inner = withoutNull(property);
    const key = describe(path, property, inner);
    return inner.properties === undefined ? [key] : [key, ...keysBelow(inner, path)];
  });
}

function describe(path: string, property: SchemaNode, inner: SchemaNode): ConfigKey {
  const shape = shapeOf(inner);
  const nullable = inner !== property ? ' or null' : '';
  return {
    path,
    description: property.description ?? '',
    type: typeText(inner) + nullable,
    defaultText:
      property.default === undefined || inner.properties !== undefined ? null : JSON.stringify(property.default),
    variable: shape === 'structure' ? null : variableOf(path),
    shape,
  };
}

function withoutNull(node: SchemaNode): SchemaNode {
  if (Array.isArray(node.type)) {
    const type = node.type.find((one) => one !== 'null');
    return type === undefined ? node : { ...node, type };
  }
  return node.anyOf?.find((part) => part.type !== 'null') ?? node;
}

function shapeOf(node: SchemaNode): ConfigKey['shape'] {
  if (node.type === 'array') return node.items?.type === 'string' ? 'list' : 'structure';
  if (node.type === 'integer' || node.type === 'number') return 'number';
  if (node.type === 'boolean') return 'boolean';
  return node.type === 'string' ? 'text' : 'structure';
}

function typeText(node: SchemaNode): string {
  if (node.enum !== undefined) return node.enum.map((one) => `\`${String(one)}\``).join(', ');
  if (node.type === 'array') return node.items?.type === 'string' ? 'list of text' : 'list of mappings';
  if (node.type === 'object') return 'mapping';
  if (node.type === 'boolean') return '`true`, `false`';
  return node.type === 'integer' ? 'whole number' : 'text';
}
