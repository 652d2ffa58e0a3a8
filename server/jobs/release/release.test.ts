import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addPerson, call } from '../../../test/attacks/callers.ts';
import { openScene } from '../../../test/harness/queue-scene.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../base/clock.ts';
import { newId } from '../../base/secrets.ts';
import { readJournal } from '../../journal/journal.ts';
import { MAX_PIN_GUESSES_PER_CALLER, MAX_PIN_GUESSES_PER_PLACE } from '../../users/attempts.ts';
import { addQueue, cancelJob, getJob, makeJobLinks, makeReleasePin, releaseJob } from '../jobs.ts';

type Scene = Awaited<ReturnType<typeof openScene>>;
type Listed = { readonly id: string; readonly code?: string };

const page = (scene: Scene, printerId = scene.printerId) => `/api/v1/printers/${printerId}/release`;

async function release(scene: Scene, body: object, headers: Readonly<Record<string, string>> = {}) {
  const answer = await call(scene.server, 'POST', page(scene), { body, headers });
  return {
    ...answer,
    code: answer.json.code,
    released: idsOf(answer.json.released),
    refused: idsOf(answer.json.refused),
  };
}

const idsOf = (items: unknown) => ((items ?? []) as Listed[]).map(({ id }) => id);
const stateOf = async ({ context }: Scene, id: string) => (await getJob(context, id)).state;
const wrong = (pin: string) => (pin === '0000 0000' ? '0000 0001' : '0000 0000');

async function holdSome(scene: Scene, count: number) {
  const queue = await scene.addQueue({});
  const ids: string[] = [];
  while (ids.length < count) ids.push(await scene.submit(queue.id));
  const pin = await makeReleasePin(scene.context, ids);
  assert.match(pin ?? '', /^\d{4} \d{4}$/);
  return { queue, ids, pin: pin ?? '' };
}

test('a PIN releases its jobs at a printer of their queue, once, and only its signature is kept', async () => {
  await using scene = await openScene();
  const { ids, pin } = await holdSome(scene, 2);
  const others = await holdSome(scene, 1);
  const rows = JSON.stringify(await scene.context.db.selectFrom('jobs').selectAll().execute());
  assert.ok(!rows.includes(pin) && !rows.includes(pin.replace(' ', '')));
  const { status, released, text } = await release(scene, { pin: pin.replace(' ', '-') });
  assert.deepEqual([status, released], [200, ids], text);
  for (const id of ids) {
    const { state, printerId } = await getJob(scene.context, id);
    assert.deepEqual([state, printerId], ['pending', scene.printerId]);
    const told = (await readJournal(scene.context, { subjectId: id, limit: 50 })).find(
      ({ type }) => type === 'job-released',
    );
    assert.deepEqual([told?.data, told?.actor], [{ printerId: scene.printerId, via: 'pin' }, scene.owner.id]);
  }
  assert.equal(await stateOf(scene, others.ids[0] ?? ''), 'pending-held');
  assert.equal((await release(scene, { pin })).code, 'release-pin-unknown');
  assert.ok(!scene.server.test.logLines.join('').includes(pin));
});

test('a new PIN ends the one before, and there is none for jobs that are not held', async () => {
  await using scene = await openScene();
  const { ids, pin } = await holdSome(scene, 1);
  const newer = (await makeReleasePin(scene.context, ids)) ?? '';
  assert.equal((await release(scene, { pin })).code, 'release-pin-unknown');
  assert.deepEqual((await release(scene, { pin: newer })).released, ids);
  assert.equal(await makeReleasePin(scene.context, ids), undefined);
});

test('a printer that does not serve the queue of a job releases it to nobody', async () => {
  await using scene = await openScene();
  const { context, owner } = scene;
  const elsewhere = await addQueue(context, { name: newId(), mode: 'hold', printerIds: [] }, 'test');
  const id = await scene.submit(elsewhere.id);
  const pin = (await makeReleasePin(context, [id])) ?? '';
  assert.equal((await release(scene, { pin })).code, 'release-pin-unknown');
  assert.deepEqual((await release(scene, { jobIds: [id] }, owner.headers)).refused, [id]);
  assert.equal(await stateOf(scene, id), 'pending-held');
});

