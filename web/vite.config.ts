/** How `web/` is built: one page, a file for each screen that is loaded with it, and one language at a time. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

const ROOT = fileURLToPath(new URL('.', import.meta.url));

/** Of the texts only those of the web interface travel to the browser. */
const webTextsOnly: Plugin = {
  name: 'web-texts-only',
  enforce: 'pre',
  transform(code, id) {
    if (!/\/locales\/(en|it)\.json$/.test(id)) return undefined;
    const { web } = JSON.parse(code) as { web: object };
    return { code: JSON.stringify(web), map: null };
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
