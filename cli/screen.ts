/**
 * Everything that a command prints goes through here: made harmless, aligned, colored only at a terminal.
 * Results go to standard output; errors, prompts and progress that nobody pipes go to standard error.
 */
import { styleText } from 'node:util';
import { type Language, textFor } from '../locales/locales.ts';
import { columnsOf, cut, padTo, plain, plainJson } from './plain.ts';

export type Tone = 'plain' | 'good' | 'waiting' | 'held' | 'warning' | 'broken' | 'faint' | 'strong';
/** A part of a line: text, or text with a tone. */
export type Cell = string | { readonly text: string; readonly tone: Tone };
export type Row = readonly Cell[];

type Values = Readonly<Record<string, string | number>>;
type Stream = NodeJS.WriteStream;

const FORMATS = {
  good: 'green',
  waiting: 'blue',
  held: 'gray',
  warning: 'yellow',
  broken: 'red',
  faint: 'gray',
  strong: 'bold',
} as const;

/** Beside the color a shape, so that nothing is told by color alone. */
const MARKS: Readonly<Record<Tone, string>> = {
  plain: '',
  good: '✓ ',
  waiting: '… ',
  held: '⧗ ',
  warning: '! ',
  broken: '✕ ',
  faint: '– ',
  strong: '',
};

export const NOTHING = '–';
const MAX_CELL_COLUMNS = 60;
const DEFAULT_COLUMNS = 80;

export class Screen {
  readonly language: Language;
  readonly isJson: boolean;
  #rewriting = false;

  constructor(options: { readonly language: Language; readonly isJson: boolean }) {
    this.language = options.language;
    this.isJson = options.isJson;
  }

  /** A person sits in front of it: lines may be rewritten. */
  get isTerminal(): boolean {
    return process.stdout.isTTY === true;
  }

  /** The text under `cli.<key>`. */
  text(key: string, values: Values = {}): string {
    return textFor(this.language, `cli.${key}`, values);
  }

  /** Prints one line. */
  line(...cells: Cell[]): void {
    this.#write(process.stdout, cells.map((cell) => paint(process.stdout, cell)).join(''));
  }

  /** Prints the text under `cli.<key>` as a line. */
  say(key: string, values: Values = {}): void {
    this.line(this.text(key, values));
  }

  /** Prints a line to standard error. */
  complain(...cells: Cell[]): void {
    this.#write(process.stderr, cells.map((cell) => paint(process.stderr, cell)).join(''));
  }

  json(value: unknown): void {
    this.#write(process.stdout, plainJson(value, 2));
  }

  complainJson(value: unknown): void {
    this.#write(process.stderr, plainJson(value, 2));
  }

  /** One event on one line, for programs that read along. */
  jsonLine(value: unknown): void {
    this.#write(process.stdout, plainJson(value));
  }

  /** Replaces the last line when a person looks on; prints nothing otherwise. */
  rewrite(text: string): void {
    if (!this.isTerminal) return;
    // Some terminals have no size that anybody told them.
    const { columns = 0 } = process.stdout;
    const width = columns > 0 ? columns : DEFAULT_COLUMNS;
    process.stdout.write(`\r\u001b[2K${cut(plain(text), width - 1)}`);
    this.#rewriting = true;
  }

  /** Rows under their heads; the widest cell makes the column. Nothing but a sentence when there are none. */
  table(heads: readonly string[], rows: readonly Row[]): void {
    const texts = rows.map((row) => row.map((cell) => cut(show(cell), MAX_CELL_COLUMNS)));
    const widths = heads.map((head, column) =>
      Math.max(columnsOf(head), ...texts.map((row) => columnsOf(row[column] ?? ''))),
    );
    const join = (cells: readonly string[]) => cells.join('  ').trimEnd();
    this.line({ text: join(heads.map((head, column) => padTo(head, widths[column] ?? 0))), tone: 'strong' });
    rows.forEach((row, index) => {
      const cells = row.map((cell, column) => {
        const text = padTo(texts[index]?.[column] ?? '', column === row.length - 1 ? 0 : (widths[column] ?? 0));
        return color(process.stdout, text, toneOf(cell));
      });
      this.#write(process.stdout, join(cells));
    });
  }

  /** Names and values, one pair a line; pairs without a value are left out. */
  details(pairs: readonly (readonly [name: string, value: Cell | undefined])[]): void {
    const shown = pairs.flatMap(([name, value]) =>
      value === undefined || show(value) === '' ? [] : [{ name, value }],
    );
    const width = Math.max(0, ...shown.map(({ name }) => columnsOf(name)));
    for (const { name, value } of shown) this.line(`${padTo(name, width)}  `, value);
  }

  #write(stream: Stream, text: string): void {
    if (this.#rewriting) {
      this.#rewriting = false;
      process.stdout.write('\r\u001b[2K');
    }
    stream.write(`${text}\n`);
  }
}

function toneOf(cell: Cell): Tone {
  return typeof cell === 'string' ? 'plain' : cell.tone;
}

function show(cell: Cell): string {
  if (typeof cell === 'string') return plain(cell);
  return MARKS[cell.tone] + plain(cell.text);
}

function paint(stream: Stream, cell: Cell): string {
  return color(stream, show(cell), toneOf(cell));
}

function color(stream: Stream, text: string, tone: Tone): string {
  // styleText looks at the stream, NO_COLOR and FORCE_COLOR by itself.
  return tone === 'plain' ? text : styleText(FORMATS[tone], text, { stream });
}