test('wrong PINs are counted for the caller and for the printer, and right ones are not', async () => {
  await using scene = await openScene();
  const from = (address: string) => ({ 'x-forwarded-for': address });
  for (let times = 0; times < MAX_PIN_GUESSES_PER_CALLER + 1; times += 1) {
    const { pin } = await holdSome(scene, 1);
    assert.equal((await release(scene, { pin }, from('203.0.113.7'))).status, 200);
  }
  const { pin, ids } = await holdSome(scene, 1);
  const guesses = await Promise.all(
    Array.from({ length: MAX_PIN_GUESSES_PER_CALLER + 5 }, () =>
      release(scene, { pin: wrong(pin) }, from('203.0.113.7')),
    ),
  );
  const counted = guesses.filter(({ code }) => code === 'release-pin-unknown').length;
  assert.equal(counted, MAX_PIN_GUESSES_PER_CALLER);
  assert.equal((await release(scene, { pin }, from('203.0.113.7'))).code, 'too-many-pins');
  for (let times = counted; times < MAX_PIN_GUESSES_PER_PLACE; times += 1) {
    assert.equal((await release(scene, { pin: wrong(pin) }, from(`198.51.${times}.8`))).code, 'release-pin-unknown');
  }
  assert.equal((await release(scene, { pin }, from('192.0.2.1'))).code, 'too-many-pins');
  assert.equal(await stateOf(scene, ids[0] ?? ''), 'pending-held');
  scene.server.test.clock.advance(15 * MINUTE_MS);
  assert.deepEqual((await release(scene, { pin }, from('192.0.2.1'))).released, ids);
});

test('the page of a printer shows jobs to their owner alone, who prints some or all of them', async () => {
  await using scene = await openScene();
  const { queue, ids } = await holdSome(scene, 3);
  const stranger = await addPerson(scene.server, 'user');
  const foreign = await scene.submitFor(stranger.id, queue.id);
  const look = async (headers: Readonly<Record<string, string>>) =>
    (await call(scene.server, 'GET', page(scene), { headers })).json;
  const unknown = await look({});
  assert.deepEqual([unknown.isSignedIn, unknown.jobs], [false, []]);
  assert.equal((unknown.printer as { name: string }).name, 'Ground floor');
  assert.deepEqual(idsOf((await look(scene.owner.headers)).jobs), ids);
  const [first = '', ...rest] = ids;
  const some = await release(scene, { jobIds: [first, foreign] }, scene.owner.headers);
  assert.deepEqual([some.released, some.refused], [[first], [foreign]], some.text);
  assert.equal(await stateOf(scene, foreign), 'pending-held');
  assert.deepEqual((await release(scene, {}, scene.owner.headers)).released, rest);
  assert.deepEqual(idsOf((await look(scene.owner.headers)).jobs), []);
  assert.equal((await release(scene, {})).code, 'unauthenticated');
});

test('a wrong PIN tells how many tries are left', async () => {
  await using scene = await openScene();
  const { pin } = await holdSome(scene, 1);
  const titleFrom = async (address: string) =>
    (await release(scene, { pin: wrong(pin) }, { 'x-forwarded-for': address })).json.title;
  assert.equal(
    await titleFrom('203.0.113.7'),
    `No job here has this PIN. Tries left: ${MAX_PIN_GUESSES_PER_CALLER - 1}`,
  );
  assert.equal(
    await titleFrom('203.0.113.7'),
    `No job here has this PIN. Tries left: ${MAX_PIN_GUESSES_PER_CALLER - 2}`,
  );
  for (let times = 2; times < MAX_PIN_GUESSES_PER_PLACE - 1; times += 1) await titleFrom(`198.51.${times}.8`);
  assert.equal(await titleFrom('192.0.2.1'), 'No job here has this PIN. Tries left: 0');
});

