import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { newId } from '../../server/base/secrets.ts';
import type { Role } from '../../server/store/schema.ts';
import { startSession } from '../../server/users/sessions.ts';
import { addPerson, call, openServer, type Person, pathOf, type Server } from './callers.ts';

/**
 * Every route with an id in its path stands in one of these two tables, so that a new one cannot be forgotten.
 * OWNED: what belongs to a user; makes one that belongs to the given user and returns its id.
 */
const OWNED: Record<string, (ownerId: string) => Promise<string>> = {
  '/api/v1/jobs': addJob,
  '/api/v1/messages': addMessage,
  '/api/v1/sessions': addSession,
};
/** Things of the installation: everybody who may use the route at all may use it for each of them. */
const SHARED = [
  '/api/v1/users',
  '/api/v1/tokens',
  '/api/v1/connections',
  '/api/v1/queues',
  '/api/v1/printers',
  '/api/v1/mailboxes',
  '/api/v1/outbox',
  '/api/v1/devices',
  '/api/v1/device-faults',
  '/api/v1/tenants',
];
/** Asks Microsoft, which does not answer here. */
const ASKS_MICROSOFT = '/api/v1/tenants/:idOrDomain';

const RANKS = { public: 0, user: 1, operator: 2, administrator: 3 } as const;
const MISSING_ID = '01890000-0000-7000-8000-000000000000';

let server: Server;
let people: Record<Role, Person>;
let stranger: Person;

async function addMessage(ownerId: string): Promise<string> {
  const { db, clock } = server.test.context;
  const [id, mailboxId, queueId] = [newId(), newId(), newId()];
  await db.insertInto('queues').values({ id: queueId, name: queueId, mode: 'hold' }).execute();
  const mailbox = { id: mailboxId, title: 'mailbox', protocol: 'imap', address: 'print@contoso.example' } as const;
  const classic = { host: 'mail.contoso.example', port: 993, security: 'tls', username: 'print' };
  await db
    .insertInto('mailboxes')
    .values({
      ...mailbox,
      server: JSON.stringify(classic),
      folder: 'INBOX',
      poll_seconds: 60,
      after_intake: 'move',
      queue_id: queueId,
      state_since: clock.now(),
    })
    .execute();
  const place = { mailbox_id: mailboxId, place: 'here', folder: 'INBOX', uidvalidity: 1, uid: 1 };
  const words = { subject: 'a secret subject', sender: 'secret@contoso.example', sender_user_id: ownerId };
  await db
    .insertInto('incoming_messages')
    .values({ id, ...place, ...words, received_at: clock.now(), bytes: 1, outcome: 'done' })
    .execute();
  return id;
}

async function addJob(ownerId: string): Promise<string> {
  const { db, clock } = server.test.context;
  const queueId = newId();
  await db.insertInto('queues').values({ id: queueId, name: queueId, mode: 'hold' }).execute();
  const id = newId();
  await db
    .insertInto('jobs')
    .values({
      id,
      owner_id: ownerId,
      owner_name: 'a secret name',
      queue_id: queueId,
      title: 'a secret title',
      state: 'pending-held',
      options: '{}',
      document_format: 'application/pdf',
      document_bytes: 1,
      created_at: clock.now(),
    })
    .execute();
  const event = { type: 'job-created', subject_kind: 'job', subject_id: id, owner_id: ownerId };
  await db
    .insertInto('journal')
    .values({ ...event, data: JSON.stringify({ title: 'a secret title' }) })
    .execute();
  return id;
}

async function addSession(ownerId: string): Promise<string> {
  return (await startSession(server.test.context, ownerId, { remoteAddress: '127.0.0.1', userAgent: 'a secret' })).id;
}

function routesWithIds() {
  return server.http.routeTable.filter(({ url }) => url.includes('/:'));
}

function collectionOf(url: string): string {
  return url.slice(0, url.indexOf('/:'));
}

async function ask(person: Person, method: string, path: string) {
  const body = method === 'GET' || method === 'DELETE' ? {} : { body: {} };
  const { status, json, text } = await call(server, method, path, { headers: person.headers, ...body });
  return { status, text, problem: { ...json, instance: undefined } };
}

