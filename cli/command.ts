/** What a command is, and how its words are read. */
import { parseArgs } from 'node:util';
import type { Language } from '../locales/locales.ts';
import type { Settings } from '../server/base/settings.ts';
import type { Client } from './client.ts';
import { UsageError } from './problem.ts';
import type { Screen } from './screen.ts';

export type Option = {
  /** What follows it, as a text under `cli.values`; a flag when absent. */
  readonly value?: 'text' | 'id' | 'address' | 'number' | 'list' | 'name' | 'secret' | 'folder';
  readonly choices?: readonly string[];
  readonly isRequired?: true;
  /** It may be given several times. */
  readonly isMultiple?: true;
  /** The text under `cli.options`; its own name when absent. */
  readonly about?: string;
};

export type Command = {
  /** What is written after `platen`. The summary stands under `cli.commands.<words joined by a dash>`. */
  readonly words: readonly string[];
  /** What must follow, as texts under `cli.values`. */
  readonly operands?: readonly ('id' | 'name' | 'file')[];
  readonly options?: Readonly<Record<string, Option>>;
  run(call: Call): Promise<void>;
};

export type Call = {
  readonly settings: Settings;
  readonly language: Language;
  readonly screen: Screen;
  readonly operands: readonly string[];
  /** The value of an option, if it was given. */
  find(name: string): string | undefined;
  all(name: string): readonly string[];
  has(name: string): boolean;
  openClient(): Promise<Client>;
};

export const COMMON_OPTIONS = {
  json: {},
  language: { value: 'text', choices: ['en', 'it'] },
  help: {},
} as const satisfies Readonly<Record<string, Option>>;

export type Given = {
  readonly operands: readonly string[];
  readonly values: Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>;
};

/** Reads what was written after the words of a command. Throws `UsageError`. */
export function readGiven(command: Command, args: readonly string[]): Given {
  const options: Readonly<Record<string, Option>> = { ...COMMON_OPTIONS, ...command.options };
  const { values, positionals, tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      Object.entries(options).map(([name, option]) => [
        name,
        { type: option.value === undefined ? 'boolean' : 'string', multiple: option.isMultiple === true },
      ]),
    ),
    allowPositionals: true,
    // Its own complaints are English only, so what is wrong is looked for here.
    strict: false,
    tokens: true,
  });
  for (const token of tokens) {
    if (token.kind === 'option') checkOption(token, options);
  }
  const parsed: Given = { operands: positionals, values };
  if (parsed.values.help !== true) checkGiven(command, options, parsed);
  return parsed;
}

type WrittenOption = {
  readonly name: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
};

function checkOption(written: WrittenOption, options: Readonly<Record<string, Option>>): void {
  const { name, value, inlineValue } = written;
  const option = Object.hasOwn(options, name) ? options[name] : undefined;
  if (option === undefined) throw new UsageError('unknown-option', { name });
  if (option.value === undefined && value !== undefined) throw new UsageError('needless-value', { name });
  if (option.value === undefined) return;
  // `--title --json` forgot the title; `-` stands for standard input, and `--title=--x` is meant.
  const looksForgotten = inlineValue !== true && value?.startsWith('-') === true && value !== '-';
  // A secret that was made at random may begin like an option.
  const isSecret = option.value === 'secret' && !namesOption(value ?? '', options);
  const isForgotten = value === undefined || (looksForgotten && !isSecret);
  if (isForgotten) throw new UsageError('no-value', { name });
}

function namesOption(word: string, options: Readonly<Record<string, Option>>): boolean {
  return word.startsWith('--') && Object.hasOwn(options, word.slice(2).split('=', 1)[0] ?? '');
}

function checkGiven(command: Command, options: Readonly<Record<string, Option>>, given: Given): void {
  const operands = command.operands ?? [];
  const extra = given.operands[operands.length];
  if (extra !== undefined) throw new UsageError('extra', { word: extra });
  if (given.operands.length < operands.length) {
    throw new UsageError(`missing-${operands[given.operands.length]}`);
  }
  for (const [name, option] of Object.entries(options)) {
    const value = given.values[name];
    if (value === undefined && option.isRequired === true) throw new UsageError('missing-option', { name });
    if (value === undefined || option.choices === undefined) continue;
    if (typeof value === 'string' && !option.choices.includes(value)) {
      throw new UsageError('choice', { name, value, choices: option.choices.join(', ') });
    }
  }
}

/** A number within bounds, written in digits. Throws `UsageError`. */
export function readNumber(call: Call, name: string, bounds: { readonly min: number; readonly max: number }) {
  const text = call.find(name);
  if (text === undefined) return undefined;
  const number = Number(text);
  if (/^\d{1,9}$/.test(text) && number >= bounds.min && number <= bounds.max) return number;
  throw new UsageError('number', { name, value: text, ...bounds });
}

/** Values that were separated by commas, given by several options, or both. */
export function readList(call: Call, name: string): string[] | undefined {
  if (!call.has(name)) return undefined;
  const values = call.all(name).flatMap((text) => text.split(','));
  return values.map((value) => value.trim()).filter((value) => value !== '');
}

/** Only what was given: an absent option leaves the server's value as it is. */
export function given<T extends Readonly<Record<string, unknown>>>(values: T): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;
}
