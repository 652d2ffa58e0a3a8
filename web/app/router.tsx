/** The addresses of the interface, made from the list of screens; each page checks who may open it. */

import { useQuery } from '@tanstack/react-query';
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  useRouterState,
} from '@tanstack/react-router';
import type { ComponentType } from 'react';
import { NoPage, NoPermission } from '../frame/refused.tsx';
import { BareFrame, Shell } from '../frame/shell.tsx';
import { SignInPage } from '../frame/sign-in.tsx';
import { Failed, Loading } from '../ui/content.tsx';
import type { Screen } from './screen.ts';
import { screens } from './screens.ts';
import { sessionQuery, useMay } from './session.tsx';
import { loadAllTexts } from './texts.ts';

const root = createRootRoute({ component: Outlet, notFoundComponent: NoPage });
/** The frame with the navigation stays when the page changes, and with it the stream of events. */
const shell = createRoute({ getParentRoute: () => root, id: 'shell', component: InShell });

const isBare = ({ frame }: Screen) => frame === 'bare';

const routeOf = (screen: Screen, parent: typeof root | typeof shell) => {
  const Content = lazyRouteComponent(screen.load);
  return createRoute({
    getParentRoute: () => parent,
    path: screen.path,
    ...(screen.path === '/' ? {} : { loader: loadAllTexts }),
    component: isBare(screen) ? () => <InBareFrame content={Content} /> : Content,
    errorComponent: ({ error }) => <Failed error={error} />,
  });
};
export const router = createRouter({
  routeTree: root.addChildren([
    ...screens.filter(isBare).map((screen) => routeOf(screen, root)),
    shell.addChildren(screens.filter((screen) => !isBare(screen)).map((screen) => routeOf(screen, shell))),
  ]),
  defaultPreload: 'intent',
  scrollRestoration: true,
});

function InBareFrame({ content: Content }: { readonly content: ComponentType }) {
  return (
    <BareFrame>
      <Content />
    </BareFrame>
  );
}

function InShell() {
  const session = useQuery(sessionQuery);
  const path = useRouterState({ select: (state): string | undefined => state.matches.at(-1)?.fullPath });
  const screen = screens.find((one) => one.path === path);
  const may = useMay(screen?.least ?? 'user');
  if (session.isPending) return <Loading />;
  if (session.data === undefined) return <Failed error={session.error} retry={session.refetch} />;
  if (session.data === null) {
    return (
      <BareFrame>
        <SignInPage />
      </BareFrame>
    );
  }
  return (
    <Shell usesMail={screen?.usesMail}>
      {may || screen === undefined ? <Outlet /> : <NoPermission key={screen.path} screen={screen} />}
    </Shell>
  );
}
