// What the printer says about itself (RFC 8011 section 5.4, PWG 5100.12 and 5100.14), and the job
// template attributes it honours. One table decides both, so it never offers what it refuses.

import { createHash } from 'node:crypto';
import { MULTIPLE_OPERATION_TIMEOUT_MS } from './engine.ts';
import type { FaultBoard } from './faults.ts';
import {
  attributesOf,
  boolean,
  charset,
  collection,
  dateTime,
  enumeration,
  integer,
  keyword,
  language,
  mimeType,
  name,
  noValue,
  range,
  resolution,
  text,
  uri,
} from './values.ts';
import { operationCode, type PrinterState, printerState, valueTag } from './vocabulary.ts';
import type { Attribute, IppValue } from './wire.ts';

export type PrinterView = {
  readonly name: string;
  readonly uris: readonly string[];
  readonly state: PrinterState;
  readonly reasons: readonly string[];
  readonly queuedJobs: number;
  readonly upSeconds: number;
  readonly now: Date;
  readonly faults: FaultBoard;
};
type Table = Record<string, readonly IppValue[]>;

export const MAX_COPIES = 99;
const mediaSizes = [
  { media: 'iso_a4_210x297mm', x: 21_000, y: 29_700 },
  { media: 'iso_a5_148x210mm', x: 14_800, y: 21_000 },
  { media: 'iso_a3_297x420mm', x: 29_700, y: 42_000 },
  { media: 'na_letter_8.5x11in', x: 21_590, y: 27_940 },
  { media: 'na_legal_8.5x14in', x: 21_590, y: 35_560 },
] as const;
const mediaNames = mediaSizes.map(({ media }) => media);
const readyMedia = mediaSizes.slice(0, 1);
const sides = ['one-sided', 'two-sided-long-edge', 'two-sided-short-edge'];
// RFC 8011 section 5.2.6: none, staple. It has no punch.
const finishings = [3, 4];
const colorModes = ['auto', 'color', 'monochrome'];
const margins: Table = {
  'media-bottom-margin': integer(423),
  'media-left-margin': integer(423),
  'media-right-margin': integer(423),
  'media-top-margin': integer(423),
};

export function supportedFormats(faults: FaultBoard): string[] {
  if (faults.has('raster-only')) return ['image/pwg-raster'];
  if (faults.has('pictures-only')) return ['image/jpeg'];
  return ['application/octet-stream', 'application/pdf', 'image/jpeg', 'image/pwg-raster'];
}

export function takesManyDocuments(faults: FaultBoard): boolean {
  return faults.find('pictures-only')?.manyDocuments === true;
}

export function supportsOperation(faults: FaultBoard, operation: string): boolean {
  return !faults.has('no-create-job') || (operation !== 'Create-Job' && operation !== 'Send-Document');
}

const isOneOf =
  (...allowed: readonly (string | number)[]) =>
  ({ value }: IppValue): boolean =>
    allowed.some((each) => each === value);
const isWithin =
  (lower: number, upper: number) =>
  ({ value }: IppValue): boolean =>
    typeof value === 'number' && value >= lower && value <= upper;

type TemplateRule = {
  readonly tags: readonly number[];
  readonly many?: true;
  readonly accepts: (value: IppValue) => boolean;
};

/** The job template attributes that are honoured, with the values each one may have. RFC 8011 section 5.2. */
export const jobTemplate: Readonly<Record<string, TemplateRule>> = {
  copies: { tags: [valueTag.integer], accepts: isWithin(1, MAX_COPIES) },
  finishings: { tags: [valueTag.enum], many: true, accepts: isOneOf(...finishings) },
  'job-priority': { tags: [valueTag.integer], accepts: isWithin(1, 100) },
  'job-sheets': { tags: [valueTag.keyword, valueTag.name], accepts: isOneOf('none') },
  media: { tags: [valueTag.keyword, valueTag.name], accepts: isOneOf(...mediaNames) },
  'media-col': { tags: [valueTag.collection], accepts: () => true },
  'multiple-document-handling': {
    tags: [valueTag.keyword],
    accepts: isOneOf('separate-documents-uncollated-copies', 'separate-documents-collated-copies'),
  },
  'number-up': { tags: [valueTag.integer], accepts: isOneOf(1) },
  'orientation-requested': { tags: [valueTag.enum], accepts: isWithin(3, 6) },
  'output-bin': { tags: [valueTag.keyword], accepts: isOneOf('face-down') },
  'page-ranges': {
    tags: [valueTag.range],
    many: true,
    accepts: ({ value }) =>
      typeof value === 'object' && value !== null && 'lower' in value && value.lower >= 1 && value.upper >= value.lower,
  },
  'print-color-mode': { tags: [valueTag.keyword], accepts: isOneOf(...colorModes) },
  'print-quality': { tags: [valueTag.enum], accepts: isWithin(3, 5) },
  'printer-resolution': { tags: [valueTag.resolution], accepts: () => true },
  sides: { tags: [valueTag.keyword], accepts: isOneOf(...sides) },
};

