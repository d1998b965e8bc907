import type { ErrorObject } from 'ajv';
import { echo } from '../../echo.ts';

/** Where a value stands in a file: names of fields, numbers of entries. */
export type Path = readonly (string | number)[];

/** One thing that is wrong with a file. */
export interface Fault {
  readonly path: Path;
  /** Whether it is the field's name that is wrong, not its value. */
  readonly isName: boolean;
  /** What is wrong, and what is allowed. */
  readonly sentence: string;
}

/** RFC 6901. */
const unescaped = (part: string): string => part.replaceAll('~1', '/').replaceAll('~0', '~');

const pathOf = (pointer: string): Path =>
  pointer
    .split('/')
    .slice(1)
    .map(unescaped)
    .map((part) => (/^[0-9]{1,9}$/.test(part) ? Number(part) : part));

/** `targets[0].region`. */
export const fieldName = (path: Path): string =>
  path.reduce<string>(
    (name, part) => (typeof part === 'number' ? `${name}[${part}]` : name ? `${name}.${part}` : part),
    '',
  );

const isTable = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

const descriptionOf = (schema: unknown): string =>
  isTable(schema) && typeof schema['description'] === 'string' ? schema['description'] : '';

const kinds: Readonly<Record<string, string>> = {
  string: 'a text',
  boolean: 'true or false',
  integer: 'a whole number',
  array: 'a list',
  object: 'a table of fields',
};

/** YAML reads `24.04` as a number and `no` as a text: whoever writes it sees neither. */
const typeSentence = (wanted: string, data: unknown): string => {
  const is = data === null ? 'nothing' : echo(data);
  const quotes = wanted === 'string' && typeof data !== 'object' ? `; in quotes it is one: "${is}"` : '';
  return `must be ${kinds[wanted] ?? wanted}, it is ${is}${quotes}`;
};

const known = (schema: unknown): string =>
  isTable(schema) && isTable(schema['properties']) ? Object.keys(schema['properties']).join(', ') : '';

type Errors = ErrorObject & { readonly parentSchema?: unknown; readonly data?: unknown };

const sentenceOf = ({ keyword, params, parentSchema, data, message = 'is wrong' }: Errors): string => {
  const description = descriptionOf(parentSchema);
  switch (keyword) {
    case 'additionalProperties':
      return `is not known; known here are ${known(parentSchema)}`;
    case 'propertyNames':
      return `is not allowed. ${descriptionOf(isTable(parentSchema) && parentSchema['propertyNames'])}`;
    case 'required':
      return `is missing`;
    case 'enum':
      return `must be one of ${[params['allowedValues']].flat().join(', ')}; it is ${echo(data)}`;
    case 'type':
      return typeSentence(String(params['type']), data);
    case 'pattern':
    case 'anyOf':
      return `cannot be ${JSON.stringify(echo(data))}. ${description}`;
    default:
      return `${message}. ${description}`;
  }
};

const named: Readonly<Record<string, string>> = {
  additionalProperties: 'additionalProperty',
  propertyNames: 'propertyName',
  required: 'missingProperty',
};

/** Branches of `anyOf`, and what is wrong with a name, are told by the error above them. */
const isDetail = ({ schemaPath }: ErrorObject): boolean => /\/(anyOf|propertyNames)\//.test(schemaPath);

/** What a schema finds, in words. */
export const faultsOf = (errors: readonly ErrorObject[]): readonly Fault[] =>
  errors
    .filter((error) => !isDetail(error))
    .map((error) => {
      const name = named[error.keyword];
      const path = pathOf(error.instancePath);
      return {
        path: name === undefined ? path : [...path, String(error.params[name])],
        isName: name !== undefined,
        sentence: sentenceOf(error).trim(),
      };
    });
