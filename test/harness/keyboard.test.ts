import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Browser, openBrowser } from './browser.ts';
import { assertKeyboard } from './keyboard.ts';

let browser: Browser;

before(async () => {
  browser = await openBrowser();
});
after(() => browser[Symbol.asyncDispose]());

/** What is found on a page of this body. */
async function walk(body: string): Promise<unknown> {
  await using page = await browser.openBlank(`<!DOCTYPE html><html lang="en"><body>${body}</body></html>`);
  const found = (error: unknown) => (error as { readonly actual?: unknown }).actual ?? error;
  return await assertKeyboard(page.page).catch(found);
}

const WELL = { missed: [], unseen: [], deaf: [] };

test('a page of ordinary elements is walked over whole', async () => {
  const radios = '<input type="radio" name="a" aria-label="x"><input type="radio" name="a" aria-label="y">';
  const date = '<input type="datetime-local" aria-label="when">';
  const dead = '<button disabled>off</button><a href="#" hidden>gone</a>';
  assert.deepEqual(await walk(`<a href="#">one</a>${radios}${date}${dead}<button>last</button>`), { stops: 4 });
});

test('what only a mouse can press, what Tab passes over and what nobody sees is named', async () => {
  const deaf = '<div style="cursor: pointer">press me</div>';
  assert.deepEqual(await walk(`<button>one</button>${deaf}`), { ...WELL, deaf: ['div press me'] });
  const unseen = '<button style="outline: none">no ring</button>';
  assert.deepEqual(await walk(`<button>one</button>${unseen}`), { ...WELL, unseen: ['button no ring'] });
  const trap = '<a href="#" onblur="this.focus()">held</a><button>never</button>';
  assert.deepEqual(await walk(trap), { ...WELL, missed: ['button never'] });
});
