/** Routes of the devices that may relay, and of what the relay is doing. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { textFor } from '../../locales/locales.ts';
import { isPlainAddress } from '../protocols/mime/address.ts';
import type { Context } from '../store/database.ts';
import { decodeCursor, encodeCursor, limitOf, pageOf, pageQuery } from '../store/pages.ts';
import type { Language } from '../store/schema.ts';
import { MAX_PASSWORD_CHARACTERS, MIN_PASSWORD_CHARACTERS } from './credentials.ts';
import { readRange } from './devices.ts';
import { faultRoutes } from './faults/routes.ts';
import {
  addDevice,
  type Device,
  getDevice,
  listDevices,
  readRelayFigures,
  relayAddress,
  removeDevice,
  updateDevice,
} from './relay.ts';
import { type DeviceUse, readUse } from './seen.ts';

const reading = { role: 'operator' } as const;
const writing = { role: 'administrator' } as const;
const tags = ['relay'];

// Names are shown on screens and stand in logs and headers.
const line = (maxCharacters: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(maxCharacters)
    .regex(/^[^\p{Cc}\p{Cf}\u2028\u2029]*$/u, 'must not hold control characters');

const range = z
  .string()
  .trim()
  .max(60)
  .refine((text) => {
    try {
      return readRange(text).text !== '';
    } catch {
      return false;
    }
  }, 'must be an address, or a range of addresses that is not too wide, such as 192.0.2.0/24');

const DOMAIN = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+$/i;
const domain = z
  .string()
  .trim()
  .max(253)
  .refine((text) => text === '*' || DOMAIN.test(text), 'must be a domain, or * for every domain');

const username = z
  .string()
  .trim()
  .min(1)
  .max(64)
  .regex(/^[!-~]+$/, 'must be letters, digits and signs of ASCII without blanks');

const credential = z.object({
  username,
  // SASL carries it between NULs (RFC 4616), and a copier types no control characters.
  password: z
    .string()
    .min(MIN_PASSWORD_CHARACTERS)
    .max(MAX_PASSWORD_CHARACTERS)
    .regex(/^[^\p{C}]+$/u, 'must not hold control characters')
    .optional(),
});

const address = z
  .string()
  .trim()
  .max(254)
  .refine((text) => isPlainAddress(text), 'must be an e-mail address');

const MIB = 1024 * 1024;
const limits = {
  messagesPerMinute: z.number().int().min(1).max(100_000),
  messagesPerDay: z.number().int().min(1).max(10_000_000),
  recipientsPerDay: z.number().int().min(1).max(10_000_000),
  /** Exchange Online takes 150 MB at the most. */
  maxMessageBytes: z
    .number()
    .int()
    .min(1024)
    .max(150 * MIB - 64 * 1024),
  maxRecipients: z.number().int().min(1).max(1000),
  maxSessions: z.number().int().min(1).max(100),
};

const places = z.enum(['reply-to', 'display-name', 'nowhere']);

const changeBody = z.object({
  name: line(100).optional(),
  addresses: z.array(range).max(100).optional(),
  credential: credential.nullable().optional(),
  allowsPlainAuth: z.boolean().optional(),
  limits: z.object(limits).partial().optional(),
  allowedDomains: z.array(domain).max(200).optional(),
  senderMap: z
    .object({
      sender: address.nullable().default(null),
      displayName: line(100).nullable().default(null),
      ownAddress: places.default('reply-to'),
    })
    .optional(),
  normalisesBareLf: z.boolean().optional(),
  enabled: z.boolean().optional(),
});

const deviceBody = changeBody.extend({ name: line(100) });

const deviceFields = {
  id: z.string(),
  name: z.string(),
  addresses: z.array(z.string()),
  username: z.string().nullable(),
  allowsPlainAuth: z.boolean(),
  limits: z.object(limits),
  allowedDomains: z.array(z.string()),
  senderMap: z.object({ sender: z.string().nullable(), displayName: z.string().nullable(), ownAddress: places }),
  normalisesBareLf: z.boolean(),
  enabled: z.boolean(),
  createdAt: z.string(),
  /** UTC; none within the last month. */
  lastMessageAt: z.string().nullable(),
  messagesToday: z.number(),
  recipientsToday: z.number(),
};

const deviceAnswer = z.object(deviceFields);
/** With the password that Platen made, once and never again. */
const madeAnswer = z.object({ ...deviceFields, password: z.string().nullable() });

const relayAnswer = z.object({
  address: z.object({ host: z.string(), port: z.number() }).nullable(),
  sessions: z.number(),
  accepted: z.number(),
  refused: z.array(z.object({ reason: z.string(), text: z.string(), count: z.number() })),
  disk: z.enum(['plenty', 'low', 'full']),
});

