import { pathToFileURL } from 'node:url';

// Prints how long the import of a file takes in this fresh process, in milliseconds.

const [, , file = ''] = process.argv;
const startedMs = performance.now();
await import(pathToFileURL(file).href);
process.stdout.write(String(performance.now() - startedMs));
process.exit(0);
