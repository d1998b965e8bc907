import { echo } from '../../echo.ts';
import { FerryError } from '../../errors.ts';
import { publishedType } from './image-published.ts';
import { parseJson } from './json.ts';

// CloudEvents 1.0: the attributes that we look at, and where the event itself lies.
// https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md

type Attributes = Readonly<Record<string, unknown>>;

const refused = (reason: string): FerryError => new FerryError('bad-request', `The CloudEvent ${reason}`);

/** Parameters aside: `application/json; charset=utf-8`, `application/vnd.x+json`. */
const isJson = (type: string): boolean => /^\s*[\w.!#$&^+-]+\/(?:[\w.!#$&^+-]+\+)?json\s*(?:;|$)/i.test(type);

const requireAttributes = ({ specversion, type, datacontenttype: content }: Attributes): void => {
  // "Compliant event consumers … SHOULD" take any 1.x.
  if (typeof specversion !== 'string' || !/^1\.\d+$/.test(specversion))
    throw refused(`is of specversion ${echo(specversion)}; 1.0 is known`);
  if (type !== publishedType) throw refused(`is of type ${echo(type ?? 'none')}; ${publishedType} is known`);
  if (content !== undefined && (typeof content !== 'string' || !isJson(content)))
    throw refused(`has data of ${echo(content)}; JSON is known`);
};

/**
 * The event in a structured CloudEvent: attributes and `data`, or `data_base64`, side by side in one object.
 * https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
 * @throws FerryError `bad-request`
 */
export const dataOf = (event: Attributes): unknown => {
  requireAttributes(event);
  const { data, data_base64: encoded } = event;
  if (typeof encoded === 'string') return parseJson(Buffer.from(encoded, 'base64').toString());
  if (data === undefined) throw refused('has no data');
  return data;
};

const prefix = 'ce-';

/** The attributes that a binary CloudEvent has in headers, or in the attributes of a message. @returns none for another one */
export const binaryAttributes = (headers: Readonly<Record<string, string | undefined>>): Attributes =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([header, value]) => {
      const name = header.toLowerCase();
      return name.startsWith(prefix) ? [[name.slice(prefix.length), value]] : [];
    }),
  );

export const isBinary = (attributes: Attributes): boolean => attributes['specversion'] !== undefined;

/**
 * The event in a binary CloudEvent: it is the body.
 * https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
 * @throws FerryError `bad-request`
 */
export const bodyOf = (attributes: Attributes, body: string): unknown => {
  requireAttributes(attributes);
  return parseJson(body);
};
