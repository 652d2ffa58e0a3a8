/**
 * Walks through Platen as the guide for administrators does, in both languages, and takes its pictures: into `docs/` when
 * it is run as `npm run docs:pictures`, else into a folder that goes again. A screen that is gone, or a label that the
 * guide names and the screen does not show, fails here.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { LANGUAGES } from '../../../locales/locales.ts';
import { namedPictures } from './camera.ts';
import { connect, handOver, register, send, setUp } from './connecting.ts';
import { fileOf, PICTURES } from './pages.ts';
import { addMailbox, addPeople, addPrinter, addQueue, mailDocument, print } from './printing.ts';
import { addDevice, check, find, look, lookAround, readStories, setNotices } from './running.ts';
import { openScene } from './scene.ts';

const isForDocs = process.env.PLATEN_GUIDE_PICTURES === 'docs';

// Both at the same time: most of a walk is waiting.
describe('the guide for administrators', { concurrency: true }, () => {
  for (const language of LANGUAGES) {
    test(`the guide shows what Platen shows, in ${language}`, async (t) => {
      const folder = isForDocs ? PICTURES : mkdtempSync(join(tmpdir(), 'platen-guide-'));
      if (!isForDocs) t.after(() => rmSync(folder, { recursive: true, force: true }));
      mkdirSync(folder, { recursive: true });
      await using scene = await openScene(language, folder);
      await setUp(scene);
      await register(scene);
      await connect(scene);
      await send(scene);
      await handOver(scene);
      await addPrinter(scene);
      await addQueue(scene);
      await addPeople(scene);
      await addMailbox(scene);
      await print(scene, await mailDocument(scene));
      await addDevice(scene);
      await setNotices(scene);
      await readStories(scene);
      await find(scene);
      await check(scene);
      await lookAround(scene);
      await look(scene);
      scene.window.assertQuiet();
      const { taken } = scene.camera;
      assert.equal(new Set(taken).size, taken.length, 'each picture is taken once');
      assert.deepEqual(
        [...taken].sort(),
        namedPictures(language),
        'the pictures that were taken, and those of the guide',
      );
      for (const name of taken) assert.ok(readdirSync(folder).includes(fileOf(name, language)), name);
    });
  }
});
