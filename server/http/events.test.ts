import assert from 'node:assert/strict';
import { type IncomingMessage, request } from 'node:http';
import { test } from 'node:test';
import { addPerson, addProgram, call, openServer, type Server } from '../../test/attacks/callers.ts';
import { eventually } from '../../test/harness/time.ts';
import { journalEnd, record } from '../journal/journal.ts';
import { SESSION_IDLE_MS } from '../users/sessions.ts';
import { updateUser } from '../users/users.ts';
import { HEARTBEAT_MS, MAX_STREAMS_PER_PRINCIPAL, STREAM_CHECK_MS } from './limits.ts';

type Headers = Readonly<Record<string, string>>;

/** An open stream: what has come so far, and whether the server has ended it. */
class Listener implements Disposable {
  text = '';
  ended = false;
  readonly answer: IncomingMessage;

  constructor(answer: IncomingMessage) {
    this.answer = answer;
    const end = () => {
      this.ended = true;
    };
    answer.on('end', end).on('error', end).on('close', end);
  }

  read(): this {
    this.answer.setEncoding('utf8').on('data', (text: string) => {
      this.text += text;
    });
    return this;
  }

  get events(): { id: string; type: string; data: Record<string, unknown> }[] {
    return [...this.text.matchAll(/^id: (.+)\nevent: (?!place\n)(.+)\ndata: (.+)\n\n/gm)].map(
      ([, id = '', type = '', data = '']) => ({
        id,
        type,
        data: JSON.parse(data) as Record<string, unknown>,
      }),
    );
  }

  [Symbol.dispose](): void {
    this.answer.destroy();
  }
}

function connect(server: Server, headers: Headers): Promise<Listener> {
  return new Promise((resolve, reject) => {
    const { port } = server.http.address;
    const sent = request({ host: '127.0.0.1', port, path: '/api/v1/events', headers, agent: false }, (answer) =>
      resolve(new Listener(answer)),
    );
    sent.on('error', reject).end();
  });
}

async function listen(server: Server, headers: Headers): Promise<Listener> {
  const listener = (await connect(server, headers)).read();
  await eventually(() => listener.text.includes('retry:'));
  return listener;
}

/** Moves the clock in small steps until the claim holds: the reader looks at the journal twice a second. */
async function meanwhile(server: Server, claim: () => boolean) {
  await eventually(() => {
    server.test.clock.advance(100);
    return claim();
  });
}

test('a live screen hears of what happens from now on, once and in order', async () => {
  await using server = await openServer();
  const { headers } = await addPerson(server, 'operator');
  await record(server.test.context, 'queue-added', { subjectId: 'before' });
  using listener = await listen(server, headers);
  for (const subjectId of ['first', 'second', 'third']) await record(server.test.context, 'queue-added', { subjectId });
  await meanwhile(server, () => listener.events.length >= 3);
  assert.deepEqual(
    listener.events.map(({ type, data }) => [type, data.subjectId]),
    [
      ['queue-added', 'first'],
      ['queue-added', 'second'],
      ['queue-added', 'third'],
    ],
  );
  assert.equal(listener.answer.headers['content-type'], 'text/event-stream; charset=utf-8');
  assert.equal(listener.answer.headers['cache-control'], 'no-store');
});

test('a reader that is cut off before its first event misses nothing: the stream begins with its place', async () => {
  await using server = await openServer();
  const { headers } = await addPerson(server, 'administrator');
  let place = '';
  {
    using listener = await listen(server, headers);
    await eventually(() => /^retry: \d+\nid: (.+)\nevent: place\ndata: {}\n\n/.test(listener.text));
    place = /^id: (.+)$/m.exec(listener.text)?.[1] ?? '';
  }
  await record(server.test.context, 'queue-added', { subjectId: 'meanwhile' });
  using again = await listen(server, { ...headers, 'last-event-id': place });
  await eventually(() => again.events.some(({ data }) => data.subjectId === 'meanwhile'));
});

