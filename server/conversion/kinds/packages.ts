/** Office documents by what their packages hold: ZIP (OOXML, ODF) and compound files (the formats before 2007). */

export type OfficeFormat =
  | 'application/msword'
  | 'application/vnd.ms-excel'
  | 'application/vnd.ms-powerpoint'
  | 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'
  | 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'
  | 'application/vnd.openxmlformats-officedocument.presentationml.presentation'
  | 'application/vnd.oasis.opendocument.text'
  | 'application/vnd.oasis.opendocument.spreadsheet'
  | 'application/vnd.oasis.opendocument.presentation'
  /** One of these; the beginning alone does not tell which. */
  | 'application/x-ole-storage';

const OOXML = 'application/vnd.openxmlformats-officedocument';
const OOXML_FOLDERS = [
  ['word/', `${OOXML}.wordprocessingml.document`],
  ['xl/', `${OOXML}.spreadsheetml.sheet`],
  ['ppt/', `${OOXML}.presentationml.presentation`],
] as const;
const ODF = ['text', 'spreadsheet', 'presentation'] as const;

const LOCAL_HEADER = Buffer.from('PK\x03\x04', 'latin1');
const CENTRAL_HEADER = Buffer.from('PK\x01\x02', 'latin1');
const MAX_NAMES = 2_000;

/** Tells a ZIP package by the names of its entries and by the entry `mimetype` that OpenDocument puts first. */
export function sniffZip(bytes: Buffer): OfficeFormat | 'encrypted' | 'archive' | 'executable' {
  const odf = findOpenDocument(bytes);
  if (odf !== undefined) return odf;
  const names = namesIn(bytes);
  for (const [folder, format] of OOXML_FOLDERS) if (names.some((name) => name.startsWith(folder))) return format;
  if (names.some((name) => name === 'META-INF/MANIFEST.MF' || name === 'AndroidManifest.xml')) return 'executable';
  const isLocked = bytes.length > 8 && (bytes.readUInt16LE(6) & 1) === 1;
  return isLocked ? 'encrypted' : 'archive';
}

/** OpenDocument 1.2 part 3 section 3.3: the first entry is `mimetype`, stored, so that it can be read at offset 38. */
function findOpenDocument(bytes: Buffer): OfficeFormat | undefined {
  if (bytes.toString('latin1', 30, 38) !== 'mimetype') return undefined;
  const value = bytes.toString('latin1', 38, 120);
  const kind = ODF.find((kind) => value.startsWith(`application/vnd.oasis.opendocument.${kind}`));
  return kind === undefined ? undefined : `application/vnd.oasis.opendocument.${kind}`;
}

function namesIn(bytes: Buffer): string[] {
  const names: string[] = [];
  const collect = (signature: Buffer, lengthAt: number, nameAt: number): void => {
    for (
      let at = bytes.indexOf(signature);
      at >= 0 && names.length < MAX_NAMES;
      at = bytes.indexOf(signature, at + 4)
    ) {
      if (at + nameAt > bytes.length) return;
      const length = bytes.readUInt16LE(at + lengthAt);
      names.push(bytes.toString('latin1', at + nameAt, at + nameAt + Math.min(length, 255)));
    }
  };
  collect(LOCAL_HEADER, 26, 30);
  collect(CENTRAL_HEADER, 28, 46);
  return names;
}

const STREAMS = [
  ['EncryptedPackage', 'encrypted'],
  ['WordDocument', 'application/msword'],
  ['PowerPoint Document', 'application/vnd.ms-powerpoint'],
  ['Workbook', 'application/vnd.ms-excel'],
  ['Book', 'application/vnd.ms-excel'],
  // A message of Outlook, a Windows installer: compound files, and no documents.
  ['__properties_version1.0', 'unsupported'],
  ['\u4840\u3b3f\u43f2\u4438\u45b1', 'executable'],
] as const;

/** Tells a compound file by the names of its streams, which stand in its directory in UTF-16. */
export function sniffCompound(bytes: Buffer): OfficeFormat | 'encrypted' | 'executable' | 'unsupported' {
  for (const [name, found] of STREAMS) {
    if (bytes.includes(Buffer.from(`${name}\0`, 'utf16le'))) return found;
  }
  return 'application/x-ole-storage';
}
