/** `/api/openapi.json`: the description of every route, from the same schemas that check the requests. */
import swagger, { type SwaggerOptions } from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { jsonSchemaTransform } from 'fastify-type-provider-zod';

const PROBLEM = {
  description: 'A problem (RFC 9457): `code` is stable, `title` and `advice` are in the language that was asked for.',
  content: {
    'application/problem+json': {
      schema: {
        type: 'object',
        required: ['type', 'title', 'status', 'code', 'advice', 'temporary', 'instance'],
        properties: {
          type: { type: 'string' },
          title: { type: 'string' },
          status: { type: 'integer' },
          detail: { type: 'string' },
          code: { type: 'string' },
          advice: { type: 'string' },
          temporary: { type: 'boolean' },
          remote: { type: 'string' },
          facts: { type: 'object', additionalProperties: true },
          fields: {
            type: 'array',
            items: { type: 'object', properties: { field: { type: 'string' }, message: { type: 'string' } } },
          },
          instance: { type: 'string' },
        },
      },
    },
  },
};

const transform: NonNullable<Extract<SwaggerOptions, { openapi?: unknown }>['transform']> = (route) => {
  const described = jsonSchemaTransform(route);
  const role = route.route.config?.role;
  return {
    url: described.url,
    schema: {
      ...described.schema,
      description: role === 'public' ? 'For everybody.' : `Needs at least the role ${role}.`,
      ...(role === 'public' ? { security: [] } : {}),
    },
  };
};

/** To be registered before the routes that it describes. */
export async function describeRoutes(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Platen', description: 'Printers and Microsoft 365 mail.', version: '1' },
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer', description: 'An API token.' },
          session: { type: 'apiKey', in: 'cookie', name: 'platen-session', description: 'What a browser has.' },
        },
      },
      security: [{ token: [] }, { session: [] }],
    },
    transform,
  });
}

export function openapiRoutes(app: FastifyInstance): void {
  let text: string | undefined;
  app.get('/api/openapi.json', { config: { role: 'public' }, schema: { hide: true } }, async (_request, reply) => {
    text ??= JSON.stringify(withProblems(app.swagger() as ApiDescription));
    return reply.header('content-type', 'application/json; charset=utf-8').send(text);
  });
}

type Operation = { responses?: Record<string, unknown> };
type ApiDescription = { paths?: Record<string, Record<string, Operation>>; components?: Record<string, unknown> };

function withProblems(description: ApiDescription): ApiDescription {
  for (const path of Object.values(description.paths ?? {})) {
    for (const operation of Object.values(path)) {
      operation.responses = { ...operation.responses, default: { $ref: '#/components/responses/Problem' } };
    }
  }
  return { ...description, components: { ...description.components, responses: { Problem: PROBLEM } } };
}
