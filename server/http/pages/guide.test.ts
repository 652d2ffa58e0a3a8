import assert from 'node:assert/strict';
import { test } from 'node:test';
import { call, openServer } from '../../../test/attacks/callers.ts';
import { renderMarkdown } from './markdown.ts';

const all = () => true;

test('a page of the guide becomes headings, steps with what belongs to them, tables, code and links', () => {
  const text = [
    '# How <it> works',
    '',
    'First `a < b`, then **Save**, *softly*.',
    '',
    '1. Open [the page](x.md#first).',
    '',
    '   ![What is seen](pictures/x-en.png)',
    '',
    '   ```sh',
    '   npm start',
    '   ```',
    '',
    '2. Press it.',
    '',
    '| Fault | Cure |',
    '|---|---|',
    '| none \\| one | **Wait** |',
    '<!-- not shown -->',
  ].join('\n');
  const { title, html } = renderMarkdown(text, all);
  assert.equal(title, 'How <it> works');
  assert.deepEqual(html.trimEnd().split('\n'), [
    '<h1 id="how-it-works">How &lt;it&gt; works</h1>',
    '<p>First <code>a &lt; b</code>, then <strong>Save</strong>, <em>softly</em>.</p>',
    '<ol>',
    '<li><p>Open <a href="x.md#first">the page</a>.</p>',
    '<p><img src="pictures/x-en.png" alt="What is seen" loading="lazy"></p>',
    '<pre tabindex="0"><code>npm start</code></pre>',
    '</li>',
    '<li><p>Press it.</p>',
    '</li>',
    '</ol>',
    '<div class="wide" tabindex="0"><table>',
    '<thead>',
    '<tr>',
    '<th>Fault</th>',
    '<th>Cure</th>',
    '</tr>',
    '</thead>',
    '<tbody><tr>',
    '<td>none | one</td>',
    '<td><strong>Wait</strong></td>',
    '</tr>',
    '</tbody></table>',
    '</div>',
  ]);
});

test('a target that is not served is no link, and no text becomes markup', () => {
  const { html } = renderMarkdown('[a](javascript:x) <script>"&"</script> [b](b.md)', (target) => target === 'b.md');
  assert.equal(html, '<p>a &lt;script&gt;&quot;&amp;&quot;&lt;/script&gt; <a href="b.md">b</a></p>\n');
  const picture = renderMarkdown('![a"onerror=x](b.png"x)\n\n<img src=x onerror=y>', all).html;
  assert.deepEqual(picture.split('\n'), [
    '<p><img src="b.png&quot;x" alt="a&quot;onerror=x" loading="lazy"></p>',
    '&lt;img src=x onerror=y&gt;',
  ]);
});

test('the guide opens in the language of the reader, and every link and picture of every page leads somewhere', async () => {
  await using server = await openServer();
  const get = (path: string, language = 'en') =>
    call(server, 'GET', path, { headers: { 'accept-language': language, accept: 'text/html' } });
  assert.equal((await get('/docs', 'it-IT,it;q=0.9')).headers.location, '/docs/it/README.md');
  assert.equal((await get('/docs', 'de')).headers.location, '/docs/guide/README.md');
  const seen = new Set<string>();
  const waiting = ['/docs/guide/README.md', '/docs/it/README.md'];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    const { status, headers, text } = await get(path);
    assert.equal(status, 200, path);
    if (!path.endsWith('.md')) continue;
    assert.match(headers['content-type'] ?? '', /^text\/html/);
    assert.ok(text.includes(`<html lang="${path.startsWith('/docs/it/') ? 'it' : 'en'}">`), path);
    for (const [, target = ''] of text.matchAll(/(?:href|src)="([^"#]+)[^"]*"/g)) {
      const found = new URL(target, `http://platen${path}`);
      if (found.host === 'platen' && found.pathname !== '/' && found.pathname !== '/favicon.svg')
        waiting.push(found.pathname);
    }
  }
  assert.ok(seen.has('/docs/style.css') && seen.has('/CHANGELOG.md') && seen.has('/docs/operating.md'));
  assert.ok([...seen].filter((path) => path.startsWith('/docs/it/')).length > 10);
});

test('nothing but the documentation has an address below /docs', async () => {
  await using server = await openServer();
  const tries = [
    '../package.json',
    '%2e%2e/package.json',
    '..%2fpackage.json',
    'guide/../../package.json',
    'guide',
    '',
  ];
  for (const path of [...tries, 'guide/README.md/', 'guide/pictures/', '\\..\\package.json', 'nothing.md']) {
    assert.equal((await call(server, 'GET', `/docs/${path}`)).status, 404, path);
  }
});
