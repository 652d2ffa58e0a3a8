import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findDrawing } from './drawing.ts';
import type { PrinterCapabilities } from './printer.ts';

const IN_STEPS = [5, 6];
const jpegOnly = (more: Partial<PrinterCapabilities>): PrinterCapabilities => ({
  ...{ version: '2.0', model: null, location: null, operations: IN_STEPS, formats: ['image/jpeg'] },
  media: { supported: [], ready: [], default: 'iso_a4_210x297mm' },
  ...{ sides: [], colorModes: [], isColor: true, copies: null, takesPageRanges: false },
  ...more,
});
const square = (...dpi: number[]) => dpi.map((each) => ({ x: each, y: each }));

test('pages are drawn at the resolution of the printer that is nearest to 300 dots per inch', () => {
  const dpiOf = (...dpi: number[]) => findDrawing(jpegOnly({ resolutions: square(...dpi) }))?.dpi;
  assert.deepEqual(dpiOf(150, 600, 1200), { x: 150, y: 150 });
  assert.deepEqual(dpiOf(600, 1200), { x: 600, y: 600 });
  assert.deepEqual(dpiOf(1200, 2400), { x: 720, y: 720 }, 'no finer than what can be worked on');
  assert.deepEqual(dpiOf(), { x: 300, y: 300 }, 'a printer that does not tell');
  const uneven = findDrawing(jpegOnly({ resolutions: [{ x: 600, y: 300 }] }));
  assert.deepEqual(uneven?.dpi, { x: 300, y: 300 }, 'a picture has square dots');
});

test('pictures are no larger than the printer takes, on the paper of the document', () => {
  const bounded = jpegOnly({ jpeg: { x: 1_654, y: 10_000, kOctets: 2_048 } });
  assert.deepEqual(findDrawing(bounded)?.dpi, { x: 200, y: 200 });
  assert.deepEqual(findDrawing(bounded, 'iso_a3_297x420mm')?.dpi, { x: 141, y: 141 });
  assert.deepEqual(findDrawing(bounded, 'na_letter_8.5x11in')?.dpi, { x: 194, y: 194 });
  assert.deepEqual(findDrawing(bounded, 'nonsense_0x0mm')?.dpi, { x: 200, y: 200 });
  assert.equal(findDrawing(bounded)?.maxBytes, 2_048 * 1024);
  const tiny = jpegOnly({ jpeg: { x: 1, y: 1 } });
  assert.deepEqual(findDrawing(tiny)?.dpi, { x: 72, y: 72 });
});

test('pages go together where the printer takes several documents, and apart where it does not', () => {
  const wayOf = (more: Partial<PrinterCapabilities>) => {
    const { pages, handling } = findDrawing(jpegOnly(more)) ?? {};
    return [pages, handling];
  };
  const collated = 'separate-documents-collated-copies';
  assert.deepEqual(wayOf({}), ['jobs', undefined]);
  assert.deepEqual(wayOf({ documentHandlings: [] }), ['documents', undefined]);
  assert.deepEqual(wayOf({ documentHandlings: [collated, 'single-document'] }), ['documents', 'single-document']);
  assert.deepEqual(wayOf({ documentHandlings: [collated], operations: [2] }), ['jobs', undefined]);
});

test('a printer that takes pages in color alone gets no gray ones', () => {
  const raster = (types: string[]) => ({ resolutions: square(300), types, sheetBack: null });
  const drawingOf = (types: string[]) =>
    findDrawing(jpegOnly({ formats: ['image/pwg-raster'], raster: raster(types) })) ?? assert.fail('no drawing');
  assert.deepEqual([drawingOf(['srgb_8']).isColor, drawingOf(['srgb_8']).takesGray], [true, false]);
  assert.deepEqual([drawingOf(['sgray_8']).isColor, drawingOf(['sgray_8']).takesGray], [false, true]);
});