test('a screen that comes back misses nothing and sees nothing twice', async () => {
  await using server = await openServer();
  const { headers } = await addPerson(server, 'operator');
  const start = await journalEnd(server.test.context);
  for (let count = 0; count < 250; count += 1) {
    await record(server.test.context, 'queue-added', { subjectId: String(count) });
  }
  using first = await listen(server, { ...headers, 'last-event-id': start });
  await eventually(() => first.events.length >= 250);
  const middle = first.events[99]?.id ?? '';
  using second = await listen(server, { ...headers, 'last-event-id': middle });
  await eventually(() => second.events.length >= 150);
  const seen = [...first.events.slice(0, 100), ...second.events].map(({ data }) => data.subjectId);
  assert.deepEqual(
    seen,
    Array.from({ length: 250 }, (_, count) => String(count)),
  );
});

test('a user hears only of what is their own', async () => {
  await using server = await openServer();
  const ada = await addPerson(server, 'user');
  const bob = await addPerson(server, 'user');
  const program = await addProgram(server, 'user');
  using own = await listen(server, ada.headers);
  using nothing = await listen(server, program);
  const { context } = server.test;
  await record(context, 'job-created', { subjectId: 'job of bob', ownerId: bob.id });
  await record(context, 'printer-added', { subjectId: 'printer' });
  await record(context, 'job-created', { subjectId: 'job of ada', ownerId: ada.id });
  await meanwhile(server, () => own.events.length > 0);
  assert.deepEqual(
    own.events.map(({ data }) => data.subjectId),
    ['job of ada'],
  );
  assert.deepEqual(nothing.events, []);
});

test('a silent stream shows that it is alive', async () => {
  await using server = await openServer();
  const { headers } = await addPerson(server, 'user');
  using listener = await listen(server, headers);
  server.test.clock.advance(HEARTBEAT_MS);
  await eventually(() => listener.text.includes(': still here\n\n'));
});

test('a stream ends soon after its session was ended on another node', async () => {
  await using first = await openServer();
  await using second = await openServer({ besides: first.test });
  const ada = await addPerson(first, 'user');
  using listener = await listen(first, ada.headers);
  const origin = `http://127.0.0.1:${second.http.address.port}`;
  await call(second, 'DELETE', '/api/v1/sessions/current', { headers: { ...ada.headers, origin } });
  first.test.clock.advance(STREAM_CHECK_MS);
  await eventually(() => listener.ended);
});

test('a stream ends when the role behind it changes or the session runs out', async () => {
  await using server = await openServer();
  const ada = await addPerson(server, 'operator');
  const bob = await addPerson(server, 'user');
  using ofAda = await listen(server, ada.headers);
  using ofBob = await listen(server, bob.headers);
  await updateUser(server.test.context, ada.id, { role: 'user' }, 'test');
  server.test.clock.advance(STREAM_CHECK_MS);
  await eventually(() => ofAda.ended);
  assert.equal(ofBob.ended, false);
  // Listening alone does not keep a session alive.
  server.test.clock.setWallClock(new Date(server.test.clock.now().getTime() + SESSION_IDLE_MS));
  server.test.clock.advance(STREAM_CHECK_MS);
  await eventually(() => ofBob.ended);
});

test('a stream ends when its API token is removed', async () => {
  await using server = await openServer();
  const headers = await addProgram(server, 'operator');
  using listener = await listen(server, headers);
  await server.test.context.db.deleteFrom('api_tokens').execute();
  server.test.clock.advance(STREAM_CHECK_MS);
  await eventually(() => listener.ended);
});

test('one person may have so many streams and no more, until one is closed', async () => {
  await using server = await openServer();
  const { headers } = await addPerson(server, 'user');
  const open: Listener[] = [];
  for (let count = 0; count < MAX_STREAMS_PER_PRINCIPAL; count += 1) open.push(await listen(server, headers));
  const refused = await call(server, 'GET', '/api/v1/events', { headers });
  assert.deepEqual([refused.status, refused.json.code], [429, 'too-many-requests']);
  using other = await listen(server, (await addPerson(server, 'user')).headers);
  assert.equal(other.ended, false);
  open.pop()?.[Symbol.dispose]();
  await eventually(async () => {
    using again = await connect(server, headers);
    return again.answer.statusCode === 200;
  });
  for (const listener of open) listener[Symbol.dispose]();
});

