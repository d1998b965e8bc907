import type { ErrorObject } from 'ajv';
import { echo } from '../../echo.ts';

/** More of them help nobody. */
const toldAtOnce = 5;

const placeOf = (...parts: readonly string[]): string =>
  parts
    .map((part) => part.replace(/^\//, ''))
    .filter((part) => part !== '')
    .join('/');

const isUnknownField = ({ keyword, params }: ErrorObject): boolean =>
  keyword === 'additionalProperties' && typeof params['additionalProperty'] === 'string';

const listed = (all: readonly string[]): string => {
  const told = all.slice(0, toldAtOnce).map((one) => echo(one));
  return [...told, ...(all.length > toldAtOnce ? [`and ${all.length - toldAtOnce} more`] : [])].join(', ');
};

const wordsOf = ({ keyword, instancePath, params, message = 'is wrong' }: ErrorObject): string => {
  const place = placeOf(instancePath) || 'the event';
  if (keyword === 'oneOf')
    return 'it names either targets, with what they are to have, or a policy, which says all of that';
  if (keyword === 'propertyNames')
    return `${place}: a property cannot be called ${echo(params['propertyName'])}`;
  if (keyword === 'enum' && Array.isArray(params['allowedValues']))
    return `${place} must be one of ${params['allowedValues'].join(', ')}`;
  return `${place} ${message}`;
};

/** Branches of `oneOf` say nothing that its own error does not, and names of properties are told with their property. */
const isDetail = ({ schemaPath }: ErrorObject): boolean => /\/(oneOf|propertyNames)\//.test(schemaPath);

/** What is wrong with an event, in a sentence: above all the names of the fields that it should not have. */
export const inWords = (errors: readonly ErrorObject[]): string => {
  const unknown = errors
    .filter(isUnknownField)
    .map(({ instancePath, params }) => placeOf(instancePath, String(params['additionalProperty'])));
  const others = errors.filter((error) => !isUnknownField(error) && !isDetail(error)).map(wordsOf);
  const sentences = [
    ...(unknown.length > 0 ? [`unknown fields: ${listed(unknown)}`] : []),
    ...(others.length > 0 ? [listed([...new Set(others)])] : []),
  ];
  return sentences.join('; ');
};
