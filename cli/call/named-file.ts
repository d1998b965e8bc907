import { readFile, writeFile } from 'node:fs/promises';
import { WrongUse } from './io.ts';

// Files that an option names.

const cannot = (option: string, file: string, what: 'read' | 'written') => (error: unknown) => {
  const reason = error instanceof Error ? error.message : String(error);
  throw new WrongUse(`${option} ${file} cannot be ${what}: ${reason}`);
};

/** @throws WrongUse that names the option, and why its file cannot be read */
export const readNamed = (option: string, file: string): Promise<string> =>
  readFile(file, 'utf8').catch(cannot(option, file, 'read'));

/** @throws WrongUse that names the option, and why its file cannot be written */
export const writeNamed = (option: string, file: string, text: string): Promise<void> =>
  writeFile(file, text).catch(cannot(option, file, 'written'));
