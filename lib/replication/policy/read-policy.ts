import type { Document, LineCounter } from 'yaml';
import { FerryError } from '../../errors.ts';
import { isPolicyFile } from '../../schemas/policy-validators.js';
import { contradictionsIn } from './contradictions.ts';
import { type Fault, faultsOf, fieldName, type Path } from './fault.ts';
import type { Policy } from './policy.ts';
import { policyOf } from './policy-of.ts';

/** A document, and where in its file things stand. */
interface Parsed {
  readonly document: Document;
  readonly lines: LineCounter;
  readonly offsetOf: (path: Path, isName: boolean) => number;
}

const refused = (file: string, faults: readonly string[]): FerryError => {
  const count = faults.length === 1 ? '' : `, with ${faults.length} faults`;
  return new FerryError('misconfigured', `${file} is not a policy${count}:\n${faults.join('\n')}`);
};

/** `policies/public.yaml:3:5`. Lines and columns count from 1. */
const placeOf = (file: string, lines: LineCounter, offset: number): string => {
  const { line, col } = lines.linePos(offset);
  return `${file}:${line}:${col}`;
};

/** The parser is loaded by who has a file to read. */
const parse = async (text: string): Promise<Parsed> => {
  const { isMap, isNode, isScalar, LineCounter, parseDocument } = await import('yaml');
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, merge: true, prettyErrors: false });
  const nodeAt = (path: Path): unknown =>
    path.length === 0 ? document.contents : document.getIn(path, true);
  const keyAt = (path: Path): unknown => {
    const table = nodeAt(path.slice(0, -1));
    const name = path.at(-1);
    return isMap(table) ? table.items.find(({ key }) => isScalar(key) && key.value === name)?.key : undefined;
  };
  /** What is not there itself is told at what it is missing from. */
  const offsetOf = (path: Path, isName: boolean): number => {
    const node = (isName ? keyAt(path) : undefined) ?? nodeAt(path);
    if (isNode(node) && node.range) return node.range[0];
    return path.length === 0 ? 0 : offsetOf(path.slice(0, -1), true);
  };
  return { document, lines, offsetOf };
};

const contentsOf = (document: Document, file: string): unknown => {
  try {
    return document.toJS();
  } catch (error) {
    throw refused(file, [`${file}: ${error instanceof Error ? error.message : 'an alias of nothing'}`]);
  }
};

/**
 * The policy of a file of YAML (or JSON, which is YAML).
 * @param file its name, for messages
 * @throws FerryError `misconfigured` that names all its faults, each by line, column and field, with what is allowed
 */
export const readPolicy = async (text: string, file: string): Promise<Policy> => {
  const { document, lines, offsetOf } = await parse(text);
  const wrong = document.errors.map(({ pos, message }) => `${placeOf(file, lines, pos[0])}: ${message}`);
  if (wrong.length > 0) throw refused(file, wrong);
  const value = contentsOf(document, file);
  const told = ({ path, isName, sentence }: Fault): string =>
    `${placeOf(file, lines, offsetOf(path, isName))}: ${fieldName(path) || 'the file'} ${sentence}`;
  if (!isPolicyFile(value)) throw refused(file, faultsOf(isPolicyFile.errors ?? []).map(told));
  const contradictions = contradictionsIn(value);
  if (contradictions.length > 0) throw refused(file, contradictions.map(told));
  return policyOf(value);
};
