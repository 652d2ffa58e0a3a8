/** What every chapter of the guide has at hand: a Platen before its first run, a window, a camera, and words. */
import type { Locator, Page } from 'playwright-core';
import { type Language, textFor } from '../../../locales/locales.ts';
import { startAnnouncer } from '../../../simulator/discovery/announce.ts';
import { type Browser, openBrowser, type Window, type WindowOptions } from '../../harness/browser.ts';
import { openStage, type Row, type Stage } from '../../harness/stage.ts';
import { Camera } from './camera.ts';

// High enough for every dialog.
const SIZE = { width: 1100, height: 960 };
const WALK_PATIENCE_MS = 90_000;
const PHONE = { width: 390, height: 800 };

export const BOSS = {
  name: 'Marta Bianchi',
  email: 'admin@practice.example',
  password: 'seven quiet harbour lanterns',
};
export const ANNA = { name: 'Anna Rossi', email: 'anna@practice.example', password: 'nine patient copper kettles' };

/** The things of the example have names in the language of their reader. */
const NAMES = {
  en: { printer: 'Second floor', queue: 'All printers', mailbox: 'Print by e-mail', copier: 'Copier second floor' },
  it: {
    printer: 'Secondo piano',
    queue: 'Tutte le stampanti',
    mailbox: 'Stampa via e-mail',
    copier: 'Copiatrice secondo piano',
  },
} as const;
const DOCUMENTS = {
  en: { subject: 'Shift plan for December', file: 'shift-plan.pdf' },
  it: { subject: 'Turni di dicembre', file: 'turni-dicembre.pdf' },
} as const;

export type Scene = AsyncDisposable & {
  readonly language: Language;
  readonly stage: Stage;
  /** The administrator's. */
  readonly window: Window;
  readonly page: Page;
  readonly camera: Camera;
  readonly names: (typeof NAMES)[Language];
  readonly document: (typeof DOCUMENTS)[Language];
  /** A text of the screens, by its key. */
  t(key: string, values?: Readonly<Record<string, string | number>>): string;
  /** The part of the page below a heading. */
  below(heading: string): Locator;
  /** The title of the page that was opened is there. */
  open(path: string, titleKey: string): Promise<void>;
  /** A window of somebody else. */
  other(options?: Pick<WindowOptions, 'as'> & { readonly isPhone?: boolean }): Promise<Window>;
  list(path: string): Promise<Row[]>;
};

export async function openScene(language: Language, folder: string): Promise<Scene> {
  await using undo = new AsyncDisposableStack();
  const announcer = await startAnnouncer();
  undo.defer(() => announcer.close());
  const env = { PLATEN_DISCOVERY: `${announcer.host}:${announcer.port}` };
  const stage = undo.use(await openStage({ database: 'external', until: 'started', env }));
  const text = { ty: 'Platen Practice Printer', rp: new URL(stage.peers.printerUri).pathname.slice(1) };
  announcer.announce([{ name: NAMES[language].printer, port: Number(new URL(stage.peers.printerUri).port), text }]);
  const browser: Browser = undo.use(await openBrowser());
  const window = undo.use(await browser.open(stage, { language, ...SIZE }));
  // Longer than elsewhere: a walk of this length meets every busy moment of the machine.
  window.context.setDefaultTimeout(WALK_PATIENCE_MS);
  const t: Scene['t'] = (key, values = {}) => textFor(language, `web.${key}`, values);
  const opened = undo.move();
  return {
    language,
    stage,
    window,
    page: window.page,
    camera: new Camera(language, folder),
    names: NAMES[language],
    document: DOCUMENTS[language],
    t,
    below: (heading) =>
      window.page
        .locator('.card, section')
        .filter({ has: window.page.getByRole('heading', { name: heading }) })
        .last(),
    async open(path, titleKey) {
      await window.go(path);
      await window.page.getByRole('heading', { level: 1, name: t(titleKey) }).waitFor();
    },
    other: ({ isPhone = false, ...who } = {}) => browser.open(stage, { language, ...(isPhone ? PHONE : SIZE), ...who }),
    list: async (path) => (await stage.api('GET', path)).items as Row[],
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
