/** TypeScript types of the API, written from the server's own OpenAPI document, in the shape that openapi-fetch reads. */
type Schema = {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly nullable?: boolean;
};
type Content = { readonly content?: Readonly<Record<string, { readonly schema?: Schema }>> };
type Parameter = { readonly name: string; readonly in: string; readonly required?: boolean; readonly schema?: Schema };
type Operation = {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: Content & { readonly required?: boolean };
  readonly responses?: Readonly<Record<string, Content & { readonly $ref?: string }>>;
};
export type ApiDescription = { readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>> };

const PREFIX = '/api/v1';
const METHODS = ['get', 'put', 'post', 'delete', 'patch'] as const;
const PLACES = ['query', 'header', 'path', 'cookie'] as const;

/** The text of `web/api/schema.ts`. */
export function writeTypes(description: ApiDescription, eventTypes: readonly string[]): string {
  const paths = Object.keys(description.paths)
    .filter((path) => path.startsWith(PREFIX))
    .sort()
    .map((path) => `  '${path.slice(PREFIX.length)}': {\n${operationsOf(description.paths[path] ?? {})}  };\n`);
  return `/** Made from the server's OpenAPI document by \`npm run docs\`; not to be edited. */
export type paths = {
${paths.join('')}};

/** The types of events that the journal knows and \`/events\` sends. */
export const EVENT_TYPES = [
${eventTypes.map((type) => `  '${type}',\n`).join('')}] as const;
`;
}

function operationsOf(path: Readonly<Record<string, Operation>>): string {
  return METHODS.filter((method) => path[method] !== undefined)
    .map((method) => `    ${method}: {\n${operationOf(path[method] ?? {})}    };\n`)
    .join('');
}

function operationOf({ parameters = [], requestBody, responses = {} }: Operation): string {
  const places = PLACES.map((place) => {
    const inPlace = parameters.filter((one) => one.in === place);
    if (inPlace.length === 0) return `        ${place}?: never;\n`;
    const fields = inPlace.map((one) => `${keyOf(one.name)}${one.required === true ? '' : '?'}: ${typeOf(one.schema)}`);
    const optional = inPlace.some((one) => one.required === true) ? '' : '?';
    return `        ${place}${optional}: { ${fields.join('; ')} };\n`;
  });
  const body = contentOf(requestBody?.content);
  const answers = Object.entries(responses)
    .filter(([status]) => status !== 'default')
    .map(([status, answer]) => {
      const content = contentOf(answer.content);
      return `        ${status}: { headers: Record<string, unknown>; content${content === undefined ? '?: never' : `: ${content}`} };\n`;
    });
  const problem = `{ headers: Record<string, unknown>; content: { 'application/problem+json': unknown } }`;
  return [
    `      parameters: {\n${places.join('')}      };\n`,
    body === undefined ? '      requestBody?: never;\n' : `      requestBody: { content: ${body} };\n`,
    `      responses: {\n${answers.join('')}        default: ${problem};\n      };\n`,
  ].join('');
}

function contentOf(content: Content['content']): string | undefined {
  const types = Object.entries(content ?? {});
  if (types.length === 0 || types.every(([, { schema }]) => typeOf(schema) === 'null')) return undefined;
  return `{ ${types.map(([type, { schema }]) => `'${type}': ${typeOf(schema)}`).join('; ')} }`;
}

function typeOf(schema: Schema | undefined): string {
  if (schema === undefined || schema.$ref !== undefined) return 'unknown';
  if (schema.const !== undefined) return literal(schema.const);
  if (schema.enum !== undefined) return union(schema.enum.map(literal));
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return union(choices.map(typeOf));
  // Beside a type of its own `allOf` holds further patterns, which types cannot say.
  if (schema.allOf !== undefined && schema.type === undefined) {
    return schema.allOf.map((one) => `(${typeOf(one)})`).join(' & ');
  }
  const types = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? []);
  const written = union(types.map((type) => plainType(type, schema)));
  return schema.nullable === true ? `${written} | null` : written;
}

function plainType(type: string, schema: Schema): string {
  if (type === 'string' || type === 'boolean' || type === 'null') return type;
  if (type === 'number' || type === 'integer') return 'number';
  if (type === 'array') return `(${typeOf(schema.items)})[]`;
  if (type === 'object') return objectOf(schema);
  return 'unknown';
}

function objectOf({ properties, required = [], additionalProperties }: Schema): string {
  const fields = Object.entries(properties ?? {}).map(
    ([name, field]) => `${keyOf(name)}${required.includes(name) ? '' : '?'}: ${typeOf(field)}`,
  );
  if (fields.length > 0) return `{ ${fields.join('; ')} }`;
  const value = typeof additionalProperties === 'object' ? typeOf(additionalProperties) : 'unknown';
  return `Record<string, ${value}>`;
}

function union(types: readonly string[]): string {
  return types.length === 0 ? 'unknown' : [...new Set(types)].join(' | ');
}

function literal(value: unknown): string {
  return typeof value === 'string' ? `'${value.replaceAll(/['\\]/g, '\\$&')}'` : JSON.stringify(value);
}

function keyOf(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : `'${name}'`;
}
