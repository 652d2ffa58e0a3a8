import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { addPrinter, checkPrinter, closePrinterConnections, type Printer } from '../../server/printers/printers.ts';
import { openTestContext } from '../harness/database.ts';

const recorded = readFileSync(new URL('../corpus/ipp/duplex-printer-all.ipp', import.meta.url));
const seed = Number(process.env.PLATEN_TEST_SEED ?? 20_261_122);

/** A printer whose answers the test makes; the number of the request is always the right one. */
async function serveAnswers(t: TestContext, makeAnswer: () => Buffer): Promise<string> {
  const answer: RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.from(makeAnswer());
      if (body.length >= 8) Buffer.concat(chunks).copy(body, 4, 4, 8);
      response.writeHead(200, { 'content-type': 'application/ipp' }).end(body);
    });
  };
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  return `ipp://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/ipp/print`;
}

/** Whatever was answered, what is kept can be shown, compared and stored. */
function assertShowable({ state, reasons, message, capabilities, problem }: Printer): void {
  assert.ok(['idle', 'processing', 'stopped', 'unreachable'].includes(state));
  assert.equal(state === 'unreachable', problem !== null);
  const words = [message ?? '', capabilities?.model ?? '', capabilities?.location ?? ''];
  const lists = [
    capabilities?.media.supported,
    capabilities?.media.ready,
    capabilities?.sides,
    capabilities?.colorModes,
  ];
  for (const word of [...words, ...reasons, ...lists.flatMap((list) => list ?? [])]) {
    assert.doesNotMatch(word, /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
    assert.ok([...word].length <= 1023);
  }
  for (const list of lists) assert.ok((list?.length ?? 0) <= 400);
  const copies = capabilities?.copies;
  if (copies) assert.ok(copies.min >= 1 && copies.min <= copies.max);
}

test(`a printer that answers with mutated attributes is kept as something that can be shown (seed ${seed})`, async (t) => {
  const platen = await openTestContext();
  let answer: Buffer = recorded;
  const uri = await serveAnswers(t, () => answer);
  t.after(async () => {
    await closePrinterConnections(platen.context);
    await platen[Symbol.asyncDispose]();
  });
  const { id } = await addPrinter(platen.context, { name: 'Hostile', uri });
  const change = fc.tuple(fc.integer({ min: 8, max: recorded.length - 1 }), fc.integer({ min: 0, max: 255 }));
  let answered = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 8 }), async (changes) => {
      answer = Buffer.from(recorded);
      for (const [offset, byte] of changes) answer[offset] = byte;
      const printer = await checkPrinter(platen.context, id);
      if (printer.state !== 'unreachable') answered += 1;
      assertShowable(printer);
    }),
    { seed, numRuns: 400 },
  );
  assert.ok(answered > 50, `${answered} of 400 mutated answers could be read`);
  for (const body of [Buffer.alloc(0), Buffer.alloc(8), Buffer.alloc(9, 0xff), recorded.subarray(0, 4000)]) {
    answer = body;
    assert.equal((await checkPrinter(platen.context, id)).problem?.code, 'printer-answer-invalid');
  }
});
