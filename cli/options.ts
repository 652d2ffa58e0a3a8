/** How a document is printed, as words of the command line. */
import { type Call, given, readNumber } from './command.ts';

export const SIDES = ['one-sided', 'two-sided-long-edge', 'two-sided-short-edge'];
export const COLORS = ['color', 'monochrome'];

export const FINISHINGS = ['none', 'staple', 'punch', 'staple,punch'];

export const JOB_OPTIONS = {
  copies: { value: 'number', about: 'job-copies' },
  sides: { value: 'text', choices: SIDES, about: 'job-sides' },
  color: { value: 'text', choices: COLORS, about: 'job-color' },
  media: { value: 'text', about: 'job-media' },
  finishing: { value: 'text', choices: FINISHINGS, about: 'job-finishing' },
} as const;

/** Only what was given. Throws `UsageError`. */
export function readOptions(call: Call): Readonly<Record<string, unknown>> {
  const copies = readNumber(call, 'copies', { min: 1, max: 999 });
  const finishing = call.find('finishing');
  const wanted = finishing === 'none' ? [] : finishing?.split(',');
  return given({
    copies,
    sides: call.find('sides'),
    color: call.find('color'),
    media: call.find('media'),
    finishings: wanted,
  });
}

export function optionWords(options: Readonly<Record<string, unknown>>): string {
  return Object.entries(options)
    .map(([key, value]) => `${key} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');
}
