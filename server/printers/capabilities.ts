/** From the attributes of a printer to what Platen believes of it. */
import {
  findBoolean,
  findInteger,
  findIntegers,
  findKeywords,
  findKeywordsOrNames,
  findMediaTypes,
  findRange,
  findResolutions,
  findText,
} from '../protocols/ipp/attributes.ts';
import type { IppAttributes } from '../protocols/ipp/message.ts';
import { findPrinterState, type PrinterStateWord } from '../protocols/ipp/states.ts';
import { MAX_LISTED, MAX_REASONS } from './limits.ts';
import type { PrinterCapabilities } from './printer.ts';
import { readSupplies, SUPPLY_ATTRIBUTES, type Supply } from './supplies/supplies.ts';

const MAX_COPIES = 9_999;
/** PWG 5100.1: the last of the values that are registered, and room for more. */
const MAX_FINISHING = 0xffff;
const MAX_OPERATION = 0x7fff;

export const STATE_ATTRIBUTES = [
  'printer-state',
  'printer-state-reasons',
  'printer-state-message',
  ...SUPPLY_ATTRIBUTES,
] as const;
export const CAPABILITY_ATTRIBUTES = [
  'ipp-versions-supported',
  'printer-make-and-model',
  'printer-location',
  'operations-supported',
  'document-format-supported',
  'media-supported',
  'media-ready',
  'media-default',
  'sides-supported',
  'print-color-mode-supported',
  'color-supported',
  'copies-supported',
  'page-ranges-supported',
  'finishings-supported',
  'pwg-raster-document-resolution-supported',
  'pwg-raster-document-type-supported',
  'pwg-raster-document-sheet-back',
  'urf-supported',
  'printer-resolution-supported',
  'jpeg-x-dimension-supported',
  'jpeg-y-dimension-supported',
  'jpeg-k-octets-supported',
  'multiple-document-jobs-supported',
  'multiple-document-handling-supported',
] as const;

export type ReadState = {
  readonly state: PrinterStateWord;
  readonly reasons: readonly string[];
  readonly message: string | null;
  readonly supplies: readonly Supply[];
};

/** Reads state and reasons; `undefined` when the printer gives no valid printer-state, which RFC 8011 requires. */
export function readState(attributes: IppAttributes): ReadState | undefined {
  const number = findInteger(attributes, 'printer-state', { min: 3, max: 5 });
  const state = number === undefined ? undefined : findPrinterState(number);
  if (state === undefined) return undefined;
  const reasons = findKeywords(attributes, 'printer-state-reasons').filter((reason) => reason !== 'none');
  return {
    state,
    reasons: reasons.slice(0, MAX_REASONS),
    message: findText(attributes, 'printer-state-message') ?? null,
    supplies: readSupplies(attributes),
  };
}

/** Reads what the printer can do. What is missing or wrong reads as "not supported". */
export function readCapabilities(attributes: IppAttributes, version: '2.0' | '1.1'): PrinterCapabilities {
  const copies = findRange(attributes, 'copies-supported', { min: 1, max: 2 ** 31 - 1 });
  return {
    version,
    model: findText(attributes, 'printer-make-and-model') ?? null,
    location: findText(attributes, 'printer-location') ?? null,
    operations: findIntegers(attributes, 'operations-supported', { min: 1, max: MAX_OPERATION }).slice(0, MAX_LISTED),
    formats: findMediaTypes(attributes, 'document-format-supported').slice(0, MAX_LISTED),
    media: {
      supported: findKeywordsOrNames(attributes, 'media-supported').slice(0, MAX_LISTED),
      ready: findKeywordsOrNames(attributes, 'media-ready').slice(0, MAX_LISTED),
      default: findKeywordsOrNames(attributes, 'media-default')[0] ?? null,
    },
    sides: findKeywords(attributes, 'sides-supported').slice(0, MAX_LISTED),
    colorModes: findKeywords(attributes, 'print-color-mode-supported').slice(0, MAX_LISTED),
    isColor: findBoolean(attributes, 'color-supported') ?? null,
    copies: copies ? { min: copies.lower, max: Math.min(copies.upper, MAX_COPIES) } : null,
    takesPageRanges: findBoolean(attributes, 'page-ranges-supported') ?? false,
    finishings: findIntegers(attributes, 'finishings-supported', { min: 3, max: MAX_FINISHING }).slice(0, MAX_LISTED),
    ...readRaster(attributes),
    ...readAppleRaster(attributes),
    ...readPictures(attributes),
  };
}

/** PWG 5102.4 section 5: only printers that take PWG Raster tell this. */
function readRaster(attributes: IppAttributes): Pick<PrinterCapabilities, 'raster'> {
  const resolutions = findResolutions(attributes, 'pwg-raster-document-resolution-supported').slice(0, MAX_LISTED);
  const types = findKeywords(attributes, 'pwg-raster-document-type-supported').slice(0, MAX_LISTED);
  const sheetBack = findKeywords(attributes, 'pwg-raster-document-sheet-back')[0] ?? null;
  return resolutions.length === 0 ? {} : { raster: { resolutions, types, sheetBack } };
}

/** Only printers that take Apple raster tell this: words such as RS300-600, SRGB24, W8, DM1. */
function readAppleRaster(attributes: IppAttributes): Pick<PrinterCapabilities, 'urf'> {
  const urf = findKeywords(attributes, 'urf-supported').slice(0, MAX_LISTED);
  return urf.length === 0 ? {} : { urf };
}

/** RFC 8011 sections 5.4.16 and 5.4.17, PWG 5100.13 section 6.6: what pages as pictures have to be like. */
function readPictures(
  attributes: IppAttributes,
): Pick<PrinterCapabilities, 'resolutions' | 'jpeg' | 'documentHandlings'> {
  const resolutions = findResolutions(attributes, 'printer-resolution-supported').slice(0, MAX_LISTED);
  const most = (attribute: string): number | undefined => {
    const upper = findRange(attributes, attribute, { min: 0, max: 2 ** 31 - 1 })?.upper;
    return upper === 0 ? undefined : upper;
  };
  const bounds = Object.entries({
    x: most('jpeg-x-dimension-supported'),
    y: most('jpeg-y-dimension-supported'),
    kOctets: most('jpeg-k-octets-supported'),
  }).filter(([, bound]) => bound !== undefined);
  const takesSeveral = findBoolean(attributes, 'multiple-document-jobs-supported') === true;
  const handlings = findKeywords(attributes, 'multiple-document-handling-supported').slice(0, MAX_LISTED);
  return {
    ...(resolutions.length === 0 ? {} : { resolutions }),
    ...(bounds.length === 0 ? {} : { jpeg: Object.fromEntries(bounds) }),
    ...(takesSeveral ? { documentHandlings: handlings } : {}),
  };
}

/** Chooses 2.0 where the printer offers it or says nothing. */
export function chooseVersion(attributes: IppAttributes): '2.0' | '1.1' {
  const versions = findKeywords(attributes, 'ipp-versions-supported');
  return versions.length === 0 || versions.some((version) => version.startsWith('2.')) ? '2.0' : '1.1';
}