function mediaSize({ x, y }: { x: number; y: number }): IppValue[] {
  return collection({ 'x-dimension': integer(x), 'y-dimension': integer(y) });
}

function mediaCol(size: { x: number; y: number }): IppValue[] {
  return collection({
    'media-size': mediaSize(size),
    ...margins,
    'media-source': keyword('main'),
    'media-type': keyword('stationery'),
  });
}

function identity(view: PrinterView): Table {
  const digest = createHash('sha256').update(`${view.name} ${view.uris[0]}`).digest('hex');
  const uuid = digest.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
  return {
    'printer-uri-supported': uri(...view.uris),
    'uri-security-supported': keyword(...view.uris.map((each) => (each.startsWith('ipps:') ? 'tls' : 'none'))),
    'uri-authentication-supported': keyword(...view.uris.map(() => 'none')),
    'printer-name': name(view.name),
    'printer-info': text(`Practice printer ${view.name}`.slice(0, 127)),
    'printer-location': text('Practice room'),
    'printer-make-and-model': text('Platen Practice Printer'),
    'printer-device-id': text('MFG:Platen;MDL:Practice Printer;CMD:PDF,JPEG,PWGRaster;'),
    'printer-uuid': uri(`urn:uuid:${uuid}`),
    'printer-more-info': uri((view.uris[0] ?? '').replace(/^ipp(s?):/, 'http$1:').replace(/\/ipp\/print$/, '/')),
    'printer-firmware-name': name('practice'),
    'printer-firmware-string-version': text('1.0'),
  };
}

function condition(view: PrinterView): Table {
  return {
    'printer-state': enumeration(printerState[view.state]),
    'printer-state-reasons': keyword(...view.reasons),
    'printer-state-message': text(view.state === 'stopped' ? view.reasons.join(', ') : ''),
    'printer-is-accepting-jobs': boolean(!view.faults.has('not-accepting')),
    'queued-job-count': integer(view.queuedJobs),
    'printer-up-time': integer(view.upSeconds),
    'printer-current-time': dateTime(view.now),
    'printer-state-change-time': integer(1),
    'media-ready': keyword(...(view.reasons.includes('media-empty-error') ? [] : readyMedia.map(({ media }) => media))),
    ...supplies(view.faults.has('toner-low') ? 4 : 62),
    'media-col-ready': view.reasons.includes('media-empty-error') ? [] : readyMedia.flatMap(mediaCol),
  };
}

// PWG 5100.13: what belongs to one supply stands at the same place of each list.
function supplies(blackLevel: number): Table {
  return {
    'marker-names': name('Black toner', 'Cyan toner', 'Drum', 'Waste toner box'),
    'marker-types': keyword('toner', 'toner', 'opc', 'waste-toner'),
    'marker-colors': name('#000000', '#00FFFF', 'none', 'none'),
    'marker-levels': integer(blackLevel, 88, -3, 40),
    'marker-low-levels': integer(10, 10, 5, 0),
    'marker-high-levels': integer(100, 100, 100, 90),
  };
}

function abilities(faults: FaultBoard): Table {
  const formats = supportedFormats(faults);
  const operations = Object.entries(operationCode).filter(([operation]) => supportsOperation(faults, operation));
  return {
    'charset-configured': charset('utf-8'),
    'charset-supported': charset('utf-8', 'us-ascii'),
    'natural-language-configured': language('en'),
    'generated-natural-language-supported': language('en'),
    'ipp-versions-supported': keyword('1.1', '2.0'),
    'ipp-features-supported': keyword('none'),
    'operations-supported': enumeration(...operations.map(([, code]) => code)),
    'document-format-supported': mimeType(...formats),
    'document-format-default': mimeType(formats[0] ?? 'image/pwg-raster'),
    'compression-supported': keyword('none'),
    'pdl-override-supported': keyword('attempted'),
    'multiple-document-jobs-supported': boolean(takesManyDocuments(faults)),
    'multiple-operation-time-out': integer(MULTIPLE_OPERATION_TIMEOUT_MS / 1_000),
    'multiple-operation-time-out-action': keyword('abort-job'),
    'which-jobs-supported': keyword('completed', 'not-completed', 'all'),
    'identify-actions-default': keyword('sound'),
    'identify-actions-supported': keyword('display', 'sound'),
    'color-supported': boolean(true),
    'pages-per-minute': integer(60),
    'pages-per-minute-color': integer(60),
    'job-impressions-supported': range(1, 100_000),
    'job-k-octets-supported': range(0, 2_097_152),
    'job-creation-attributes-supported': keyword(...Object.keys(jobTemplate), 'ipp-attribute-fidelity', 'job-name'),
    'job-ids-supported': boolean(false),
    'pdf-versions-supported': keyword('iso-32000-1_2008'),
    'pwg-raster-document-resolution-supported': resolution(600),
    'pwg-raster-document-sheet-back': keyword('normal'),
    'pwg-raster-document-type-supported': keyword('srgb_8', 'sgray_8'),
  };
}

