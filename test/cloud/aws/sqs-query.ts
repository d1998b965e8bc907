import { randomUUID } from 'node:crypto';
import type { buildApp } from 'fauxqs';
import { renderXml, type XmlTree } from './s3/xml.ts';

// The older of SQS's two protocols, which Debian's awscli speaks: forms in, XML out. fauxqs has the newer one, JSON.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-xml.html

const actions: ReadonlySet<string> = new Set([
  ...['CreateQueue', 'DeleteQueue', 'GetQueueUrl', 'ListQueues', 'GetQueueAttributes', 'PurgeQueue'],
  ...['SendMessage', 'ReceiveMessage', 'DeleteMessage', 'ChangeMessageVisibility'],
]);
const numbers: ReadonlySet<string> = new Set([
  ...['DelaySeconds', 'MaxNumberOfMessages', 'MaxResults', 'VisibilityTimeout', 'WaitTimeSeconds'],
]);

type Form = Readonly<Record<string, string>>;
type Json = Readonly<Record<string, unknown>>;

/** `AttributeName.1`, `AttributeName.2`, … */
const listIn = (form: Form, name: string): readonly string[] =>
  Object.entries(form).flatMap(([key, value]) => (new RegExp(`^${name}\\.\\d+$`).test(key) ? [value] : []));

/** `Attribute.1.Name` and `Attribute.1.Value`, … */
const attributesIn = (form: Form): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(form).flatMap(([key, name]) => {
      const [, prefix] = /^(Attribute\.\d+)\.Name$/.exec(key) ?? [];
      return prefix ? [[name, form[`${prefix}.Value`] ?? '']] : [];
    }),
  );

const requestOf = ({ Action, Version, ...form }: Form): Json => {
  const plain = Object.entries(form).filter(([name]) => !name.includes('.'));
  const Attributes = attributesIn(form);
  return {
    ...Object.fromEntries(plain.map(([name, value]) => [name, numbers.has(name) ? Number(value) : value])),
    ...(Object.keys(Attributes).length > 0 && { Attributes }),
    AttributeNames: listIn(form, 'AttributeName'),
    MessageAttributeNames: listIn(form, 'MessageAttributeName'),
  };
};

/** Lists and maps repeat an element of their singular's name. */
const treeOf = ({ Attributes, Messages, QueueUrls, ...plain }: Json): XmlTree => ({
  ...(plain as XmlTree),
  ...(Attributes !== undefined && {
    Attribute: Object.entries(Attributes as Form).map(([Name, Value]) => ({ Name, Value })),
  }),
  ...(Messages !== undefined && { Message: (Messages as readonly Json[]).map(treeOf) }),
  ...(QueueUrls !== undefined && { QueueUrl: QueueUrls as readonly string[] }),
});

const answerOf = (action: string, status: number, json: Json): string => {
  const RequestId = randomUUID();
  if (status >= 400) {
    const { __type: code, message: Message } = json as { __type: string; message: string };
    const told = { Type: 'Sender', Code: code.replace(/^.*#/, ''), Message };
    return renderXml('ErrorResponse', { Error: told, RequestId });
  }
  const result = { [`${action}Result`]: treeOf(json) };
  return renderXml(`${action}Response`, { ...result, ResponseMetadata: { RequestId } });
};

/** Queues' URLs lead to where the request came, whose name resolves. */
const reachable = (json: string, host: string): string =>
  json.replace(/http:\/\/[^/"]+\/(?=\d{12}\/)/g, `http://${host}/`);

/** Lets fauxqs answer forms as well: each is asked again as JSON. */
export const answerForms = (app: ReturnType<typeof buildApp>): void => {
  app.addHook('preHandler', async (request, reply) => {
    const form = request.body as Form | undefined;
    const action = form?.['Action'] ?? '';
    const isForm = request.headers['content-type']?.includes('x-www-form-urlencoded');
    if (!form || !isForm || !actions.has(action)) return;
    const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `AmazonSQS.${action}` };
    const payload = JSON.stringify(requestOf(form));
    const { statusCode, body } = await app.inject({ method: 'POST', url: '/', headers, payload });
    const json = JSON.parse(reachable(body || '{}', request.headers.host ?? '')) as Json;
    return reply
      .code(statusCode)
      .header('content-type', 'text/xml')
      .send(answerOf(action, statusCode, json));
  });
};
