/** `POST /jobs`: a document is sent to be printed, as a form with a file, read as it comes. */
import multipart, { type Multipart, type MultipartFile } from '@fastify/multipart';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { isSystemError, PlatenError } from '../../base/errors.ts';
import { discard } from '../../spool/spool.ts';
import type { Context } from '../../store/database.ts';
import { getUser } from '../../users/users.ts';
import { jobShape, showJob } from '../finding/shown.ts';
import { mergeOptions } from '../job.ts';
import { optionsChange, optionsChangeOf } from '../keeping/shapes.ts';
import { uploadLimits } from './limits.ts';
import { assertRoom, type KeptDocument, keepDocument, submitUpload, type Uploader } from './upload.ts';

/** What the form holds beside the file; each is text. */
const fields = z.strictObject({
  queueId: z.uuid().optional(),
  /** As JSON, the same as for a release. */
  options: z.string().max(uploadLimits.maxFieldBytes).optional(),
  hold: z.enum(['true', 'false']).optional(),
  /** For whom a program prints; people print for themselves. */
  ownerId: z.uuid().optional(),
});
type Fields = z.infer<typeof fields>;
const describedForm = fields.extend({ file: z.file() });

export const uploadKey = z
  .string()
  .min(uploadLimits.minKeyChars)
  .max(uploadLimits.maxKeyChars)
  .regex(/^[\x21-\x7e]*$/);

export function uploadRoutes(app: FastifyInstance, context: Context): void {
  const places = new Places();
  // Only this route takes forms: everything else stays with JSON.
  app.register(async (scope) => {
    await scope.register(multipart, {
      throwFileSizeLimit: false,
      limits: {
        // One byte more than is kept, so that the spool refuses what is too large.
        fileSize: uploadLimits.maxBytes + 1,
        files: 1,
        fields: uploadLimits.maxFields,
        parts: uploadLimits.maxFields + 1,
        fieldSize: uploadLimits.maxFieldBytes,
        fieldNameSize: 100,
        headerPairs: 20,
      },
    });
    scope.withTypeProvider<ZodTypeProvider>().post('/jobs', {
      config: { role: 'user' },
      // Described for readers; the parts are checked as they come.
      validatorCompiler: () => (value) => ({ value }),
      schema: {
        consumes: ['multipart/form-data'],
        headers: z.object({ 'idempotency-key': uploadKey }),
        body: describedForm,
        response: { 200: jobShape, 201: jobShape },
      },
      handler: async (request, reply) => {
        const { job, isNew } = await places.take(request.actor, () => receive(context, request));
        reply.code(isNew ? 201 : 200).header('location', `/api/v1/jobs/${job.id}`);
        return reply.send(showJob(job, request.language));
      },
    });
  });
}

async function receive(context: Context, request: FastifyRequest) {
  let kept: KeptDocument | undefined;
  try {
    const sentKey = readKey(request);
    assertSize(request);
    await assertRoom(context);
    const given: Record<string, string> = {};
    for await (const part of request.parts()) {
      if (part.type === 'file') kept = await keepDocument(context, sentFileOf(part));
      else given[part.fieldname] = textOf(part);
    }
    if (kept === undefined) throw new PlatenError('invalid-request', 'the form has no file');
    const { queueId, options, hold, ownerId } = readFields(given);
    const document = kept;
    // From here on it belongs to the submission, which removes it when it refuses it.
    const wishes = readOptions(options);
    const owner = await uploaderOf(context, request, ownerId);
    kept = undefined;
    return await submitUpload(context, {
      key: sentKey,
      owner,
      document,
      queueId,
      options: wishes,
      isHeld: hold === 'true',
    });
  } catch (error) {
    if (kept !== undefined) await discard(context, [kept.file]);
    // Who is still sending gets the answer afterwards; what comes is read and thrown away.
    request.raw.unpipe();
    request.raw.resume();
    throw understood(error);
  }
}

function readKey(request: FastifyRequest): string {
  const read = uploadKey.safeParse(request.headers['idempotency-key']);
  if (read.success) return read.data;
  const { minKeyChars, maxKeyChars } = uploadLimits;
  throw new PlatenError(
    'invalid-request',
    `the header Idempotency-Key must hold ${minKeyChars} to ${maxKeyChars} characters, once for each document`,
  );
}

