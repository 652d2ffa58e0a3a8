/** What a file of tests in the browser stands on: a stage and a Chromium, there before its first test and gone after its last. */
import { after, before } from 'node:test';
import { type Browser, openBrowser, type Window, type WindowOptions } from './browser.ts';
import { openStage, type Stage, type StageOptions } from './stage.ts';

export type Web = {
  readonly stage: Stage;
  readonly browser: Browser;
  /** Opens a window on the stage. */
  open(options?: WindowOptions): Promise<Window>;
};

/** Called once outside of all tests of a file. What it answers can be read inside of them. */
export function openWeb(options: StageOptions = {}): Web {
  let opened: { readonly stage: Stage; readonly browser: Browser } | undefined;
  const get = () => {
    if (opened === undefined) throw new Error('the stage is there inside of tests alone');
    return opened;
  };
  const parts = new AsyncDisposableStack();
  before(async () => {
    const stage = parts.use(await openStage({ database: 'external', ...options }));
    opened = { stage, browser: parts.use(await openBrowser()) };
  });
  after(() => parts.disposeAsync());
  return {
    get stage() {
      return get().stage;
    },
    get browser() {
      return get().browser;
    },
    open: (window) => get().browser.open(get().stage, window),
  };
}
