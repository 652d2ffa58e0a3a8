import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Incoming } from './incoming.ts';

/** Writes one after the other, each when the one before was taken, and says how many were. */
function writeAll(incoming: Incoming, chunks: readonly Buffer[]): { taken: number } {
  const state = { taken: 0 };
  const next = () => {
    const chunk = chunks[state.taken];
    if (chunk === undefined) return;
    incoming.write(chunk, () => {
      state.taken += 1;
      next();
    });
  };
  next();
  return state;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('a small message is whole once its end was read, and not before', async () => {
  const incoming = new Incoming(10);
  let isThere = false;
  const reading = incoming.readBeginning().then((beginning) => {
    isThere = true;
    return beginning;
  });
  writeAll(incoming, [Buffer.from('01234'), Buffer.from('56789')]);
  await turn();
  assert.equal(isThere, false);
  incoming.end();
  assert.deepEqual(await reading, { bytes: Buffer.from('0123456789'), isWhole: true });
  assert.throws(() => incoming.rest, /no rest/);
  await incoming.over();
});

test('of a larger one no more is held than fits, until somebody reads on', async () => {
  const incoming = new Incoming(10);
  const chunks = Array.from({ length: 40 }, (_, index) => Buffer.alloc(8192, index));
  const state = writeAll(incoming, chunks);
  const { bytes, isWhole } = await incoming.readBeginning();
  assert.equal(isWhole, false);
  await turn();
  assert.ok(state.taken < 20, `${state.taken} chunks were taken before anybody read them`);
  const parts = [bytes];
  for await (const chunk of incoming.rest.iterator({ destroyOnReturn: false })) {
    parts.push(chunk as Buffer);
    if (state.taken === chunks.length) incoming.end();
  }
  assert.ok(Buffer.concat(parts).equals(Buffer.concat(chunks)));
});

test('what nobody wants is read past, whether it is there yet or not', async () => {
  for (const readsBeginning of [true, false]) {
    const incoming = new Incoming(10);
    const chunks = Array.from({ length: 100 }, () => Buffer.alloc(8192));
    const state = writeAll(incoming, readsBeginning ? chunks.slice(0, 50) : []);
    if (readsBeginning) await incoming.readBeginning();
    let isOver = false;
    const over = Promise.resolve(incoming.over()).then(() => {
      isOver = true;
    });
    await turn();
    assert.equal(isOver, false);
    const later = writeAll(incoming, chunks);
    for (let turns = 0; turns < 100 && later.taken < 100; turns++) await turn();
    assert.deepEqual([state.taken, later.taken], [readsBeginning ? 50 : 0, 100]);
    incoming.end();
    await over;
  }
});

test('whoever waits hears that the connection broke, at the beginning and later', async () => {
  const gone = new Error('gone');
  const early = new Incoming(10);
  const waiting = early.readBeginning();
  early.break(gone);
  await assert.rejects(waiting, gone);
  await assert.rejects(early.readBeginning(), gone);
  await early.over();

  for (const readsBefore of [true, false]) {
    const late = new Incoming(10);
    writeAll(late, [Buffer.alloc(20), Buffer.alloc(20)]);
    await late.readBeginning();
    const reading = late.rest.iterator({ destroyOnReturn: false });
    if (readsBefore) await reading.next();
    late.break(gone);
    await assert.rejects(async () => {
      while ((await reading.next()).done !== true);
    });
    await late.over();
  }
});

test('a message whose end was read outlives its connection', async () => {
  const incoming = new Incoming(10);
  writeAll(incoming, [Buffer.from('whole')]);
  incoming.end();
  incoming.break(new Error('gone'));
  assert.deepEqual(await incoming.readBeginning(), { bytes: Buffer.from('whole'), isWhole: true });
});
