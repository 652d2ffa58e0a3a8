/** Routes of the registration kit. Nothing is kept: the same wishes give the same kit. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { LANGUAGES, textFor } from '../../../locales/locales.ts';
import { PlatenError } from '../../base/errors.ts';
import { addressOf, type Place } from '../../protocols/microsoft/places.ts';
import { isTenantName } from '../../protocols/oauth/discovery.ts';
import { isGuid } from '../../protocols/oauth/id-token.ts';
import type { Context } from '../../store/database.ts';
import { DEFAULT_CLOUD, getCloud } from '../exchange-online.ts';
import { pasteRedirect } from '../link/link-login.ts';
import { mailAddress } from '../shapes.ts';
import * as kit from './kit.ts';
import { readIds } from './parse.ts';

const reading = { role: 'operator' } as const;
const tags = ['connections'];

const USES = ['imap', 'pop3', 'smtp'] as const;

const wishQuery = z.object({
  name: z
    .string()
    .trim()
    .min(1)
    .max(120)
    .regex(/^[^\p{Cc}\p{Cf}]*$/u, 'must not hold control characters')
    .default('MS Exchange Online'),
  uses: z
    .string()
    .max(40)
    .default('imap,pop3,smtp')
    .transform((text) => text.split(',').map((one) => one.trim()))
    .pipe(z.array(z.enum(USES)).min(1).max(3)),
  audience: z.enum(['single', 'multiple']).default('single'),
  cloud: z.string().max(60).default(DEFAULT_CLOUD),
  mailbox: mailAddress.optional(),
  clientId: z.string().trim().refine(isGuid, 'must be a GUID').optional(),
  tenantId: z.string().trim().refine(isTenantName, 'must be a GUID or a domain').optional(),
});

const names = z.object({ en: z.string(), it: z.string() });
const kitAnswer = z.object({
  permissions: z.array(z.object({ name: z.string(), id: z.string() })),
  steps: z.array(
    z.object({
      id: z.string(),
      /** What to do, in the reader's language. */
      text: z.string(),
      /** The path through the portal, with its names in English and Italian. */
      path: names,
      address: z.string().nullable(),
      /** What is typed or chosen there, to copy. */
      value: z.string().nullable(),
    }),
  ),
  manifest: z.string(),
  oldManifest: z.string(),
  azureCli: z.string(),
  powershell: z.string(),
  exchange: z.string().nullable(),
  graph: z.array(z.object({ method: z.string(), url: z.string(), body: z.string().nullable() })),
  consentLink: z.string().nullable(),
});

const idsAnswer = z.object({ clientId: z.string(), tenantId: z.string(), isNamed: z.boolean() });

export function registrationRoutes(app: FastifyInstance, context: Context): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();

  routes.get(
    '/registration',
    { config: reading, schema: { tags, querystring: wishQuery, response: { 200: kitAnswer } } },
    async (request) => {
      const { cloud: cloudName, name, audience, mailbox, clientId, tenantId } = request.query;
      const wish: kit.KitWish = {
        name,
        audience,
        cloudName,
        uses: USES.filter((use) => request.query.uses.includes(use)),
        cloud: getCloud(context.settings, cloudName),
        ...(mailbox === undefined ? {} : { mailbox }),
        ...(clientId === undefined ? {} : { clientId }),
        ...(tenantId === undefined ? {} : { tenantId }),
      };
      return answerKit(wish, request.language);
    },
  );

  routes.post(
    '/registration/parse',
    {
      config: reading,
      schema: { tags, body: z.object({ text: z.string().max(65_536) }), response: { 200: idsAnswer } },
    },
    async (request) => {
      const ids = readIds(request.body.text);
      if (ids !== undefined) return ids;
      throw new PlatenError('registration-output-unreadable', 'the text does not hold exactly two ids');
    },
  );
}

const text = (value: unknown) => `${JSON.stringify(value, undefined, 2)}\n`;

function answerKit(wish: kit.KitWish, language: 'en' | 'it'): z.infer<typeof kitAnswer> {
  return {
    permissions: kit.permissionsFor(wish.uses),
    steps: stepsOf(wish, language),
    manifest: text(kit.newManifest(wish)),
    oldManifest: text(kit.oldManifest(wish)),
    azureCli: kit.azureCliScript(wish),
    powershell: kit.powershellScript(wish),
    exchange: kit.exchangeScript(wish) ?? null,
    graph: kit.graphRequests(wish).map(({ method, url, body }) => ({
      method,
      url,
      body: body === undefined ? null : text(body),
    })),
    consentLink: kit.consentLink(wish) ?? null,
  };
}

/** By hand, in the order of the portal. */
function stepsOf(wish: kit.KitWish, language: 'en' | 'it') {
  const steps: readonly (readonly [id: string, place: Place, value: string | null])[] = [
    ['register', 'new-registration', wish.name],
    ['redirect', 'new-registration', pasteRedirect(wish.cloud.authority)],
    ['ids', 'app-overview', null],
    ['public-client', 'app-authentication', null],
    [
      'permissions',
      'app-permissions',
      kit
        .permissionsFor(wish.uses)
        .map(({ name }) => name)
        .join('\n'),
    ],
    ['consent', 'app-permissions', kit.consentLink(wish) ?? null],
    ...(wish.mailbox === undefined ? [] : ([['smtp-auth', 'mail-apps', wish.mailbox]] as const)),
  ];
  return steps.map(([id, place, value]) => {
    const [en = '', it = ''] = LANGUAGES.map((one) => textFor(one, `places.${place}`));
    const about = { cloud: wish.cloudName, ...(wish.clientId === undefined ? {} : { clientId: wish.clientId }) };
    const audience = textFor(language, `registration.audience.${wish.audience}`);
    return {
      id,
      text: textFor(language, `registration.steps.${id}`, { audience }),
      path: { en, it },
      address: addressOf(place, about) ?? null,
      value,
    };
  });
}
