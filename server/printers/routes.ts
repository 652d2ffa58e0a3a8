import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { adviceFor, type Language, titleFor } from '../../locales/locales.ts';
import type { Context } from '../store/database.ts';
import { limitOf, pageQuery } from '../store/pages.ts';
import type { Problem } from '../store/schema.ts';
import { discoverPrinters } from './discovery/discover.ts';
import { findTaken, TAKEN } from './drawing.ts';
import type { Printer } from './printer.ts';
import {
  acceptCertificate,
  addPrinter,
  checkPrinter,
  getPrinter,
  listPrinters,
  removePrinter,
  renamePrinter,
} from './printers.ts';
import { findPrinterNeeds, NEEDS } from './supplies/needs.ts';
import { type PrinterOffer, probePrinter } from './watch.ts';

const strings = z.array(z.string());

const capabilitiesShape = z
  .object({
    version: z.enum(['2.0', '1.1']),
    model: z.string().nullable(),
    location: z.string().nullable(),
    operations: z.array(z.number()),
    formats: strings,
    media: z.object({ supported: strings, ready: strings, default: z.string().nullable() }),
    sides: strings,
    colorModes: strings,
    isColor: z.boolean().nullable(),
    copies: z.object({ min: z.number(), max: z.number() }).nullable(),
    takesPageRanges: z.boolean(),
    finishings: z.array(z.number()).optional(),
    /** What Platen gives it: the document, pictures of all its pages in one job, one page at a time, or nothing. */
    taken: z.enum(TAKEN),
  })
  .nullable();

const problemShape = z
  .object({
    code: z.string(),
    title: z.string(),
    advice: z.string(),
    detail: z.string(),
    remote: z.string().optional(),
    facts: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
    at: z.string(),
  })
  .nullable();

const supplyShape = z.object({
  name: z.string(),
  type: z.string().nullable(),
  colors: strings,
  /** In percent: how much is left, or how full a container of waste is. */
  level: z.number().nullable(),
  measure: z.enum(['percent', 'some-left', 'unavailable', 'unknown']),
  isWaste: z.boolean(),
  isDue: z.boolean(),
});

const printerShape = z.object({
  id: z.string(),
  name: z.string(),
  uri: z.string(),
  state: z.enum(['idle', 'processing', 'stopped', 'unreachable', 'unknown']),
  reasons: strings,
  /** What it waits for from a person while it is stopped, or busy and not going on. */
  waitsFor: z.array(z.enum(NEEDS)),
  message: z.string().nullable(),
  stateSince: z.string(),
  seenAt: z.string().nullable(),
  capabilities: capabilitiesShape,
  supplies: z.array(supplyShape),
  /** `authorities`, a sha256, or null for an address without TLS. */
  certificate: z.string().nullable(),
  problem: problemShape,
});

/** What answers at an address that is no printer yet. */
const offerShape = printerShape.pick({ uri: true, state: true, reasons: true, capabilities: true, certificate: true });

const foundShape = z.object({
  name: z.string(),
  makeModel: z.string().nullable(),
  location: z.string().nullable(),
  uri: z.string(),
  host: z.string(),
  port: z.number(),
  isSecure: z.boolean(),
  isAdded: z.boolean(),
});
const discoveryShape = z.object({
  items: z.array(foundShape),
  /** Which networks were looked at, as addresses of this machine with the length of their prefix. */
  networks: strings,
  isCut: z.boolean(),
});

// Names are shown on screens and stand in logs: no control characters.
const name = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .regex(/^\P{Cc}*$/u);
const uri = z
  .string()
  .trim()
  .min(1)
  .max(1023)
  .regex(/^[^\s\p{Cc}]+$/u);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const idParams = z.object({ id: z.uuid() });

function showCapabilities(capabilities: Printer['capabilities']): z.infer<typeof capabilitiesShape> {
  if (capabilities === null) return null;
  return { ...(capabilities as NonNullable<z.infer<typeof capabilitiesShape>>), taken: findTaken(capabilities) };
}

