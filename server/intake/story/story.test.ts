import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addPerson, addProgram, call } from '../../../test/attacks/callers.ts';
import { openWatchedMailbox, writeMessage } from '../../../test/harness/intake.ts';
import { openHttp } from '../../http/http.ts';
import { listMessages } from '../intake.ts';
import { tellMessage } from './story.ts';

test('a message that made no job tells how it came, what proves its sender, why it was refused, and that nobody is answered', async () => {
  await using watched = await openWatchedMailbox();
  const { context } = watched;
  watched.deliver(writeMessage({ from: 'stranger@elsewhere.example', subject: 'Offer' }));
  watched.deliver(writeMessage({ subject: 'Minutes' }));
  await using _worker = await watched.startWorker();
  await watched.settled(2);
  const named = async (subject: string) => {
    const [message] = await listMessages(context, { text: subject, limit: 2 });
    return message ?? assert.fail(subject);
  };
  const offer = await named('Offer');
  const words = async (message: typeof offer, language: 'en' | 'it') =>
    (await tellMessage(context, message, language)).map((step) => step.words);
  assert.deepEqual(await words(offer, 'en'), [
    'It came into the mailbox Print room (print@practice.example).',
    'The mail server says nothing that proves the sender (no-verdict).',
    'It was refused. No user of Platen has this address.',
    'Nobody is answered: Platen answers its users only.',
    'It was moved to Platen/Refused.',
  ]);
  assert.equal((await words(offer, 'it'))[2], 'È stato rifiutato. Nessun utente di Platen ha questo indirizzo.');
  const minutes = await words(await named('Minutes'), 'en');
  assert.equal(minutes[2], 'It was taken: 1 job.');

  // Where the journal no longer goes back so far, the row still tells it.
  await context.db.deleteFrom('journal').where('subject_id', '=', offer.id).execute();
  assert.equal((await words(offer, 'en')).at(-1), 'It was refused. No user of Platen has this address.');

  await using http = await openHttp(context);
  const api = { test: watched.test, http, [Symbol.asyncDispose]: async () => undefined };
  const look = async (headers: Readonly<Record<string, string>>) =>
    await call(api, 'GET', `/api/v1/messages/${offer.id}/timeline`, { headers });
  const told = await look(await addProgram(api, 'operator'));
  assert.equal((told.json.items as { type: string }[]).at(-1)?.type, 'refused', told.text);
  assert.equal((await look((await addPerson(api, 'user')).headers)).status, 404);
  assert.equal((await look({})).status, 401);
});
