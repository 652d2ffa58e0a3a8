/** Routes of what goes wrong with devices: the list, each with its words, and taking one off it. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { textFor } from '../../../locales/locales.ts';
import type { Context } from '../../store/database.ts';
import type { Language } from '../../store/schema.ts';
import { replyFor } from '../message/refusal.ts';
import { type DeviceFault, dismissDeviceFault, listDeviceFaults, REPAIRED, reasonText } from './faults.ts';

const tags = ['relay'];

const faultAnswer = z.object({
  id: z.string(),
  /** None for an address that is no device. */
  deviceId: z.string().nullable(),
  name: z.string().nullable(),
  address: z.string(),
  reason: z.string(),
  title: z.string(),
  advice: z.string(),
  repairs: z.array(z.object({ code: z.string(), text: z.string() })),
  /** What the device said. */
  remote: z.string().nullable(),
  /** What Platen answered; none where it took the message. */
  reply: z.string().nullable(),
  /** UTC. */
  firstAt: z.string(),
  lastAt: z.string(),
  count: z.number(),
});

export function faultRoutes(app: FastifyInstance, context: Context): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();

  routes.get(
    '/device-faults',
    { config: { role: 'operator' }, schema: { tags, response: { 200: z.object({ items: z.array(faultAnswer) }) } } },
    async ({ language }) => ({
      items: (await listDeviceFaults(context)).map((fault) => showFault(fault, language)),
    }),
  );

  routes.delete(
    '/device-faults/:id',
    {
      config: { role: 'administrator' },
      schema: { tags, params: z.object({ id: z.uuid() }), response: { 204: z.null() } },
    },
    async (request, reply) => {
      await dismissDeviceFault(context, request.params.id, request.actor);
      return reply.code(204).send(null);
    },
  );
}

function showFault(fault: DeviceFault, language: Language): z.infer<typeof faultAnswer> {
  const { id, device, address, reason, repairs, words, firstAt, lastAt, count } = fault;
  const text = reasonText(fault);
  return {
    id,
    deviceId: device?.id ?? null,
    name: device?.name ?? null,
    address,
    reason: text,
    title: textFor(language, `relay.refusals.${text}.title`),
    advice: textFor(language, `relay.refusals.${text}.advice`),
    repairs: repairs.map((code) => ({ code, text: textFor(language, `relay.repairs.${code}`) })),
    remote: words === '' ? null : words,
    reply: reason === REPAIRED ? null : replyFor(reason),
    firstAt: firstAt.toISOString(),
    lastAt: lastAt.toISOString(),
    count,
  };
}
