import { FerryError } from '../../errors.ts';

/** A file that was read, by its place. */
export interface NamedText {
  /** A path, or what it is: for messages. */
  readonly name: string;
  readonly text: string;
}

/** All values are texts: `0123` is a password, and no number. */
export type Value = string | readonly Value[] | Fields;
export interface Fields {
  readonly [name: string]: Value;
}

export const isFields = (value: Value | undefined): value is Fields =>
  typeof value === 'object' && !Array.isArray(value);

/** The parser's sentences quote the file, and so its secrets: its code and the place have to do. */
const problem = ({ name }: NamedText, at: string): FerryError =>
  new FerryError('misconfigured', `${name} is not valid YAML: ${at}`);

/**
 * A file of YAML, or JSON. The parser is loaded by those who have one to read.
 * @throws FerryError `misconfigured` with the place, and nothing of what stands there
 */
export const readYaml = async (file: NamedText): Promise<Fields> => {
  const { parseDocument } = await import('yaml');
  const document = parseDocument(file.text, { schema: 'failsafe', merge: true, prettyErrors: false });
  const [error] = document.errors;
  if (error) {
    const line = file.text.slice(0, error.pos[0]).split('\n').length;
    throw problem(file, `line ${line}, ${error.code}`);
  }
  const value = valueIn(document, file);
  if (value === null || value === '') return {};
  if (!isFields(value)) throw problem(file, 'it is not a mapping');
  return value;
};

const valueIn = (document: { toJS(): unknown }, file: NamedText): Value | null => {
  try {
    return document.toJS() as Value | null;
  } catch {
    throw problem(file, 'an alias that is not defined, or too many of them');
  }
};

/** The second one's values over the first one's, at every depth (os-client-config, merge_clouds). */
export const merged = (under: Fields, over: Fields): Fields => {
  const deeper = Object.entries(over).map(([name, value]): [string, Value] => {
    const below = Object.hasOwn(under, name) ? under[name] : undefined;
    return [name, isFields(below) && isFields(value) ? merged(below, value) : value];
  });
  return { ...under, ...Object.fromEntries(deeper) };
};
