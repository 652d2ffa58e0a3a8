/**
 * How a document of each kind becomes a PDF: programs that are needed, and the lines that run in the box.
 *
 * Every way ends in `FINISH`, which writes the PDF anew, so that nothing but pages is left of what came: no actions, no
 * scripts, no attachments, no bytes before its beginning. The statuses 10 to 29 are ours; `reasons.ts` says what they mean.
 */
import type { Work } from './box/box.ts';
import type { Program, Programs } from './box/programs.ts';
import type { DocumentFormat } from './kinds/sniff.ts';
import { conversionLimits } from './limits.ts';

export const STATUS = {
  encrypted: 10,
  corrupt: 11,
  tooLarge: 20,
  tooManyPages: 21,
  unreadable: 22,
  nothingMade: 23,
} as const;

/** Documents that take a moment never wait for those that may take a minute. */
export type Lane = 'quick' | 'slow';

export type Recipe = {
  readonly lane: Lane;
  readonly needs: readonly Program[];
  /** Could read other files or reach the network if the program was deceived: only behind walls. */
  readonly needsWalls: boolean;
  readonly work: Work;
};

const PDF_PROGRAMS = ['qpdf', 'poppler'] as const satisfies readonly Program[];

const ACTIVE =
  '/(JavaScript|JS|Launch|OpenAction|AA|EmbeddedFiles?|RichMedia|Movie|Sound|Rendition|SubmitForm|ImportData|GoToR|GoToE|XFA|OCG|OCMD)([^A-Za-z0-9]|$)';

// A program that was ended for what it used says so by its status, and is not tried again; so that goes before any reason
// of ours. Only the pages are taken over. Where they still carry actions or layers, they are drawn anew, as they would be printed.
// Only the text outside of streams counts: what the compressed bytes of an image happen to spell means nothing, but where
// they spell none of it either, nothing has to be cut out first. QPDF writes each stream between the two lines that are
// looked for, and never a line break inside a string or a name.
const FINISH = `killed() {
  status=$?
  [ $status -gt 128 ] && exit $status
  [ $1 -eq 0 ] || exit $1
}
is_active() {
  grep -aqE '${ACTIVE}' "$OUT/document.pdf" &&
    sed -e '/^stream$/,/endstream$/d' "$OUT/document.pdf" | grep -aqE '${ACTIVE}'
}
tell() { pdfinfo -f 1 -l ${conversionLimits.pages} "$OUT/document.pdf"; }
redraw() { pdftocairo -pdf "$1" "$OUT/document.pdf" && info=$(tell); }
finish() {
  qpdf --empty --pages "$1" 1-z -- --object-streams=disable --deterministic-id --generate-appearances \
    --flatten-annotations=print --no-warn "$OUT/document.pdf"
  status=$?
  case $status in 137 | 152 | 153) return $status ;; esac
  if [ $status -ne 0 ] && [ $status -ne 3 ]; then
    qpdf --requires-password "$1"; [ $? -eq 0 ] && return ${STATUS.encrypted}
    # Locked for the holders of certificates (ISO 32000-1 section 7.6.4).
    grep -aqE '/Filter */Adobe\\.PubSec' "$1" && return ${STATUS.encrypted}
    redraw "$1" || return ${STATUS.corrupt}
  else
    is_active & looking=$!
    info=$(tell); told=$?
    wait $looking
    if [ $? -ne 1 ]; then redraw "$1" || return ${STATUS.corrupt}
    elif [ $told -ne 0 ]; then return ${STATUS.corrupt}
    fi
  fi
  printf 'PDFINFO\n%s\n' "$info"
}
export LC_ALL=C.UTF-8
`;

const made = `[ -s "$OUT/made.pdf" ] || exit ${STATUS.nothingMade}\nfinish "$OUT/made.pdf"`;

const PDF: Recipe = {
  lane: 'quick',
  needs: PDF_PROGRAMS,
  needsWalls: false,
  work: { script: `${FINISH}finish "$IN"` },
};

function image(kind: string, needs: readonly Program[] = []): Recipe {
  const { pixels, pages } = conversionLimits;
  return {
    lane: 'quick',
    needs: [...PDF_PROGRAMS, ...needs],
    needsWalls: false,
    work: {
      needsNode: true,
      script: `${FINISH}"$NODE" --max-old-space-size=512 "$INSIDE/image.ts" "$IN" "$OUT" "$HOME" ${kind} ${pixels} ${pages} || exit $?\n${made}`,
    },
  };
}

