/**
 * Looking for printers that announce themselves on the networks of this machine. Nothing is kept and no printer is
 * connected to: an address that somebody chooses is asked and added as one that was typed.
 */
import { PlatenError } from '../../base/errors.ts';
import { type Browsed, BrowseError, browse } from '../../protocols/dns-sd/browse.ts';
import type { Context } from '../../store/database.ts';
import { selectPrinterUris } from '../rows.ts';
import { type FoundPrinter, findPrintersIn, IPP_SERVICE, IPPS_SERVICE } from './found.ts';

export type { FoundPrinter } from './found.ts';

export type Discovery = {
  readonly items: readonly FoundPrinter[];
  /** Which networks were looked at, as addresses of this machine: what is elsewhere cannot be found. */
  readonly networks: readonly string[];
  /** There were more than are shown. */
  readonly isCut: boolean;
};

/** The search that is under way, kept per process beside its settings: whoever asks meanwhile shares it. */
const searches = new WeakMap<Context['settings'], Promise<Browsed>>();

/** Looks for printers for three seconds. Throws `discovery-off` and `discovery-failed`. */
export async function discoverPrinters(context: Context): Promise<Discovery> {
  const target = context.settings.discovery;
  if (target === undefined) throw new PlatenError('discovery-off', 'PLATEN_DISCOVERY is off');
  const { announcements, networks, isCut, dropped } = await search(context, target);
  if (dropped > 0) context.log.debug({ dropped }, 'packets on the network were no announcements');
  const found = findPrintersIn(announcements, {
    addedUris: await selectPrinterUris(context),
    allowsLoopback: target.address.startsWith('127.'),
  });
  return { items: found.items, networks, isCut: isCut || found.isCut };
}

async function search(context: Context, target: NonNullable<Context['settings']['discovery']>): Promise<Browsed> {
  const { settings, clock } = context;
  const underWay = searches.get(settings);
  if (underWay !== undefined) return await underWay;
  const started = browse([IPPS_SERVICE, IPP_SERVICE], { target, pause: (ms) => clock.sleep(ms) })
    .catch((error: unknown) => {
      if (!(error instanceof BrowseError)) throw error;
      throw new PlatenError('discovery-failed', error.message, { cause: error });
    })
    .finally(() => searches.delete(settings));
  searches.set(settings, started);
  return await started;
}
