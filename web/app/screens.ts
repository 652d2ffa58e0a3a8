/** Every screen of the interface, listed by hand: what is not here has no address. Each is loaded when it is opened. */

import { aboutScreens } from '../about/screens.ts';
import { accountScreens } from '../account/screens.ts';
import { connectionsScreens } from '../connections/screens.ts';
import { findScreens } from '../find/screens.ts';
import { firstRunScreens } from '../first-run/screens.ts';
import { handOverScreens } from '../hand-over/screens.ts';
import { intakeScreens } from '../intake/screens.ts';
import { jobsScreens } from '../jobs/screens.ts';
import { journalScreens } from '../journal/screens.ts';
import { linksScreens } from '../links/screens.ts';
import { messagesScreens } from '../messages/screens.ts';
import { networkScreens } from '../network/screens.ts';
import { noticesScreens } from '../notices/screens.ts';
import { outboxScreens } from '../outbox/screens.ts';
import { overviewScreens } from '../overview/screens.ts';
import { printersScreens } from '../printers/screens.ts';
import { queuesScreens } from '../queues/screens.ts';
import { readinessScreens } from '../readiness/screens.ts';
import { relayScreens } from '../relay/screens.ts';
import { releaseScreens } from '../release/screens.ts';
import { usersScreens } from '../users/screens.ts';
import type { Screen } from './screen.ts';

export const screens: readonly Screen[] = [
  {
    path: '/sessions/new',
    title: 'signIn.title',
    least: 'public',
    frame: 'bare',
    load: () => import('../frame/sign-in-page.tsx'),
  },
  ...firstRunScreens,
  ...overviewScreens,
  ...jobsScreens,
  ...linksScreens,
  ...handOverScreens,
  ...releaseScreens,
  ...connectionsScreens,
  ...readinessScreens,
  ...printersScreens,
  ...queuesScreens,
  ...usersScreens,
  ...findScreens,
  ...messagesScreens,
  ...networkScreens,
  ...intakeScreens,
  ...relayScreens,
  ...outboxScreens,
  ...noticesScreens,
  ...journalScreens,
  ...aboutScreens,
  ...accountScreens,
];