function page(kind: 'text' | 'page' | 'drawing', charset: string): Recipe {
  return {
    lane: 'slow',
    needs: [...PDF_PROGRAMS, 'weasyprint'],
    // A text names nothing that could be fetched.
    needsWalls: kind !== 'text',
    work: {
      script: `${FINISH}/usr/bin/python3 "$INSIDE/page.py" ${kind} "$CHARSET" || killed ${STATUS.unreadable}\n${made}`,
      variables: { CHARSET: charset },
    },
  };
}

// The profile is new for each document, and as if LibreOffice had set it up already: setting it up is most of what a start
// costs. The number of its build belongs to that, or it clears away what it knows and starts a second time.
// Macros do not run in documents that nobody trusts.
const OFFICE = `${FINISH}profile="$HOME/profile"
mkdir -p "$profile/user/extensions"
cp "$INSIDE/office.xcu" "$profile/user/registrymodifications.xcu"
sed -n 's/^buildid=//p' /usr/lib/libreoffice/program/versionrc >"$profile/user/extensions/buildid"
/usr/bin/soffice "-env:UserInstallation=file://$profile" --headless --norestore --nologo \
  --nolockcheck --nodefault --convert-to pdf --outdir "$OUT" "$IN" || killed 0
for pdf in "$OUT"/*.pdf; do [ -s "$pdf" ] && mv "$pdf" "$OUT/made.pdf"; done
${made}`;

function office(program: Program): Recipe {
  return { lane: 'slow', needs: [...PDF_PROGRAMS, program], needsWalls: true, work: { script: OFFICE } };
}

const OOXML = 'application/vnd.openxmlformats-officedocument';
const ODF = 'application/vnd.oasis.opendocument';

/** The recipe for a format, and the ending under which its programs know it. */
export function recipeFor(format: DocumentFormat, charset = 'utf-8'): { recipe: Recipe; ending: string } {
  switch (format) {
    case 'application/pdf':
      return { recipe: PDF, ending: 'pdf' };
    case 'image/jpeg':
    case 'image/png':
    case 'image/webp':
    case 'image/gif':
    case 'image/tiff':
    case 'image/avif': {
      const kind = format.slice('image/'.length);
      return { recipe: image(kind), ending: kind };
    }
    case 'image/heic':
      return { recipe: image('heic', ['heif']), ending: 'heic' };
    case 'image/svg+xml':
      return { recipe: page('drawing', charset), ending: 'svg' };
    case 'text/plain':
      return { recipe: page('text', charset), ending: 'txt' };
    case 'text/html':
      return { recipe: page('page', charset), ending: 'html' };
    case 'application/rtf':
      return { recipe: office('writer'), ending: 'rtf' };
    case 'application/msword':
      return { recipe: office('writer'), ending: 'doc' };
    case `${OOXML}.wordprocessingml.document`:
      return { recipe: office('writer'), ending: 'docx' };
    case `${ODF}.text`:
      return { recipe: office('writer'), ending: 'odt' };
    case 'application/vnd.ms-excel':
      return { recipe: office('calc'), ending: 'xls' };
    case `${OOXML}.spreadsheetml.sheet`:
      return { recipe: office('calc'), ending: 'xlsx' };
    case `${ODF}.spreadsheet`:
      return { recipe: office('calc'), ending: 'ods' };
    case 'application/vnd.ms-powerpoint':
      return { recipe: office('impress'), ending: 'ppt' };
    case `${OOXML}.presentationml.presentation`:
      return { recipe: office('impress'), ending: 'pptx' };
    case `${ODF}.presentation`:
      return { recipe: office('impress'), ending: 'odp' };
    case 'application/x-ole-storage':
      return { recipe: office('writer'), ending: 'doc' };
  }
}

/** The programs that a recipe wants and that are not installed. */
export function missingFor(recipe: Recipe, programs: Programs): Program[] {
  return [...recipe.needs, 'setpriv' as const, 'prlimit' as const].filter((name) => !programs.has(name));
}