function templateDefaults(faults: FaultBoard): Table {
  return {
    'copies-default': integer(1),
    'copies-supported': range(1, MAX_COPIES),
    'finishings-default': enumeration(3),
    'finishings-supported': enumeration(...finishings),
    'job-priority-default': integer(50),
    'job-priority-supported': integer(100),
    'job-sheets-default': keyword('none'),
    'job-sheets-supported': keyword('none'),
    'media-default': keyword('iso_a4_210x297mm'),
    'media-supported': keyword(...mediaNames),
    'media-col-default': mediaCol(mediaSizes[0]),
    'media-col-supported': keyword('media-size', ...Object.keys(margins), 'media-source', 'media-type'),
    'media-size-supported': mediaSizes.flatMap(mediaSize),
    'media-source-supported': keyword('main'),
    'media-type-supported': keyword('stationery'),
    'media-bottom-margin-supported': integer(423),
    'media-left-margin-supported': integer(423),
    'media-right-margin-supported': integer(423),
    'media-top-margin-supported': integer(423),
    'multiple-document-handling-default': keyword('separate-documents-collated-copies'),
    'multiple-document-handling-supported': keyword(
      'separate-documents-uncollated-copies',
      'separate-documents-collated-copies',
    ),
    'number-up-default': integer(1),
    'number-up-supported': integer(1),
    'orientation-requested-default': noValue(),
    'orientation-requested-supported': enumeration(3, 4, 5, 6),
    'output-bin-default': keyword('face-down'),
    'output-bin-supported': keyword('face-down'),
    'page-ranges-supported': boolean(!faults.has('no-page-ranges')),
    'print-color-mode-default': keyword('auto'),
    'print-color-mode-supported': keyword(...colorModes),
    'print-quality-default': enumeration(4),
    'print-quality-supported': enumeration(3, 4, 5),
    'printer-resolution-default': resolution(600),
    'printer-resolution-supported': resolution(600),
    'sides-default': keyword('one-sided'),
    'sides-supported': keyword(...sides),
  };
}

// The attributes of a printer whose firmware is wrong: each breaks one rule of RFC 8011 section 5.1.
const brokenFirmware: Table = {
  'printer-state': keyword('idle'),
  'printer-state-reasons': integer(0),
  'printer-is-accepting-jobs': text('yes'),
  'printer-name': [{ tag: valueTag.name, value: Buffer.from([0xff, 0xfe, 0x00, 0xe9]) }],
  'printer-info': text('x'.repeat(5_000)),
  'copies-supported': text('many'),
  'copies-default': [{ tag: valueTag.integer, value: Buffer.from([0, 0, 1]) }],
  'document-format-supported': [{ tag: valueTag.octetString, value: Buffer.from('application/pdf') }],
  'media-supported': integer(4, -1),
  'media-default': noValue(),
  'media-col-default': keyword('iso_a4_210x297mm'),
  'operations-supported': range(2, 11),
  'page-ranges-supported': [{ tag: valueTag.boolean, value: Buffer.from([7, 7]) }],
  'print-color-mode-supported': [{ tag: 0x2f, value: Buffer.from('??') }],
  'printer-up-time': integer(-5),
  'queued-job-count': integer(2_147_483_647),
  'sides-supported': boolean(true),
};

/** All attributes of the printer, in the order in which they are sent. */
export function describePrinter(view: PrinterView): Attribute[] {
  const isBroken = view.faults.has('wrong-types');
  const table: Table = {
    ...identity(view),
    ...condition(view),
    ...abilities(view.faults),
    ...templateDefaults(view.faults),
    'media-col-database': mediaSizes.flatMap(mediaCol),
    ...(isBroken ? brokenFirmware : {}),
  };
  return attributesOf(table).filter(({ values }) => values.length > 0);
}

function isTemplateAttribute(attributeName: string): boolean {
  const base = attributeName.replace(/-(default|supported|ready|database)$/, '');
  return base !== attributeName && base in jobTemplate;
}

/** Keeps what requested-attributes names; without it all but the long media-col-database. RFC 8011 section 4.2.5.1. */
export function selectPrinterAttributes(all: readonly Attribute[], requested: readonly string[]): Attribute[] {
  const wanted = new Set(requested.length === 0 ? ['all'] : requested);
  return all.filter(({ name: attributeName }) => {
    if (wanted.has(attributeName)) return true;
    if (attributeName === 'media-col-database') return false;
    if (wanted.has('all')) return true;
    return wanted.has(isTemplateAttribute(attributeName) ? 'job-template' : 'printer-description');
  });
}
