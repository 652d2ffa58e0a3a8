import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findDrawing, findTaken } from './drawing.ts';
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

test('a printer of Apple raster tells in words how pages are drawn for it', () => {
  const drawingOf = (urf: string[], more: Partial<PrinterCapabilities> = {}) =>
    findDrawing(jpegOnly({ formats: ['image/urf', 'image/jpeg'], urf, ...more })) ?? assert.fail('no drawing');
  const common = ['CP99', 'IS1-4-5-7', 'MT1-2-3', 'V1.4'];
  const drawing = drawingOf([...common, 'SRGB24', 'W8', 'DM3', 'RS200-300-600']);
  assert.deepEqual(drawing, {
    ...{ format: 'image/urf', dpi: { x: 300, y: 300 }, coarser: square(200), isColor: true, takesGray: true },
    ...{ sheetBack: 'rotated', pages: 'file' },
  });
  const gray = drawingOf([...common, 'W8', 'RS600']);
  assert.deepEqual([gray.dpi, gray.isColor, gray.takesGray, gray.sheetBack], [...square(600), false, true, 'normal']);
  assert.equal(drawingOf(['SRGB24', 'RS600', 'DM2']).sheetBack, 'flipped');
  assert.deepEqual(drawingOf(['RS1', 'RSx', 'RS99999']).dpi, { x: 300, y: 300 }, 'nonsense tells nothing');
  assert.equal(
    drawingOf(['RS300'], { raster: { resolutions: square(300), types: [], sheetBack: null } }).format,
    'image/urf',
  );
  assert.equal(findDrawing(jpegOnly({ formats: ['image/urf'] })), undefined, 'one that has not told how');
});

test('a printer that takes pages in color alone gets no gray ones', () => {
  const raster = (types: string[]) => ({ resolutions: square(300), types, sheetBack: null });
  const drawingOf = (types: string[]) =>
    findDrawing(jpegOnly({ formats: ['image/pwg-raster'], raster: raster(types) })) ?? assert.fail('no drawing');
  assert.deepEqual([drawingOf(['srgb_8']).isColor, drawingOf(['srgb_8']).takesGray], [true, false]);
  assert.deepEqual([drawingOf(['sgray_8']).isColor, drawingOf(['sgray_8']).takesGray], [false, true]);
});

test('what a printer gets is the document, or pages together or alone, or nothing', () => {
  const takenOf = (formats: string[], more: Partial<PrinterCapabilities> = {}) =>
    findTaken(jpegOnly({ formats, ...more }));
  assert.equal(takenOf(['image/urf', 'application/pdf']), 'document');
  assert.equal(takenOf(['image/urf', 'image/jpeg'], { urf: ['RS300', 'W8'] }), 'pages');
  assert.equal(takenOf(['image/jpeg'], { documentHandlings: [] }), 'pages');
  assert.equal(takenOf(['image/jpeg']), 'single-pages');
  assert.equal(takenOf(['application/postscript', 'image/urf']), 'nothing');
});