/** What says itself that it is too large is not waited for. */
function assertSize(request: FastifyRequest): void {
  if (!request.isMultipart()) throw new PlatenError('wrong-content-type', 'a document is sent as multipart/form-data');
  const { maxBytes, maxFormBytes } = uploadLimits;
  const length = Number(request.headers['content-length'] ?? 0);
  if (length <= maxBytes + maxFormBytes) return;
  throw new PlatenError('document-too-large', `the document is larger than ${maxBytes} bytes`, {
    values: { maxBytes },
  });
}

function sentFileOf(part: MultipartFile) {
  return { name: part.filename, declaredType: part.mimetype, content: part.file };
}

function textOf(part: Exclude<Multipart, MultipartFile>): string {
  if (typeof part.value === 'string' && !part.valueTruncated) return part.value;
  throw new PlatenError('invalid-request', `${part.fieldname.slice(0, 100)}: must be a text, and not so long`);
}

function readFields(given: Readonly<Record<string, string>>): Fields {
  const read = fields.safeParse(given);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw new PlatenError('invalid-request', `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
}

function readOptions(text: string | undefined) {
  if (text === undefined) return undefined;
  const read = optionsChange.safeParse(parse(text));
  if (read.success) return mergeOptions({}, optionsChangeOf(read.data));
  const [issue] = read.error.issues;
  throw new PlatenError('invalid-request', `options.${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What is not JSON has no options in it, and is refused as such.
    return undefined;
  }
}

/** People print for themselves; a program belongs to nobody and says for whom it prints. */
export async function uploaderOf(
  context: Context,
  request: Pick<FastifyRequest, 'principal' | 'actor'>,
  ownerId: string | undefined,
): Promise<Uploader> {
  const { principal, actor } = request;
  if (principal.kind === 'user') {
    if (ownerId === undefined || ownerId === principal.userId)
      return { id: principal.userId, name: principal.name, actor };
    throw new PlatenError('forbidden', 'people print for themselves only', { values: { role: 'operator' } });
  }
  if (principal.role === 'user') {
    throw new PlatenError('forbidden', 'a program with the role of a user cannot print for anybody');
  }
  if (ownerId === undefined) throw new PlatenError('invalid-request', 'ownerId: a program says for whom it prints');
  const { id, name } = await getUser(context, ownerId);
  return { id, name, actor };
}

/** Refusals of the parser, by their codes; what is left is ours. */
function understood(error: unknown): unknown {
  if (error instanceof PlatenError || (!isSystemError(error) && !(error instanceof Error))) return error;
  const code = isSystemError(error) ? (error.code ?? '') : '';
  if (/^FST_(?:PARTS|FILES|FIELDS)_LIMIT$/.test(code)) {
    return new PlatenError('invalid-request', 'the form has more than one file, or too many fields', { cause: error });
  }
  const isBroken =
    /^FST_(?:PROTO|INVALID|MP)_/.test(code) || /multipart|boundary|terminated early|malformed/i.test(error.message);
  if (!isBroken) return error;
  return new PlatenError('upload-unreadable', 'the form broke off or is not written as one', { cause: error });
}

/** How many documents are on their way on this node, all together and of each person. */
class Places {
  readonly #taken = new Map<string, number>();
  #all = 0;

  async take<T>(who: string, work: () => Promise<T>): Promise<T> {
    const own = this.#taken.get(who) ?? 0;
    if (own >= uploadLimits.maxAtOncePerPerson || this.#all >= uploadLimits.maxAtOnce) {
      throw new PlatenError('too-many-requests', 'too many documents are being sent at the same time', {
        retryAfterSeconds: 5,
      });
    }
    this.#taken.set(who, own + 1);
    this.#all += 1;
    try {
      return await work();
    } finally {
      this.#all -= 1;
      const left = (this.#taken.get(who) ?? 1) - 1;
      if (left === 0) this.#taken.delete(who);
      else this.#taken.set(who, left);
    }
  }
}
