/**
 * Errors as problem answers (RFC 9457): the code for programs, title and advice in the caller's language.
 * Of an error that is not ours nothing is told but an id, under which the log has the rest.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { adviceFor, titleFor } from '../../locales/locales.ts';
import { isSystemError, PlatenError } from '../base/errors.ts';
import { pageStatus, type SendPage, wantsPage } from './pages/pages.ts';
import { languageOf } from './request.ts';

const MAX_FIELDS = 20;

/** Refusals of Fastify and of its plugins, by their codes. */
const FRAMEWORK_REFUSALS: Readonly<
  Record<string, 'wrong-content-type' | 'too-large' | 'invalid-request' | 'stopping'>
> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'wrong-content-type',
  FST_ERR_CTP_BODY_TOO_LARGE: 'too-large',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'invalid-request',
  FST_ERR_CTP_INVALID_JSON_BODY: 'invalid-request',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'invalid-request',
  FST_ERR_BAD_URL: 'invalid-request',
  FST_ERR_MAX_PARAM_LENGTH: 'invalid-request',
  FST_ERR_VALIDATION: 'invalid-request',
};

// SQLSTATE: connection exceptions (class 08), too many connections, shutdown and start-up of the server (class 57).
const DATABASE_AWAY = /^(?:08\w{3}|53300|57P0[1-3]|ECONNREFUSED|ECONNRESET|EPIPE|ENOENT)$/;

/** Errors become problems; an address without a route becomes the page of the web interface where a browser asks. */
export function answerProblems(app: FastifyInstance, sendPage: SendPage | undefined): void {
  app.setErrorHandler((error, request, reply) => sendProblem(request, reply, error));
  app.setNotFoundHandler((request, reply) => {
    if (sendPage !== undefined && wantsPage(request)) return sendPage(reply, pageStatus(request));
    return sendProblem(request, reply, new PlatenError('not-found', 'there is nothing at this address'));
  });
}

export function sendProblem(request: FastifyRequest, reply: FastifyReply, thrown: unknown): FastifyReply {
  const error = understand(thrown);
  logRefusal(request, error, thrown);
  reply
    .code(error.status)
    .header('content-type', 'application/problem+json; charset=utf-8')
    .header('content-language', languageOf(request, request.signedIn))
    .header('cache-control', 'no-store')
    .header('x-content-type-options', 'nosniff');
  if (error.status === 401) reply.header('www-authenticate', 'Bearer realm="platen"');
  if (error.retryAfterSeconds !== undefined) reply.header('retry-after', String(error.retryAfterSeconds));
  return reply.send(JSON.stringify(describeProblem(request, error, thrown)));
}

function describeProblem(request: FastifyRequest, error: PlatenError, thrown: unknown): Record<string, unknown> {
  const language = languageOf(request, request.signedIn);
  // What went wrong inside is for those who run the server; a stranger gets the title and the id.
  const isInside = error.status >= 500 && request.signedIn === undefined;
  return {
    type: `urn:platen:error:${error.code}`,
    title: titleFor(language, error.code, error.values),
    status: error.status,
    ...(isInside ? {} : { detail: error.message }),
    code: error.code,
    advice: adviceFor(language, error.code, error.values),
    temporary: error.temporary,
    ...(error.remote === undefined || isInside ? {} : { remote: error.remote }),
    ...(Object.keys(error.facts).length === 0 || isInside ? {} : { facts: error.facts }),
    ...(hasZodFastifySchemaValidationErrors(thrown) ? { fields: fieldsOf(thrown.validation) } : {}),
    instance: `urn:uuid:${request.id}`,
  };
}

/** The error that an answer is made from. */
export function understand(thrown: unknown): PlatenError {
  if (thrown instanceof PlatenError) return thrown;
  const code = isSystemError(thrown) ? thrown.code : undefined;
  if (hasZodFastifySchemaValidationErrors(thrown)) {
    const fields = fieldsOf(thrown.validation).map(({ field, message }) => `${field}: ${message}`);
    return new PlatenError('invalid-request', fields.join('; '), { cause: thrown });
  }
  const refusal = code === undefined ? undefined : FRAMEWORK_REFUSALS[code];
  if (refusal !== undefined) return new PlatenError(refusal, wordsOf(refusal), { cause: thrown });
  if (isDatabaseAway(thrown, code)) {
    return new PlatenError('database-unavailable', 'the database does not answer', { cause: thrown });
  }
  return new PlatenError('internal-error', 'an unexpected error; the log has more under the id', { cause: thrown });
}

function isDatabaseAway(thrown: unknown, code: string | undefined): boolean {
  if (code !== undefined && DATABASE_AWAY.test(code)) return true;
  // The pool has no code for these.
  return (
    thrown instanceof Error && /^(?:timeout exceeded when trying to connect|Connection terminated)/.test(thrown.message)
  );
}

function wordsOf(refusal: string): string {
  if (refusal === 'wrong-content-type') return 'the body must be application/json';
  if (refusal === 'too-large') return 'the body is larger than this route takes';
  return 'the request cannot be read';
}

type Issue = { readonly instancePath: string; readonly message?: string | undefined };

function fieldsOf(issues: readonly Issue[]): { field: string; message: string }[] {
  return issues.slice(0, MAX_FIELDS).map(({ instancePath, message }) => ({
    field: instancePath.replace(/^\//, '').slice(0, 100) || 'request',
    message: (message ?? 'is not valid').slice(0, 300),
  }));
}

function logRefusal(request: FastifyRequest, error: PlatenError, thrown: unknown): void {
  if (error.status >= 500 && error.status !== 503) request.log.error({ error: thrown }, 'a request failed');
  else if (error.status >= 500) request.log.warn({ error: thrown }, 'a request could not be served for now');
}
