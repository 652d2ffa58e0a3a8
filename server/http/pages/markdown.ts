/**
 * Markdown as the documentation of this project is written (headings, paragraphs, lists, tables, code, pictures, links) to
 * HTML. Nothing of the text becomes markup by itself: every character of it is escaped.
 */

export type Rendered = { readonly title: string; readonly html: string };

/** `mayLink` answers whether a target is worth a link; the words of any other stand alone. */
export function renderMarkdown(text: string, mayLink: (target: string) => boolean): Rendered {
  const title = /^# (.+)$/m.exec(text)?.[1] ?? '';
  const lines = text.replaceAll(/<!--[\s\S]*?-->/g, '').split(/\r?\n/);
  return { title: title.replaceAll(/[*`]/g, ''), html: renderBlocks(lines, mayLink) };
}

type MayLink = (target: string) => boolean;
/** One kind of block: whether it begins with this line, how many lines it has, and what becomes of them. */
type Kind = {
  readonly begins: RegExp;
  readonly goesOn: (line: string, before: readonly string[]) => boolean;
  readonly render: (lines: readonly string[], mayLink: MayLink) => string;
};

const FENCE = /^```/;
const HEADING = /^(#{1,4}) (.+)$/;
const ITEM = /^(?:(\d+)\.|[-*]) +/;
const ROW = /^\|/;

const isFilled = (line: string) => line.trim() !== '';

const KINDS: readonly Kind[] = [
  {
    begins: FENCE,
    goesOn: (_line, before) => before.length === 1 || !FENCE.test(before.at(-1) ?? ''),
    render: (lines) => {
      const code = lines.slice(1, FENCE.test(lines.at(-1) ?? '') ? -1 : undefined);
      return `<pre tabindex="0"><code>${escapeText(code.join('\n'))}</code></pre>`;
    },
  },
  { begins: HEADING, goesOn: () => false, render: ([line = ''], mayLink) => renderHeading(line, mayLink) },
  { begins: ROW, goesOn: (line) => ROW.test(line), render: renderTable },
  {
    begins: ITEM,
    // An item has what is indented below it, also after an empty line.
    goesOn: (line, before) => ITEM.test(line) || /^\s/.test(line) || line === '' || isFilled(before.at(-1) ?? ''),
    render: renderList,
  },
  {
    begins: /\S/,
    goesOn: (line) => isFilled(line) && ![FENCE, HEADING, ITEM, ROW].some((other) => other.test(line)),
    render: (lines, mayLink) => `<p>${renderWords(lines.join('\n'), mayLink)}</p>`,
  },
];

function renderBlocks(lines: readonly string[], mayLink: MayLink): string {
  const blocks: string[] = [];
  for (let at = 0; at < lines.length; ) {
    const first = lines[at] ?? '';
    const kind = KINDS.find(({ begins }) => begins.test(first));
    if (kind === undefined) {
      at += 1;
      continue;
    }
    let end = at + 1;
    while (end < lines.length && kind.goesOn(lines[end] ?? '', lines.slice(at, end))) end += 1;
    blocks.push(kind.render(lines.slice(at, end), mayLink));
    at = end;
  }
  return blocks.join('\n');
}

function renderHeading(line: string, mayLink: MayLink): string {
  const [, marks = '#', words = ''] = HEADING.exec(line) ?? [];
  return `<h${marks.length} id="${anchorOf(words)}">${renderWords(words, mayLink)}</h${marks.length}>`;
}

/** As GitHub makes the address of a heading, so that a link works in both places. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

function renderTable(lines: readonly string[], mayLink: MayLink): string {
  const rows = lines.map((line) =>
    line
      .trim()
      .replaceAll(/^\||\|$/g, '')
      .split(/(?<!\\)\|/)
      .map((cell) => renderWords(cell.replaceAll('\\|', '|').trim(), mayLink)),
  );
  const [head = [], , ...body] = rows;
  const row = (cells: readonly string[], tag: string) =>
    `<tr>${cells.map((cell) => `<${tag}>${cell}</${tag}>`).join('')}</tr>`;
  const inBody = body.map((cells) => row(cells, 'td')).join('\n');
  return `<div class="wide" tabindex="0"><table><thead>${row(head, 'th')}</thead><tbody>\n${inBody}\n</tbody></table></div>`;
}

function renderList(lines: readonly string[], mayLink: MayLink): string {
  const first = ITEM.exec(lines[0] ?? '')?.[1];
  const items: string[][] = [];
  for (const line of lines) {
    const mark = ITEM.exec(line)?.[0];
    if (mark !== undefined) items.push([line.slice(mark.length)]);
    else items.at(-1)?.push(line.trimStart() === line ? line : line.replace(/^ {1,3}/, ''));
  }
  const inside = items.map((item) => `<li>${renderBlocks(item, mayLink)}</li>`).join('\n');
  return first === undefined ? `<ul>\n${inside}\n</ul>` : `<ol start="${first}">\n${inside}\n</ol>`;
}

const WORDS =
  /`([^`]+)`|!\[([^\]]*)\]\(([^)\s]+)\)|\[((?:`[^`]*`|[^\]`])+)\]\(([^)\s]+)\)|\*\*([^*]+)\*\*|\*(\S[^*]*)\*/g;

function renderWords(text: string, mayLink: MayLink): string {
  let html = '';
  let at = 0;
  for (const match of text.matchAll(WORDS)) {
    const [whole, code, alt, source, words, target, strong, soft] = match;
    html += escapeText(text.slice(at, match.index));
    at = match.index + whole.length;
    if (code !== undefined) html += `<code>${escapeText(code)}</code>`;
    else if (source !== undefined)
      html += `<img src="${escapeText(source)}" alt="${escapeText(alt ?? '')}" loading="lazy">`;
    else if (words !== undefined && target !== undefined) html += renderLink(words, { target, mayLink });
    else if (strong !== undefined) html += `<strong>${renderWords(strong, mayLink)}</strong>`;
    else html += `<em>${renderWords(soft ?? '', mayLink)}</em>`;
  }
  return html + escapeText(text.slice(at));
}

function renderLink(words: string, { target, mayLink }: { readonly target: string; readonly mayLink: MayLink }) {
  const inside = renderWords(words, mayLink);
  return mayLink(target) ? `<a href="${escapeText(target)}">${inside}</a>` : inside;
}

const ESCAPED: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escapeText(text: string): string {
  return text.replaceAll(/[&<>"]/g, (one) => ESCAPED[one] ?? one);
}
