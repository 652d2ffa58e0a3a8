/**
 * Markdown of the documentation to HTML, by `marked`. What stands in it as HTML is shown as text, links lead only where they
 * are allowed to, and headings have the addresses that they have at GitHub.
 */
import { Marked, Renderer, type Tokens } from 'marked';

export type Rendered = { readonly title: string; readonly html: string };

/** `mayLink` answers whether a target is worth a link; the words of any other stand alone. */
export function renderMarkdown(text: string, mayLink: (target: string) => boolean): Rendered {
  const renderer = new PageRenderer(mayLink);
  const html = new Marked().parse(text.replaceAll(/<!--[\s\S]*?-->/g, ''), { async: false, renderer });
  const title = /^# (.+)$/m.exec(text)?.[1] ?? '';
  return { title: title.replaceAll(/[*`]/g, ''), html };
}

class PageRenderer extends Renderer {
  readonly #mayLink: (target: string) => boolean;

  constructor(mayLink: (target: string) => boolean) {
    super();
    this.#mayLink = mayLink;
  }

  override html({ text }: Tokens.HTML | Tokens.Tag): string {
    return escapeText(text);
  }

  // Also between tags that are shown as text.
  override text(token: Tokens.Text | Tokens.Escape): string {
    return 'tokens' in token && token.tokens !== undefined
      ? this.parser.parseInline(token.tokens)
      : escapeText(token.text);
  }

  override heading({ tokens, depth, text }: Tokens.Heading): string {
    return `<h${depth} id="${anchorOf(text)}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
  }

  // What is wider than a phone is moved by keys too.
  override code({ text }: Tokens.Code): string {
    return `<pre tabindex="0"><code>${escapeText(text)}</code></pre>\n`;
  }

  override table(token: Tokens.Table): string {
    return `<div class="wide" tabindex="0">${super.table(token)}</div>\n`;
  }

  override image({ href, text }: Tokens.Image): string {
    return `<img src="${escapeText(href)}" alt="${escapeText(text)}" loading="lazy">`;
  }

  override link({ href, tokens }: Tokens.Link): string {
    const words = this.parser.parseInline(tokens);
    return this.#mayLink(href) ? `<a href="${escapeText(href)}">${words}</a>` : words;
  }
}

/** As GitHub makes the address of a heading, so that a link works in both places. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

const ESCAPED: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escapeText(text: string): string {
  return text.replaceAll(/[&<>"]/g, (one) => ESCAPED[one] ?? one);
}