describe('what belongs to whom', () => {
  before(async () => {
    server = await openServer();
    people = {
      administrator: await addPerson(server, 'administrator'),
      operator: await addPerson(server, 'operator'),
      user: await addPerson(server, 'user'),
    };
    stranger = await addPerson(server, 'user');
  });
  after(async () => await server[Symbol.asyncDispose]());

  test('every route with an id in its path is known to these tests', () => {
    const unknown = routesWithIds()
      .map(({ url }) => collectionOf(url))
      .filter((collection) => !(collection in OWNED) && !SHARED.includes(collection));
    assert.deepEqual([...new Set(unknown)], []);
  });

  test('what belongs to somebody else and what does not exist get the same answer', async () => {
    let asked = 0;
    for (const { method, url } of routesWithIds()) {
      const add = OWNED[collectionOf(url)];
      if (add === undefined) continue;
      const id = await add(people.user.id);
      const foreign = await ask(stranger, method, pathOf(url, id));
      const missing = await ask(stranger, method, pathOf(url, MISSING_ID));
      assert.equal(foreign.status, 404, `${method} ${url}`);
      assert.deepEqual(foreign, { ...missing, text: foreign.text }, `${method} ${url}`);
      assert.ok(!foreign.text.includes(id) && !foreign.text.includes('secret'), `${method} ${url}`);
      asked += 1;
    }
    assert.ok(asked >= 5, `only ${asked} routes were asked`);
  });

  test('what was tried on somebody else’s things changed nothing', async () => {
    const { db } = server.test.context;
    const id = await addJob(people.user.id);
    const before = await db.selectFrom('jobs').selectAll().where('id', '=', id).execute();
    for (const { method, url } of routesWithIds()) {
      if (url.startsWith('/api/v1/jobs/') && method !== 'GET') await ask(stranger, method, pathOf(url, id));
    }
    assert.deepEqual(await db.selectFrom('jobs').selectAll().where('id', '=', id).execute(), before);
  });

  test('a route of the installation tells a mere user nothing about an id', async () => {
    for (const { method, url, role } of routesWithIds()) {
      if (collectionOf(url) in OWNED || RANKS[role] <= RANKS.user) continue;
      const answer = await ask(stranger, method, pathOf(url, people.user.id));
      const missing = await ask(stranger, method, pathOf(url, MISSING_ID));
      assert.equal(answer.status, 403, `${method} ${url}`);
      assert.deepEqual(answer.problem, missing.problem, `${method} ${url}`);
    }
  });

  test('lists and the journal show a user only what is their own', async () => {
    await addJob(people.user.id);
    await addMessage(people.user.id);
    const lists = ['/api/v1/jobs', '/api/v1/messages', '/api/v1/journal', `/api/v1/jobs?owner=${people.user.id}`];
    for (const path of lists) {
      const others = await ask(stranger, 'GET', path);
      assert.equal(others.status, 200);
      assert.ok(!others.text.includes('secret') && !others.text.includes(people.user.id), path);
      const own = await ask(people.user, 'GET', path);
      assert.ok(own.text.includes('secret'), path);
      const all = await ask(people.operator, 'GET', path);
      assert.ok(all.text.includes('secret'), path);
    }
  });

  test('every route is open to its role and above, and closed to all below', async () => {
    for (const { method, url, role } of server.http.routeTable) {
      if (url.endsWith('/events') || url === '/api/v1/sessions/current') continue;
      const anonymous = await call(server, method, pathOf(url), { headers: {} });
      const isPublic = role === 'public';
      if (!isPublic)
        assert.deepEqual([anonymous.status, anonymous.json.code], [401, 'unauthenticated'], `${method} ${url}`);
      for (const caller of ['user', 'operator', 'administrator'] as const) {
        // An id that does not exist, and an empty body: whoever may call it gets as far as that.
        const { status, problem } = await ask(people[caller], method, pathOf(url));
        const refused = status === 403 && (problem as { code?: string }).code === 'forbidden';
        assert.equal(refused, RANKS[caller] < RANKS[role], `${method} ${url} as ${caller}: ${status}`);
        assert.notEqual(status, 401, `${method} ${url} as ${caller}`);
        assert.ok(
          status < 500 || (url === ASKS_MICROSOFT && status === 503),
          `${method} ${url} as ${caller}: ${status}`,
        );
      }
    }
  });

  test('the routes that anybody may call are these', () => {
    const open = server.http.routeTable
      .filter(({ role }) => role === 'public')
      .map(({ method, url }) => `${method} ${url}`);
    assert.deepEqual(open.sort(), [
      // The documentation of this version, as everybody can read it in the project.
      'GET /CHANGELOG.md',
      'GET /api/openapi.json',
      'GET /api/v1/first-run',
      // The page behind the QR code of a printer: its name, and jobs for nobody but their owner who is signed in.
      'GET /api/v1/printers/:id/release',
      // The web interface before anybody has signed in: its pages, scripts and pictures, and no data.
      'GET /assets/*',
      'GET /docs',
      'GET /docs/*',
      'GET /docs/style.css',
      'GET /favicon.svg',
      'GET /healthz',
      'GET /readyz',
      'POST /api/v1/first-run',
      // With the secret of a link for the owner of a mailbox: the sign-in of one connection, and nothing else.
      'POST /api/v1/hand-over',
      'POST /api/v1/hand-over/device-code',
      'POST /api/v1/hand-over/sign-in-link',
      'POST /api/v1/hand-over/unexpected',
      'POST /api/v1/links',
      // With a PIN, whose guesses are counted, or signed in.
      'POST /api/v1/printers/:id/release',
      'POST /api/v1/sessions',
      'PUT /api/v1/hand-over/sign-in-link',
    ]);
  });
});