const CAN_DO = {
  ...{ version: '2.0', model: null, location: null, operations: [], formats: ['application/pdf'] },
  media: { supported: ['iso_a4_210x297mm'], ready: [], default: 'iso_a4_210x297mm' },
  ...{ sides: ['one-sided', 'two-sided-long-edge'], colorModes: ['color', 'monochrome'], isColor: true },
  ...{ copies: { min: 1, max: 99 }, takesPageRanges: true },
} as const;

async function setPrinter({ context }: Scene, id: string, change: { state?: 'idle' | 'stopped'; can?: object }) {
  const { state = 'idle', can = CAN_DO } = change;
  const reasons = state === 'stopped' ? ['media-empty-error'] : [];
  await context.db
    .updateTable('printers')
    .set({ state, reasons, capabilities: JSON.stringify(can) })
    .where('id', '=', id)
    .execute();
}

async function addPrinter(scene: Scene, name: string): Promise<string> {
  const id = newId();
  const uri = `ipp://127.0.0.1:1/${id}`;
  await scene.context.db
    .insertInto('printers')
    .values({ id, name, uri, state: 'idle', state_since: scene.context.clock.now() })
    .execute();
  await setPrinter(scene, id, {});
  return id;
}

test('the page says what the printer can do, on which paper it prints, and takes that into the job', async () => {
  await using scene = await openScene();
  const { ids } = await holdSome(scene, 2);
  const [first = '', second = ''] = ids;
  await setPrinter(scene, scene.printerId, {});
  const looks = { pages: 3, media: 'iso_a3_297x420mm' };
  await scene.context.db.updateTable('jobs').set(looks).where('id', '=', first).execute();
  await scene.context.db
    .updateTable('jobs')
    .set({ pages: 1, media: 'iso_a4_210x297mm' })
    .where('id', '=', second)
    .execute();
  const { json } = await call(scene.server, 'GET', page(scene), { headers: scene.owner.headers });
  assert.deepEqual((json.printer as { can: unknown }).can, { copies: true, monochrome: true, twoSides: true });
  const papers = (json.jobs as { otherPaper: unknown }[]).map(({ otherPaper }) => otherPaper);
  assert.deepEqual(papers, ['iso_a4_210x297mm', null]);
  const options = { copies: 2, sides: 'two-sided-long-edge', color: 'monochrome' };
  await release(scene, { jobIds: [first], options }, scene.owner.headers);
  assert.deepEqual((await getJob(scene.context, first)).options, options);
  await release(scene, { jobIds: [second] }, scene.owner.headers);
  assert.deepEqual((await getJob(scene.context, second)).options, {});
  const given = (await call(scene.server, 'GET', page(scene), { headers: scene.owner.headers })).json.given;
  const pages = (given as { pagesToPrint: unknown }[]).map(({ pagesToPrint }) => pagesToPrint);
  assert.deepEqual(pages, [6, 1]);
  await setPrinter(scene, scene.printerId, { can: { ...CAN_DO, sides: [], copies: null, isColor: false } });
  const plain = (await call(scene.server, 'GET', page(scene))).json.printer as { can: unknown };
  assert.deepEqual(plain.can, { copies: false, monochrome: false, twoSides: false });
  // Of one that takes JPEG alone, each page is a sheet, and the copies are made by Platen.
  await setPrinter(scene, scene.printerId, { can: { ...CAN_DO, formats: ['image/jpeg'], copies: null } });
  const pictures = (await call(scene.server, 'GET', page(scene))).json.printer as { can: unknown };
  assert.deepEqual(pictures.can, { copies: true, monochrome: true, twoSides: false });
});