function showPrinter(printer: Printer, language: Language): z.infer<typeof printerShape> {
  const { certificatePin, stateSince, seenAt, problem, reasons, capabilities, supplies, ...same } = printer;
  return {
    ...same,
    supplies: supplies.map((supply) => ({ ...supply, colors: [...supply.colors] })),
    reasons: [...reasons],
    waitsFor: findPrinterNeeds(printer),
    stateSince: stateSince.toISOString(),
    seenAt: seenAt?.toISOString() ?? null,
    capabilities: showCapabilities(capabilities),
    certificate: certificatePin,
    problem: problem === null ? null : showProblem(problem, language),
  };
}

function showOffer({ certificatePin, reasons, capabilities, ...same }: PrinterOffer): z.infer<typeof offerShape> {
  return {
    ...same,
    reasons: [...reasons],
    capabilities: showCapabilities(capabilities),
    certificate: certificatePin,
  };
}

function showProblem(problem: Problem, language: Language): NonNullable<z.infer<typeof problemShape>> {
  const { code, detail, remote, facts, values, at } = problem;
  return {
    code,
    title: titleFor(language, code, values),
    advice: adviceFor(language, code, values),
    detail,
    ...(remote === undefined ? {} : { remote }),
    ...(facts === undefined ? {} : { facts: { ...facts } }),
    at,
  };
}

export async function printersRoutes(app: FastifyInstance, context: Context): Promise<void> {
  addReadingRoutes(app, context);
  addChangingRoutes(app, context);
}

function addReadingRoutes(app: FastifyInstance, context: Context): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();
  routes.get('/printers', {
    config: { role: 'operator' },
    schema: {
      querystring: z.object(pageQuery),
      response: { 200: z.object({ items: z.array(printerShape), nextCursor: z.string().nullable() }) },
    },
    handler: async (request) => {
      const { limit, cursor } = request.query;
      const page = await listPrinters(context, { limit: limitOf(limit), cursor });
      return { ...page, items: page.items.map((printer) => showPrinter(printer, request.language)) };
    },
  });
  routes.get('/printers/:id', {
    config: { role: 'operator' },
    schema: { params: idParams, response: { 200: printerShape } },
    handler: async (request) => showPrinter(await getPrinter(context, request.params.id), request.language),
  });
  routes.post('/printers/:id/check', {
    config: { role: 'operator' },
    schema: { params: idParams, response: { 200: printerShape } },
    handler: async (request) => showPrinter(await checkPrinter(context, request.params.id), request.language),
  });
}

/** An address is where the server connects to, so only administrators give one. */
function addChangingRoutes(app: FastifyInstance, context: Context): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();
  routes.post('/printers', {
    config: { role: 'administrator' },
    schema: { body: z.object({ name, uri }), response: { 201: printerShape } },
    handler: async (request, reply) => {
      const printer = await addPrinter(context, { ...request.body, actor: request.actor });
      return reply.code(201).send(showPrinter(printer, request.language));
    },
  });
  routes.post('/printers/probe', {
    config: { role: 'administrator' },
    schema: { body: z.object({ uri }), response: { 200: offerShape } },
    handler: async (request) => showOffer(await probePrinter(context, request.body.uri)),
  });
  routes.post('/printers/discover', {
    config: { role: 'administrator' },
    schema: { response: { 200: discoveryShape } },
    handler: async () => {
      const { items, networks, isCut } = await discoverPrinters(context);
      return { items: [...items], networks: [...networks], isCut };
    },
  });
  routes.patch('/printers/:id', {
    config: { role: 'administrator' },
    schema: { params: idParams, body: z.object({ name }), response: { 200: printerShape } },
    handler: async ({ params, body, actor, language }) =>
      showPrinter(await renamePrinter(context, params.id, { ...body, actor }), language),
  });
  routes.put('/printers/:id/certificate', {
    config: { role: 'administrator' },
    schema: { params: idParams, body: z.object({ sha256 }), response: { 200: printerShape } },
    handler: async (request) => {
      const { actor, language } = request;
      const { id } = request.params;
      return showPrinter(await acceptCertificate(context, id, { sha256: request.body.sha256, actor }), language);
    },
  });
  routes.delete('/printers/:id', {
    config: { role: 'administrator' },
    schema: { params: idParams, response: { 204: z.null() } },
    handler: async (request, reply) => {
      await removePrinter(context, request.params.id, request.actor);
      return reply.code(204).send(null);
    },
  });
}
