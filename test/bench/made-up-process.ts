import { createServer, type ServerResponse } from 'node:http';
import { listen } from '../cloud/aws/listen.ts';
import { madeUpData } from '../cloud/openstack/glance/made-up.ts';
import { activeRecord, sizeOfMadeUp } from './source-image.ts';

// A source's Glance whose images are of any size and lie nowhere: the id tells the size, the bytes are made up as they
// are sent. Records have no hash; it would take as long to compute as the copy itself.

const sendRecord = (response: ServerResponse, id: string): void => {
  const body = JSON.stringify(activeRecord(id, sizeOfMadeUp(id)));
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length }).end(body);
};

const sendData = (response: ServerResponse, size: number): void => {
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': size });
  madeUpData({ size, seed: 1 }).open(0, size).pipe(response);
};

const server = createServer((request, response) => {
  const [, , , id = '', file] = (request.url ?? '').split('/');
  if (file === 'file') sendData(response, sizeOfMadeUp(id));
  else sendRecord(response, id);
});
process.send?.(await listen(server, 0, 'the source'));
process.on('disconnect', () => process.exit(0));
