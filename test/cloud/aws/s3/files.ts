import { randomUUID } from 'node:crypto';
import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const isMissing = (error: unknown) => error instanceof Error && 'code' in error && error.code === 'ENOENT';

/** Reads a JSON file that `writeJson` wrote; `undefined` if there is none. */
export async function readJson<T>(file: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as T;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Writes beside the file and renames, so that a reader sees the old or the new content and never a half. */
export async function writeJson(file: string, value: unknown): Promise<void> {
  const unfinished = `${file}.${randomUUID()}`;
  await writeFile(unfinished, JSON.stringify(value));
  await rename(unfinished, file);
}

/** Names in a directory in order, none if the directory is missing. */
export async function namesIn(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).sort();
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** Where a bucket's things lie. Keys and bucket names are percent-encoded, so that none leaves its directory. */
export const layout = (dataDir: string) => {
  const bucket = (name: string) => join(dataDir, encodeURIComponent(name).replaceAll('.', '%2E'));
  const object = (name: string, key: string) =>
    join(bucket(name), 'objects', encodeURIComponent(key).replaceAll('.', '%2E'));
  const upload = (name: string, uploadId: string) =>
    join(bucket(name), 'uploads', encodeURIComponent(uploadId).replaceAll('.', '%2E'));
  return {
    bucket,
    objects: (name: string) => join(bucket(name), 'objects'),
    object,
    objectRecord: (name: string, key: string) => join(object(name, key), 'object.json'),
    uploads: (name: string) => join(bucket(name), 'uploads'),
    upload,
    uploadRecord: (name: string, uploadId: string) => join(upload(name, uploadId), 'upload.json'),
  };
};

export type Layout = ReturnType<typeof layout>;
