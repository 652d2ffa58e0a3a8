/** The addresses of the interface, made from the list of screens; each page checks who may open it. */

import { useQuery } from '@tanstack/react-query';
import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Outlet } from '@tanstack/react-router';
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

const routes = screens.map((screen) => {
  const Content = lazyRouteComponent(screen.load);
  return createRoute({
    getParentRoute: () => root,
    path: screen.path,
    ...(screen.path === '/' ? {} : { loader: loadAllTexts }),
    component: () => <Framed screen={screen} content={Content} />,
    errorComponent: ({ error }) => <Failed error={error} />,
  });
});

export const router = createRouter({
  routeTree: root.addChildren(routes),
  defaultPreload: 'intent',
  scrollRestoration: true,
});

type FramedProps = { readonly screen: Screen; readonly content: ComponentType };

function Framed({ screen, content: Content }: FramedProps) {
  const session = useQuery(sessionQuery);
  const may = useMay(screen.least);
  if (screen.frame === 'bare') {
    return (
      <BareFrame>
        <Content />
      </BareFrame>
    );
  }
  if (session.isPending) return <Loading />;
  if (session.data === undefined) return <Failed error={session.error} retry={session.refetch} />;
  if (session.data === null) {
    return (
      <BareFrame>
        <SignInPage />
      </BareFrame>
    );
  }
  return <Shell usesMail={screen.usesMail}>{may ? <Content /> : <NoPermission screen={screen} />}</Shell>;
}