test('what a printer was given is told with its pages, to its owner alone, until ten minutes after its end', async () => {
  await using scene = await openScene();
  const { ids } = await holdSome(scene, 1);
  const [id = ''] = ids;
  const look = async (headers: Readonly<Record<string, string>>) =>
    (await call(scene.server, 'GET', page(scene), { headers })).json.given as { id: string; pagesPrinted: unknown }[];
  assert.deepEqual(await look(scene.owner.headers), []);
  await release(scene, {}, scene.owner.headers);
  await scene.context.db.updateTable('jobs').set({ pages_printed: 2 }).where('id', '=', id).execute();
  assert.deepEqual(
    (await look(scene.owner.headers)).map(({ pagesPrinted }) => pagesPrinted),
    [2],
  );
  const stranger = await addPerson(scene.server, 'user');
  assert.deepEqual([await look({}), await look(stranger.headers)], [[], []]);
  await cancelJob(scene.context, id, { actor: 'test' });
  scene.server.test.clock.advance(10 * MINUTE_MS - 1);
  assert.deepEqual(idsOf(await look(scene.owner.headers)), [id]);
  scene.server.test.clock.advance(1);
  assert.deepEqual(await look(scene.owner.headers), []);
});

test('while a printer is not ready its page names those that are and that can print the jobs', async () => {
  await using scene = await openScene();
  const [ready, stopped, foreign] = [
    await addPrinter(scene, 'Second floor'),
    await addPrinter(scene, 'Third floor'),
    await addPrinter(scene, 'Elsewhere'),
  ];
  await setPrinter(scene, stopped, { state: 'stopped' });
  const queue = await scene.addQueue({ printerIds: [scene.printerId, stopped, ready] });
  await scene.addQueue({ printerIds: [foreign] });
  const id = await scene.submit(queue.id);
  const elsewhere = async () =>
    idsOf((await call(scene.server, 'GET', page(scene), { headers: scene.owner.headers })).json.elsewhere);
  await setPrinter(scene, scene.printerId, {});
  assert.deepEqual(await elsewhere(), []);
  await setPrinter(scene, scene.printerId, { state: 'stopped' });
  assert.deepEqual(await elsewhere(), [ready]);
  const places = (await call(scene.server, 'GET', `/api/v1/jobs/${id}/printers`, { headers: scene.owner.headers }))
    .json;
  const [first, ...others] = idsOf(places.items);
  assert.equal(first, ready);
  assert.deepEqual(others.sort(), [scene.printerId, stopped].sort());
  const stranger = await addPerson(scene.server, 'user');
  const foreignAsk = await call(scene.server, 'GET', `/api/v1/jobs/${id}/printers`, { headers: stranger.headers });
  assert.equal(foreignAsk.status, 404);
});

test('a job that cannot go says why and does not keep the others', async () => {
  await using scene = await openScene();
  const paused = await scene.addQueue({ pauseReason: 'toner is ordered' });
  const waits = await scene.submit(paused.id);
  const { ids } = await holdSome(scene, 1);
  const { json, released } = await release(scene, {}, scene.owner.headers);
  assert.deepEqual(released, ids);
  const [refused] = json.refused as { id: string; code: string; advice: string }[];
  assert.deepEqual([refused?.id, refused?.code], [waits, 'queue-paused']);
  assert.ok(refused?.advice);
});

test('an operator releases anybody’s job, another user does not', async () => {
  await using scene = await openScene();
  const { ids } = await holdSome(scene, 1);
  const path = `/api/v1/jobs/${ids[0]}/release`;
  const [stranger, operator] = [await addPerson(scene.server, 'user'), await addPerson(scene.server, 'operator')];
  assert.equal((await call(scene.server, 'POST', path, { body: {}, headers: stranger.headers })).status, 404);
  const { json } = await call(scene.server, 'POST', path, { body: {}, headers: operator.headers });
  assert.deepEqual([json.state, json.printerId], ['pending', scene.printerId]);
});

