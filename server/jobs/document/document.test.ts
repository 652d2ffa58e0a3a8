import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addPerson, call } from '../../../test/attacks/callers.ts';
import { openScene } from '../../../test/harness/queue-scene.ts';
import { readJournal } from '../../journal/journal.ts';
import { fileNameOf } from './document.ts';

test('the owner saves the document as it is printed and as it came; of an administrator the journal tells', async () => {
  await using scene = await openScene();
  const { server, context, owner } = scene;
  const id = await scene.submit((await scene.addQueue({})).id);
  await context.db.updateTable('jobs').set({ title: 'Größe "2"/x.exe', original_format: 'image/png' }).execute();
  const save = (as: string, headers: Readonly<Record<string, string>>) =>
    call(server, 'GET', `/api/v1/jobs/${id}/document${as}`, { headers });
  const printed = await save('', owner.headers);
  assert.deepEqual([printed.status, printed.text.slice(0, 5)], [200, '%PDF-']);
  assert.equal(printed.headers['content-type'], 'application/octet-stream');
  assert.equal(
    printed.headers['content-disposition'],
    `attachment; filename="Gr__e -2-x.pdf"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%20-2-x.pdf`,
  );
  const original = await save('?as=original', owner.headers);
  assert.match(String(original.headers['content-disposition']), /Gr__e -2-x\.png/);
  const saved = async () => await readJournal(context, { subjectId: id, type: 'job-document-saved', limit: 9 });
  assert.deepEqual(await saved(), []);
  const administrator = await addPerson(server, 'administrator');
  assert.equal((await save('?as=original', administrator.headers)).status, 200);
  const [told, ...more] = await saved();
  assert.deepEqual(more, []);
  assert.deepEqual([told?.actor, told?.data.as], [administrator.id, 'original']);
  assert.equal((await save('?as=anything', owner.headers)).status, 400);
});

test('operators and strangers get no copy of the document of somebody else', async () => {
  await using scene = await openScene();
  const id = await scene.submit((await scene.addQueue({})).id);
  const save = async (role: 'user' | 'operator') => {
    const { headers } = await addPerson(scene.server, role);
    const { status, json } = await call(scene.server, 'GET', `/api/v1/jobs/${id}/document`, { headers });
    return [status, json.code];
  };
  assert.deepEqual(await save('operator'), [403, 'forbidden']);
  assert.deepEqual(await save('user'), [404, 'not-found']);
});

test('the name of the file tells what it is, and leads nowhere', () => {
  const name = (title: string, format = 'application/pdf') => fileNameOf({ title, number: 1001 }, format);
  assert.equal(name('invoice.docx'), 'invoice.pdf');
  assert.equal(name('invoice.docx', 'application/msword'), 'invoice.doc');
  assert.equal(name('../../etc/passwd'), 'etc-passwd.pdf');
  assert.equal(name('\u202Egnp.exe\r\nx: y'), 'gnp.exex- y.pdf');
  assert.equal(name('.htaccess'), 'htaccess.pdf');
  assert.equal(name('   '), '1001.pdf');
  assert.equal(name('x', 'application/x-unheard-of'), 'x.bin');
  assert.equal(name('é'.repeat(300)), `${'é'.repeat(100)}.pdf`);
});