const idParams = z.object({ id: z.uuid() });

export async function relayRoutes(app: FastifyInstance, context: Context): Promise<void> {
  readingRoutes(app, context);
  writingRoutes(app, context);
  faultRoutes(app, context);
}

function readingRoutes(app: FastifyInstance, context: Context): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();

  routes.get(
    '/devices',
    {
      config: reading,
      schema: {
        tags,
        querystring: z.object(pageQuery),
        response: { 200: z.object({ items: z.array(deviceAnswer), nextCursor: z.string().nullable() }) },
      },
    },
    async (request) => {
      const limit = limitOf(request.query.limit);
      const after = decodeCursor(request.query.cursor)?.[0];
      const devices = await listDevices(context, {
        after: after === undefined ? undefined : String(after),
        limit: limit + 1,
      });
      const page = pageOf(devices, limit, ({ name }) => encodeCursor([name]));
      return { items: await showDevices(context, page.items), nextCursor: page.nextCursor };
    },
  );

  routes.get(
    '/devices/:id',
    { config: reading, schema: { tags, params: idParams, response: { 200: deviceAnswer } } },
    async (request) => await showDevice(context, await getDevice(context, request.params.id)),
  );

  routes.get('/relay', { config: reading, schema: { tags, response: { 200: relayAnswer } } }, async (request) =>
    showRelay(context, request.language),
  );
}

function writingRoutes(app: FastifyInstance, context: Context): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();

  routes.post(
    '/devices',
    { config: writing, schema: { tags, body: deviceBody, response: { 201: madeAnswer } } },
    async (request, reply) => {
      const { name, ...asked } = request.body;
      const { device, password } = await addDevice(context, { ...readChange(asked), name }, request.actor);
      return reply.code(201).send({ ...(await showDevice(context, device)), password: password ?? null });
    },
  );

  routes.patch(
    '/devices/:id',
    { config: writing, schema: { tags, params: idParams, body: changeBody, response: { 200: madeAnswer } } },
    async (request) => {
      const change = readChange(request.body);
      const { device, password } = await updateDevice(context, request.params.id, { change, actor: request.actor });
      return { ...(await showDevice(context, device)), password: password ?? null };
    },
  );

  routes.delete(
    '/devices/:id',
    { config: writing, schema: { tags, params: idParams, response: { 204: z.null() } } },
    async (request, reply) => {
      await removeDevice(context, request.params.id, request.actor);
      return reply.code(204).send(null);
    },
  );
}

function readChange({ enabled, senderMap, ...same }: z.infer<typeof changeBody>) {
  if (senderMap === undefined) return { ...same, isEnabled: enabled };
  const { sender, displayName, ownAddress } = senderMap;
  const map = {
    ownAddress,
    ...(sender === null ? {} : { sender }),
    ...(displayName === null ? {} : { displayName }),
  };
  return { ...same, isEnabled: enabled, senderMap: map };
}

type Shown = z.infer<typeof deviceAnswer>;

async function showDevice(context: Context, device: Device): Promise<Shown> {
  const [shown] = await showDevices(context, [device]);
  return shown as Shown;
}

async function showDevices(context: Context, devices: readonly Device[]): Promise<Shown[]> {
  const uses = await readUse(
    context,
    devices.map(({ id }) => id),
  );
  return devices.map((device) => writeDevice(device, uses.get(device.id)));
}

function writeDevice(device: Device, use: DeviceUse | undefined): Shown {
  const { addresses, username, allowedDomains, senderMap, isEnabled, createdAt, ...same } = device;
  const { sender = null, displayName = null, ownAddress } = senderMap;
  return {
    ...same,
    addresses: [...addresses],
    username: username ?? null,
    allowedDomains: [...allowedDomains],
    senderMap: { sender, displayName, ownAddress },
    enabled: isEnabled,
    createdAt: createdAt.toISOString(),
    lastMessageAt: use?.lastMessageAt?.toISOString() ?? null,
    messagesToday: use?.messagesToday ?? 0,
    recipientsToday: use?.recipientsToday ?? 0,
  };
}

function showRelay(context: Context, language: Language): z.infer<typeof relayAnswer> {
  const { refused, ...figures } = readRelayFigures(context);
  const reasons = Object.entries(refused).map(([reason, count]) => ({
    reason,
    count,
    text: textFor(language, `relay.refusals.${reason}.title`),
  }));
  return { address: relayAddress(context) ?? null, ...figures, refused: reasons };
}
