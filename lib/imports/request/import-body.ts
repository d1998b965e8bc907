import type { ErrorObject } from 'ajv';
import { echo } from '../../echo.ts';
import { FerryError } from '../../errors.ts';
import { parseImageId } from '../../schemas/ids.ts';
import type { ImportRequest } from '../../schemas/import-request.ts';
import { isGlanceDownloadMethod, isImportRequest, isWebDownloadMethod } from '../../schemas/validators.js';
import type { RequestedSource } from '../record/new-task.ts';

/** The methods that an import request may name here; everything else is the target Glance's own business. */
export const importMethods = ['glance-download', 'web-download'] as const;
export type ImportMethod = (typeof importMethods)[number];

export type ImportBody = ImportRequest & { readonly method: { readonly name: ImportMethod } };

const badRequest = (message: string): FerryError => new FerryError('bad-request', message);

/** Glance's sentence for each place where the schema can fail, in the order of its checks (images.py, import_image). */
const bodySentences: Readonly<Record<string, string>> = {
  '': 'Unexpected body type. Expected list/dict.',
  ' method': "Import request requires a 'method' field.",
  '/method': "Import request requires a 'method' field.",
  '/method name': "Import request requires a 'name' field.",
};

const booleanSentences: Readonly<Record<string, string>> = {
  '/all_stores_must_succeed': "'all_stores_must_succeed' must be boolean value only",
  '/all_stores': "'all_stores' must be boolean value only",
};

/** `/method name` for a missing name, `/method/name` for one of a wrong type, `/method/name maxLength` for a long one. */
const placeOf = ({ instancePath, keyword, params }: ErrorObject): string => {
  if (keyword === 'maxLength') return `${instancePath} maxLength`;
  const missing: unknown = params['missingProperty'];
  return typeof missing === 'string' ? `${instancePath} ${missing}` : instancePath;
};

const sentenceOf = (errors: readonly ErrorObject[], sentences: Readonly<Record<string, string>>) => {
  const places = new Set(errors.map(placeOf));
  return Object.entries(sentences).find(([place]) => places.has(place))?.[1];
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FerryError('bad-request', 'Malformed JSON in request body.', { cause });
  }
};

const isImportMethod = (name: unknown): name is ImportMethod =>
  importMethods.some((method) => method === name);

/** A body that names one of our methods; what else it says is not looked at yet. */
export interface NamedMethod {
  readonly method: { readonly name: ImportMethod };
}

/**
 * The method, the first that Glance looks for in a body. Unknown keys are ignored, as in Glance.
 * @throws FerryError `bad-request` in Glance's words
 */
export const parseMethod = (text: string | undefined): NamedMethod => {
  if (text === undefined || text === '') throw badRequest('Body expected in request.');
  const body = parseJson(text);
  isImportRequest(body);
  const malformed = sentenceOf(isImportRequest.errors ?? [], bodySentences);
  if (malformed) throw badRequest(malformed);
  const { method } = body as { method: { name: unknown } };
  if (!isImportMethod(method.name)) throw badRequest(`Unknown import method name '${echo(method.name)}'.`);
  return body as NamedMethod;
};

/**
 * The rest of the body as far as Glance checks it before it looks at the target.
 * @throws FerryError `bad-request` in Glance's words
 */
export const parseImportBody = (body: NamedMethod): ImportBody => {
  if (isImportRequest(body)) return body as ImportBody;
  const sentence = sentenceOf(isImportRequest.errors ?? [], booleanSentences);
  throw badRequest(sentence ?? 'The body is not an import request.');
};

const glanceSentences: Readonly<Record<string, string>> = {
  ' glance_region': "'glance_region' needs to be set for glance-download import method",
  '/glance_region': "'glance_region' must be a non-empty string",
  ' glance_image_id': "'glance_image_id' needs to be set for glance-download import method",
  '/glance_region maxLength': "'glance_region' must have at most 255 characters",
  '/glance_service_interface maxLength': "'glance_service_interface' must have at most 255 characters",
  '/glance_service_interface': "'glance_service_interface' must be a string",
};

const looksNotLikeUuid = (id: unknown): FerryError =>
  badRequest(`Remote image id does not look like a UUID: ${echo(id)}`);

const glanceSource = (method: unknown): RequestedSource => {
  if (!isGlanceDownloadMethod(method)) {
    const sentence = sentenceOf(isGlanceDownloadMethod.errors ?? [], glanceSentences);
    throw sentence
      ? badRequest(sentence)
      : looksNotLikeUuid((method as Record<string, unknown>)['glance_image_id']);
  }
  const { glance_image_id: id, glance_region: region, glance_service_interface } = method;
  const imageId = parseImageId(id);
  if (!imageId) throw looksNotLikeUuid(id);
  return { kind: 'glance-download', region, imageId, interface: glance_service_interface ?? 'public' };
};

const webSentences = { '/uri maxLength': "'uri' must have at most 8192 characters" };

/**
 * The source, which Glance checks only after the target's status.
 * @throws FerryError `bad-request` in Glance's words
 */
export const parseSource = ({ method }: ImportBody): RequestedSource => {
  if (method.name === 'glance-download') return glanceSource(method);
  if (isWebDownloadMethod(method)) return { kind: 'web-download', uri: method.uri };
  throw badRequest(
    sentenceOf(isWebDownloadMethod.errors ?? [], webSentences) ??
      "'uri' needs to be set for web-download import method",
  );
};
