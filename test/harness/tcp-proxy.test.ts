import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';
import { eventually } from './time.ts';

/** A server that says back what it hears and, after the end of it, "bye". */
async function startEcho(t: TestContext): Promise<{ proxy: TcpProxy; heard: () => Buffer; hasSeenEnd: () => boolean }> {
  let heard = Buffer.alloc(0);
  let hasSeenEnd = false;
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      heard = Buffer.concat([heard, chunk]);
      socket.write(chunk);
    });
    socket.on('end', () => {
      hasSeenEnd = true;
      socket.end('bye');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = await startTcpProxy({ target: { host: '127.0.0.1', port: (server.address() as AddressInfo).port } });
  t.after(async () => {
    await proxy.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { proxy, heard: () => heard, hasSeenEnd: () => hasSeenEnd };
}

function dial(t: TestContext, proxy: TcpProxy): { socket: Socket; answer: () => string } {
  const socket = connect(proxy.port, proxy.host);
  let answer = '';
  socket.on('data', (chunk: Buffer) => {
    answer += chunk.toString();
  });
  socket.on('error', () => socket.destroy());
  t.after(() => socket.destroy());
  return { socket, answer: () => answer };
}

test('a healthy line passes every byte and the end of the data in both directions', async (t) => {
  const { proxy } = await startEcho(t);
  const { socket, answer } = dial(t, proxy);
  const data = 'x'.repeat(3_000_000);
  socket.end(data);
  await once(socket, 'close');
  assert.equal(answer(), `${data}bye`);
  assert.deepEqual(proxy.passedBytes(), { 'to-target': data.length, 'to-client': data.length + 3 });
  await eventually(() => proxy.sessions().open === 0);
});

for (const direction of ['to-target', 'to-client'] as const) {
  test(`a cut ${direction} passes exactly its bytes, once`, async (t) => {
    const { proxy, heard } = await startEcho(t);
    proxy.cutAfter(direction, 5);
    const { socket, answer } = dial(t, proxy);
    socket.write('123456789');
    await once(socket, 'close');
    if (direction === 'to-target') await eventually(() => heard().toString() === '12345');
    else assert.equal(answer(), '12345');
    assert.equal(proxy.passedBytes()[direction], 5);
    const second = dial(t, proxy);
    second.socket.write('123456789');
    await eventually(() => second.answer() === '123456789');
  });
}

test('a half close tells one side the end while the other still speaks', async (t) => {
  const { proxy, heard, hasSeenEnd } = await startEcho(t);
  proxy.halfCloseAfter('to-target', 3);
  const { socket, answer } = dial(t, proxy);
  socket.write('123456');
  await eventually(() => hasSeenEnd());
  await eventually(() => answer() === '123bye');
  assert.equal(heard().toString(), '123');
});

test('a black hole holds what is said until the line is healed', async (t) => {
  const { proxy, heard } = await startEcho(t);
  proxy.blackHole();
  const { socket, answer } = dial(t, proxy);
  socket.write('hello');
  await eventually(() => proxy.sessions().open === 1);
  await sleep(50);
  assert.equal(heard().length, 0);
  assert.equal(socket.destroyed, false);
  proxy.heal();
  await eventually(() => answer() === 'hello');
});

test('latency delays an answer by both ways', async (t) => {
  const { proxy } = await startEcho(t);
  proxy.setLatency(60);
  const { socket, answer } = dial(t, proxy);
  const start = performance.now();
  socket.write('ping');
  await eventually(() => answer() === 'ping');
  assert.ok(performance.now() - start >= 115, 'two times 60 ms, less the rounding of timers');
});

test('a target that refuses closes the session of the client', async (t) => {
  const proxy = await startTcpProxy({ target: { host: '127.0.0.1', port: 1 } });
  t.after(() => proxy.close());
  const { socket } = dial(t, proxy);
  await once(socket, 'close');
  await eventually(() => proxy.sessions().open === 0);
});
