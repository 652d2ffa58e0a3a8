import assert from 'node:assert/strict';
import { test } from 'node:test';
import { enumeration, integer, keyword, name, range } from '../protocols/ipp/message.ts';
import type { PrinterCapabilities, PrintOptions } from './printer.ts';
import { makeTicket } from './ticket.ts';

const office: PrinterCapabilities = {
  version: '2.0',
  model: null,
  location: null,
  operations: [],
  formats: ['application/pdf'],
  media: { supported: ['iso_a4_210x297mm', 'Letterhead, blue'], ready: [], default: null },
  sides: ['one-sided', 'two-sided-long-edge'],
  colorModes: ['auto', 'monochrome'],
  isColor: true,
  copies: { min: 1, max: 99 },
  takesPageRanges: true,
};
const plain: PrinterCapabilities = {
  ...office,
  media: { supported: [], ready: [], default: null },
  sides: [],
  colorModes: [],
  isColor: false,
  copies: null,
  takesPageRanges: false,
};
const ticketOf = (capabilities: PrinterCapabilities | null, options: PrintOptions) => {
  const { template, ignored } = makeTicket(capabilities, options);
  return { template: Object.fromEntries(template), ignored };
};

test('what the printer supports is asked of it in the words of RFC 8011', () => {
  const options: PrintOptions = {
    copies: 3,
    sides: 'two-sided-long-edge',
    color: 'monochrome',
    media: 'iso_a4_210x297mm',
    pageRanges: [{ from: 2, to: 3 }],
  };
  assert.deepEqual(ticketOf(office, options), {
    template: {
      copies: [integer(3)],
      sides: [keyword('two-sided-long-edge')],
      'print-color-mode': [keyword('monochrome')],
      media: [keyword('iso_a4_210x297mm')],
      'page-ranges': [range(2, 3)],
    },
    ignored: [],
  });
});

test('what the printer cannot do is not asked of it, and is named', () => {
  const options: PrintOptions = {
    copies: 2,
    sides: 'two-sided-short-edge',
    color: 'color',
    media: 'na_letter_8.5x11in',
    pageRanges: [{ from: 1, to: 1 }],
  };
  const all = ['copies', 'sides', 'print-color-mode', 'media', 'page-ranges'];
  assert.deepEqual(ticketOf(plain, options), { template: {}, ignored: all });
  assert.deepEqual(ticketOf(null, options), { template: {}, ignored: all });
});

test('what a plain printer does anyway is neither asked nor missed', () => {
  const options: PrintOptions = { copies: 1, sides: 'one-sided', color: 'monochrome' };
  assert.deepEqual(ticketOf(plain, options), { template: {}, ignored: [] });
});

test('copies are asked up to the limit of the printer and not past it', () => {
  assert.deepEqual(ticketOf(office, { copies: 99 }).template, { copies: [integer(99)] });
  assert.deepEqual(ticketOf(office, { copies: 100 }).ignored, ['copies']);
});

test('color at a color printer without a word for it becomes its automatic choice', () => {
  assert.deepEqual(ticketOf(office, { color: 'color' }).template['print-color-mode'], [keyword('auto')]);
});

test('a medium with a name of the site is sent as a name', () => {
  assert.deepEqual(ticketOf(office, { media: 'Letterhead, blue' }).template.media, [name('Letterhead, blue')]);
});

test('page ranges ascend and do not overlap', () => {
  const pageRanges = [
    { from: 7, to: 9 },
    { from: 1, to: 2 },
    { from: 2, to: 4 },
    { from: 5, to: 5 },
  ];
  assert.deepEqual(ticketOf(office, { pageRanges }).template['page-ranges'], [range(1, 5), range(7, 9)]);
});

test('staples and holes are asked where the printer has them, with its own word for the usual place', () => {
  const finisher = { ...office, finishings: [3, 20, 28, 74] };
  const wishes = (capabilities: PrinterCapabilities, ...finishings: ('staple' | 'punch')[]) => {
    const { template, ignored } = ticketOf(capabilities, { finishings });
    return { finishings: template.finishings, ignored };
  };
  assert.deepEqual(wishes(finisher, 'staple', 'punch'), {
    finishings: [enumeration(20), enumeration(74)],
    ignored: [],
  });
  assert.deepEqual(wishes(finisher).finishings, [enumeration(3)]);
  const stapler = { ...office, finishings: [3, 4] };
  assert.deepEqual(wishes(stapler, 'staple', 'punch'), { finishings: [enumeration(4)], ignored: ['finishings'] });
  assert.deepEqual(wishes(office, 'punch', 'staple'), { finishings: undefined, ignored: ['finishings'] });
  assert.deepEqual(wishes(office), { finishings: undefined, ignored: [] });
});
