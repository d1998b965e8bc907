import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';

const answerOf = (id = '', md5 = ''): string => `<SendMessageResponse>
  <SendMessageResult><MessageId>${id}</MessageId><MD5OfMessageBody>${md5}</MD5OfMessageBody></SendMessageResult>
  <ResponseMetadata><RequestId>${id}</RequestId></ResponseMetadata>
</SendMessageResponse>`;

/**
 * SQS's older protocol (form in, XML out), which Debian's awscli 2.9 still speaks and the emulated SQS does not: SendMessage
 * alone. Newer ones speak JSON, which is handed on as it is.
 * @param sqs a client of the emulated one, at `endpoint`
 */
export const startSqsQuery = async (sqs: SQSClient, endpoint: string) => {
  const send = async (form: URLSearchParams): Promise<string> => {
    if (form.get('Action') !== 'SendMessage') throw new Error(`only SendMessage, not ${form.get('Action')}`);
    const [QueueUrl, MessageBody] = [form.get('QueueUrl') ?? '', form.get('MessageBody') ?? ''];
    const { MessageId, MD5OfMessageBody } = await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
    return answerOf(MessageId, MD5OfMessageBody);
  };
  const server = createServer(async (request, response) => {
    const body = await buffer(request);
    const { 'content-type': type = '', 'x-amz-target': target } = request.headers;
    if (type.startsWith('application/x-www-form-urlencoded')) {
      const xml = await send(new URLSearchParams(body.toString()));
      response.setHeader('content-type', 'text/xml').end(xml);
      return;
    }
    const headers = { 'content-type': type, 'x-amz-target': `${target}` };
    const answer = await fetch(endpoint, { method: 'POST', headers, body });
    response.writeHead(answer.status, { 'content-type': type }).end(await answer.text());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, stop: () => server.close() };
};