test('streams do not hold up the end of the server', async () => {
  await using server = await openServer();
  const { headers } = await addPerson(server, 'user');
  using listener = await listen(server, headers);
  await server.http[Symbol.asyncDispose]();
  await eventually(() => listener.ended);
});

test('whoever does not read is let go when the session ends, and costs no memory until then', async () => {
  await using server = await openServer();
  const ada = await addPerson(server, 'operator');
  const words = 'x'.repeat(200_000);
  for (let count = 0; count < 100; count += 1) {
    await record(server.test.context, 'queue-added', { subjectId: String(count), data: { words } });
  }
  using listener = await connect(server, { ...ada.headers, 'last-event-id': '0-0' });
  listener.answer.pause();
  await eventually(() => listener.answer.socket.bytesRead > 50_000);
  await updateUser(server.test.context, ada.id, { role: 'user' }, 'test');
  server.test.clock.advance(STREAM_CHECK_MS);
  const { port } = server.http.address;
  await eventually(
    () =>
      new Promise<boolean>((resolve) => server.http.app.server.getConnections((_error, count) => resolve(count === 0))),
    {
      what: `nobody is connected to ${port}`,
    },
  );
  assert.ok(listener.answer.socket.bytesRead < 100 * words.length);
});

test('an event id that no stream gave is refused', async () => {
  await using server = await openServer();
  const { headers } = await addPerson(server, 'user');
  for (const id of ['x', '1', '1-', '1-2-3', "0-0' OR 1=1"]) {
    const answer = await call(server, 'GET', '/api/v1/events', { headers: { ...headers, 'last-event-id': id } });
    assert.equal(answer.status, 400, id);
  }
});

test('when the journal cannot be read for a while, whoever comes back goes on where they were', async () => {
  await using server = await openServer();
  const { headers } = await addPerson(server, 'operator');
  using listener = await listen(server, headers);
  await record(server.test.context, 'queue-added', { subjectId: 'before' });
  await meanwhile(server, () => listener.events.length === 1);
  const { db } = server.test.context;
  await db.schema.alterTable('journal').renameTo('journal_away').execute();
  server.test.clock.advance(HEARTBEAT_MS);
  await eventually(() => listener.ended);
  assert.match(server.test.logLines.join(''), /cannot read the journal for now/);
  assert.equal((await call(server, 'GET', '/api/v1/events', { headers })).status, 500);

  await db.schema.alterTable('journal_away').renameTo('journal').execute();
  await record(server.test.context, 'queue-added', { subjectId: 'meanwhile' });
  using again = await listen(server, { ...headers, 'last-event-id': listener.events[0]?.id ?? '' });
  await record(server.test.context, 'queue-added', { subjectId: 'afterwards' });
  await meanwhile(server, () => again.events.length >= 2);
  assert.deepEqual(
    again.events.map(({ data }) => data.subjectId),
    ['meanwhile', 'afterwards'],
  );
});

test('who signs in is told live to administrators, and not to operators', async () => {
  await using server = await openServer();
  using operator = await listen(server, (await addPerson(server, 'operator')).headers);
  using administrator = await listen(server, (await addPerson(server, 'administrator')).headers);
  await record(server.test.context, 'signed-in', { subjectId: 'somebody' });
  await record(server.test.context, 'queue-added', { subjectId: 'a queue' });
  const typesOf = (listener: Listener) => listener.events.map(({ type }) => type);
  // What comes after it has come to both, so nothing is still on its way.
  await meanwhile(server, () => [operator, administrator].every((one) => typesOf(one).includes('queue-added')));
  assert.ok(typesOf(administrator).includes('signed-in'));
  assert.ok(!typesOf(operator).includes('signed-in'));
});
