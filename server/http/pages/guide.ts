/**
 * The documentation of this version as pages, for whoever sets Platen up and looks after it, also before the first run and
 * without the internet: `/docs` leads to the guide in the reader's language. Only files that were there at the start have
 * an address.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { chooseLanguage } from '../../../locales/locales.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const FIRST = { en: 'docs/guide/README.md', it: 'docs/it/README.md' } as const;
const NAMES = { en: 'English', it: 'Italiano' } as const;

const STYLE = `:root { color-scheme: light dark; }
body { margin: 0; font: 16px/1.6 system-ui, sans-serif; color: light-dark(#1b2428, #dfe6e9);
  background: light-dark(#f5f7f8, #0e1518); }
header { display: flex; gap: 24px; padding: 12px 24px; background: light-dark(#fff, #172125);
  border-bottom: 1px solid light-dark(#d5dde0, #2b383d); }
header a:first-child { margin-right: auto; font-weight: 700; }
main { max-width: 820px; margin: 0 auto; padding: 8px 24px 64px; }
a { color: light-dark(#0b6b74, #6fc7cf); }
h1 { font-size: 1.75rem; line-height: 1.3; }
h2 { font-size: 1.3rem; margin-top: 2em; }
img { display: block; max-width: 100%; height: auto; margin: 8px 0; border: 1px solid light-dark(#d5dde0, #2b383d);
  border-radius: 6px; }
pre { overflow-x: auto; padding: 12px 16px; border-radius: 6px; background: light-dark(#e8edef, #1c282d); }
code { font-family: ui-monospace, monospace; font-size: 0.92em; overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 6px 12px 6px 0; border-bottom: 1px solid light-dark(#d5dde0, #2b383d); }
`;

type Language = keyof typeof FIRST;

/** Adds the pages; nothing where the documentation was not installed. */
export function guideRoutes(app: FastifyInstance, root = ROOT): void {
  if (!existsSync(join(root, FIRST.en))) return;
  const files = listFiles(root);
  const config = { role: 'public' } as const;
  const schema = { hide: true };
  const pages = new Map<string, string>();
  const send = async (reply: FastifyReply, path: string) => {
    if (!files.has(path)) return reply.callNotFound();
    reply.header('cache-control', 'no-cache');
    if (path.endsWith('.png')) return reply.type('image/png').send(readFileSync(join(root, path)));
    const page = pages.get(path) ?? (await pageOf(path, { text: readFileSync(join(root, path), 'utf8'), files }));
    pages.set(path, page);
    return reply.type('text/html; charset=utf-8').send(page);
  };
  app.get('/docs', { config, schema }, async (request, reply) =>
    reply.redirect(`/${FIRST[chooseLanguage(request.headers['accept-language'])]}`),
  );
  app.get('/docs/style.css', { config, schema }, async (_request, reply) =>
    reply.header('cache-control', 'no-cache').type('text/css; charset=utf-8').send(STYLE),
  );
  app.get<{ Params: { '*': string } }>('/docs/*', { config, schema }, async (request, reply) =>
    send(reply, `docs/${request.params['*']}`),
  );
  app.get('/CHANGELOG.md', { config, schema }, async (_request, reply) => send(reply, 'CHANGELOG.md'));
}

/** Pages and pictures by their path from the root, as they are in their addresses. */
function listFiles(root: string): ReadonlySet<string> {
  const found = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' });
  const shown = found.filter((name) => /\.(?:md|png)$/.test(name)).map((name) => posix.join('docs', name));
  return new Set([...shown, ...['CHANGELOG.md'].filter((name) => existsSync(join(root, name)))]);
}

type Source = { readonly text: string; readonly files: ReadonlySet<string> };

async function pageOf(path: string, { text, files }: Source): Promise<string> {
  const mayLink = (target: string) =>
    /^https:\/\/|^#/.test(target) || files.has(posix.join(posix.dirname(path), target.split('#', 1)[0] ?? ''));
  // Loaded with the first page that somebody reads: every start would wait for its library.
  const { renderMarkdown } = await import('./markdown.ts');
  const { title, html } = renderMarkdown(text, mayLink);
  const language: Language = path.startsWith('docs/it/') ? 'it' : 'en';
  const links = (Object.keys(FIRST) as Language[]).map((other) => {
    const folder = posix.dirname(FIRST[other]);
    const same = path.startsWith(posix.dirname(FIRST[language])) ? posix.join(folder, posix.basename(path)) : '';
    const place = files.has(same) ? same : FIRST[other];
    return `<a href="/${place}" lang="${other}" hreflang="${other}">${NAMES[other]}</a>`;
  });
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title.replaceAll(/[&<>]/g, ' ')} · Platen</title>
<link rel="icon" href="/favicon.svg">
<link rel="stylesheet" href="/docs/style.css">
</head>
<body>
<header><a href="/">Platen</a>${links.join('')}</header>
<main>
${html}
</main>
</body>
</html>
`;
}