test('the links of a reply print what is held and cancel what has not ended, each once', async () => {
  await using scene = await openScene();
  const { ids } = await holdSome(scene, 3);
  const links = await makeJobLinks(scene.context, ids);
  const follow = async (address: string | undefined) => {
    const body = { token: address?.split('#')[1], do: true };
    return (await call(scene.server, 'POST', '/api/v1/links', { body })).json;
  };
  const [first = '', second = '', third = ''] = ids;
  await releaseJob(scene.context, first, { actor: 'test' });
  await cancelJob(scene.context, second, { actor: 'test' });
  const printed = await follow(links.print);
  assert.deepEqual([printed.purpose, printed.state], ['print-job', 'used'], JSON.stringify(printed));
  assert.deepEqual(await Promise.all(ids.map((id) => stateOf(scene, id))), ['pending', 'canceled', 'pending']);
  assert.equal((await follow(links.print)).code, 'link-used');
  await follow(links.cancel);
  assert.deepEqual(await Promise.all([first, third].map((id) => stateOf(scene, id))), ['canceled', 'canceled']);
  assert.deepEqual(await makeJobLinks(scene.context, ids), { print: undefined, cancel: undefined });
});

test('a link to print prints nothing again that may have been printed already', async () => {
  await using scene = await openScene();
  const { ids } = await holdSome(scene, 1);
  const { print } = await makeJobLinks(scene.context, ids);
  await scene.context.db
    .updateTable('jobs')
    .set({ state: 'processing-stopped', reasons: ['outcome-unknown'] })
    .where('id', 'in', ids)
    .execute();
  const body = { token: print?.split('#')[1], do: true };
  const { json } = await call(scene.server, 'POST', '/api/v1/links', { body });
  assert.equal(json.code, 'job-state-conflict');
  assert.equal(await stateOf(scene, ids[0] ?? ''), 'processing-stopped');
});

test('whoever has seen the paper of a job with an unknown outcome says so, and it is not printed again', async () => {
  await using scene = await openScene();
  const { ids } = await holdSome(scene, 2);
  const [unknown = '', held = ''] = ids;
  await scene.context.db
    .updateTable('jobs')
    .set({ state: 'processing-stopped', reasons: ['outcome-unknown'], due_at: null })
    .where('id', '=', unknown)
    .execute();
  const say = async (id: string, { headers }: { readonly headers: Readonly<Record<string, string>> }) =>
    await call(scene.server, 'POST', `/api/v1/jobs/${id}/printed`, { headers });
  assert.equal((await say(unknown, await addPerson(scene.server, 'user'))).status, 404);
  assert.equal((await say(held, scene.owner)).json.code, 'job-state-conflict');
  const { json } = await say(unknown, scene.owner);
  assert.deepEqual([json.state, json.reasons, json.problem], ['completed', ['job-completed-successfully'], null]);
  await scene.context.db.updateTable('jobs').set({ pages_printed: 3 }).where('id', '=', held).execute();
  assert.equal((await releaseJob(scene.context, held, { actor: 'test' })).pagesPrinted, null, 'it begins anew');
  const told = await readJournal(scene.context, { subjectId: unknown, type: 'job-state-changed', limit: 1 });
  assert.deepEqual([told[0]?.actor, told[0]?.data.to], [scene.owner.id, 'completed']);
  assert.equal((await say(unknown, scene.owner)).json.code, 'job-state-conflict');
  assert.equal((await getJob(scene.context, unknown)).state, 'completed');
});

test('links work as long as their jobs are kept', async () => {
  await using scene = await openScene();
  const queue = await scene.addQueue({ keepHeldHours: 72 });
  const id = await scene.submit(queue.id);
  const { print } = await makeJobLinks(scene.context, [id]);
  const state = async () => {
    const body = { token: print?.split('#')[1] };
    return (await call(scene.server, 'POST', '/api/v1/links', { body })).json.state;
  };
  scene.server.test.clock.advance(3 * DAY_MS - HOUR_MS);
  assert.equal(await state(), 'open');
  scene.server.test.clock.advance(HOUR_MS);
  assert.equal(await state(), 'expired');
});
