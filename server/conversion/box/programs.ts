/** Which programs of the system are there: each is asked for by its path, never through somebody's PATH. */
import { access, constants } from 'node:fs/promises';

export const PROGRAM_PACKAGES = {
  bwrap: { path: '/usr/bin/bwrap', package: 'bubblewrap' },
  setpriv: { path: '/usr/bin/setpriv', package: 'util-linux' },
  prlimit: { path: '/usr/bin/prlimit', package: 'util-linux' },
  qpdf: { path: '/usr/bin/qpdf', package: 'qpdf' },
  poppler: { path: '/usr/bin/pdftoppm', package: 'poppler-utils' },
  ghostscript: { path: '/usr/bin/gs', package: 'ghostscript' },
  weasyprint: { path: '/usr/bin/weasyprint', package: 'weasyprint' },
  heif: { path: '/usr/bin/heif-convert', package: 'libheif-examples' },
  tnef: { path: '/usr/bin/tnef', package: 'tnef' },
  writer: { path: '/usr/lib/libreoffice/program/libswlo.so', package: 'libreoffice-writer-nogui' },
  calc: { path: '/usr/lib/libreoffice/program/libsclo.so', package: 'libreoffice-calc-nogui' },
  impress: { path: '/usr/lib/libreoffice/program/libsdlo.so', package: 'libreoffice-impress-nogui' },
} as const;

export type Program = keyof typeof PROGRAM_PACKAGES;
export type Programs = ReadonlySet<Program>;

/** Looks at the disk each time: a package that is installed while Platen runs counts at once. */
export async function findPrograms(names = Object.keys(PROGRAM_PACKAGES) as readonly Program[]): Promise<Programs> {
  const found = await Promise.all(
    names.map((name) =>
      access(PROGRAM_PACKAGES[name].path, constants.R_OK).then(
        () => [name],
        () => [],
      ),
    ),
  );
  return new Set(found.flat());
}
