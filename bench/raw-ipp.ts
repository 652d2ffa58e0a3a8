/** The client that printing is compared with: requests written by hand over one kept connection (RFC 8010). */
import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';

const OPERATIONS = { printJob: 0x0002, createJob: 0x0005, sendDocument: 0x0006, getJobAttributes: 0x0009 } as const;
const TAGS = { integer: 0x21, boolean: 0x22, enum: 0x23, name: 0x42, keyword: 0x44, uri: 0x45 } as const;
const TAGS_OF_TEXT = { charset: 0x47, language: 0x48, format: 0x49 } as const;
const [OPERATION_GROUP, END_OF_ATTRIBUTES, COMPLETED] = [0x01, 0x03, 9];
const BUSY = 0x0507;

type Field = readonly [tag: number, name: string, value: string | number | boolean];
type Reply = { readonly status: number; readonly jobId: number; readonly jobState: number };

export class RawPrinter implements Disposable {
  readonly #uri: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  #requests = 0;

  constructor(uri: string) {
    this.#uri = uri;
  }

  /** Create-Job, Send-Document, and asking until the job is completed: the operations that Platen uses. */
  async print(file: string): Promise<void> {
    const { jobId } = await this.#untilTaken(() => this.#call(OPERATIONS.createJob, [[TAGS.name, 'job-name', 'bare']]));
    const fields: Field[] = [
      [TAGS.integer, 'job-id', jobId],
      [TAGS_OF_TEXT.format, 'document-format', 'application/pdf'],
      [TAGS.boolean, 'last-document', true],
    ];
    await this.#expect(this.#call(OPERATIONS.sendDocument, fields, await readFile(file)));
    await this.#untilCompleted(jobId);
  }

  /** The same with Print-Job, which is one request less. */
  async printWhole(file: string): Promise<void> {
    const fields: Field[] = [
      [TAGS.name, 'job-name', 'bare'],
      [TAGS_OF_TEXT.format, 'document-format', 'application/pdf'],
    ];
    const document = await readFile(file);
    const { jobId } = await this.#untilTaken(() => this.#call(OPERATIONS.printJob, fields, document));
    await this.#untilCompleted(jobId);
  }

  async #untilCompleted(jobId: number): Promise<void> {
    const fields: Field[] = [
      [TAGS.integer, 'job-id', jobId],
      [TAGS.keyword, 'requested-attributes', 'job-state'],
    ];
    for (;;) {
      const { jobState } = await this.#expect(this.#call(OPERATIONS.getJobAttributes, fields));
      if (jobState === COMPLETED) return;
      if (jobState > 6) throw new Error(`the printer says state ${jobState} of job ${jobId}`);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  /** A printer that is still with the last job says so. */
  async #untilTaken(ask: () => Promise<Reply>): Promise<Reply> {
    for (;;) {
      const reply = await ask();
      if (reply.status !== BUSY) return await this.#expect(Promise.resolve(reply));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  async #expect(asked: Promise<Reply>): Promise<Reply> {
    const reply = await asked;
    if (reply.status > 0x00ff) throw new Error(`the printer answered 0x${reply.status.toString(16)}`);
    return reply;
  }

  #call(operation: number, fields: readonly Field[], document = Buffer.alloc(0)): Promise<Reply> {
    this.#requests += 1;
    const head = Buffer.from([2, 0, 0, operation, 0, 0, 0, 0, OPERATION_GROUP]);
    head.writeUInt32BE(this.#requests, 4);
    const common: Field[] = [
      [TAGS_OF_TEXT.charset, 'attributes-charset', 'utf-8'],
      [TAGS_OF_TEXT.language, 'attributes-natural-language', 'en'],
      [TAGS.uri, 'printer-uri', this.#uri],
    ];
    const user: Field = [TAGS.name, 'requesting-user-name', 'bare'];
    // RFC 8011 section 4.1.5: what the operation is about comes first, then who asks, then the rest.
    const targets = fields.filter(([, name]) => name === 'job-id');
    const others = fields.filter(([, name]) => name !== 'job-id');
    const all = [...common, ...targets, user, ...others].map(encodeField);
    const body = Buffer.concat([head, ...all, Buffer.from([END_OF_ATTRIBUTES]), document]);
    return this.#post(body);
  }

  #post(body: Buffer): Promise<Reply> {
    const url = this.#uri.replace(/^ipp:/, 'http:');
    const headers = { 'content-type': 'application/ipp', 'content-length': body.length };
    return new Promise((resolve, reject) => {
      const sent = request(url, { method: 'POST', agent: this.#agent, headers }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () => resolve(readReply(Buffer.concat(chunks))));
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

function encodeField([tag, name, value]: Field): Buffer {
  const bytes = encodeValue(value);
  const head = Buffer.alloc(3 + name.length + 2);
  head.writeUInt8(tag);
  head.writeUInt16BE(name.length, 1);
  head.write(name, 3, 'latin1');
  head.writeUInt16BE(bytes.length, 3 + name.length);
  return Buffer.concat([head, bytes]);
}

function encodeValue(value: Field[2]): Buffer {
  if (typeof value === 'string') return Buffer.from(value, 'utf8');
  if (typeof value === 'boolean') return Buffer.from([value ? 1 : 0]);
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function readReply(answer: Buffer): Reply {
  const numbers = new Map<string, number>();
  for (let at = 8; at < answer.length; ) {
    const tag = answer.readUInt8(at);
    if (tag === END_OF_ATTRIBUTES) break;
    at += 1;
    if (tag < 0x10) continue; // the beginning of a group
    const nameEnd = at + 2 + answer.readUInt16BE(at);
    const valueEnd = nameEnd + 2 + answer.readUInt16BE(nameEnd);
    const name = answer.toString('latin1', at + 2, nameEnd);
    if (tag === TAGS.integer || tag === TAGS.enum) numbers.set(name, answer.readInt32BE(nameEnd + 2));
    at = valueEnd;
  }
  return {
    status: answer.readUInt16BE(2),
    jobId: numbers.get('job-id') ?? 0,
    jobState: numbers.get('job-state') ?? 0,
  };
}
