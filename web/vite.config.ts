/** How `web/` is built: one page, a file for each screen that is loaded with it, and one language at a time. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';
import { FIRST_TEXTS } from './app/first-texts.ts';

const ROOT = fileURLToPath(new URL('.', import.meta.url));

/** Of the texts only those of the web interface travel to the browser: those of the first page, and `?later` the others. */
const webTextsOnly: Plugin = {
  name: 'web-texts-only',
  enforce: 'pre',
  transform(code, id) {
    const found = /\/locales\/(?:en|it)\.json(\?later)?$/.exec(id);
    if (found === null) return undefined;
    const { web } = JSON.parse(code) as { web: object };
    const sections = Object.entries(web).filter(([name]) => FIRST_TEXTS.includes(name) === (found[1] === undefined));
    const texts = JSON.stringify(Object.fromEntries(sections));
    // With a question behind its name a file is taken for a script.
    return { code: found[1] === undefined ? texts : `export default ${texts}`, map: null };
  },
};

export default defineConfig({
  root: ROOT,
  plugins: [webTextsOnly],
  json: { stringify: true },
  build: {
    outDir: join(ROOT, 'dist'),
    emptyOutDir: true,
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
    // The content security policy has no place for inline scripts.
    modulePreload: { polyfill: false },
  },
});
