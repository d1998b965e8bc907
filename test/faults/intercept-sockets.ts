import net from 'node:net';
import type { Service } from './call-log.ts';
import { currentInvocation, type Invocation } from './context.ts';
import { faultHeader, originHeader } from './fault-server.ts';
import type { Fault } from './faults.ts';
import { type Interception, replaceMethod } from './intercept.ts';

/** What lib/http asks of net. */
type DataConnection = net.TcpNetConnectOpts & { readonly onread: net.OnReadOpts };

/** Data goes one way at each service: who connects says what he wants. */
const dataOperations: Partial<Record<Service, string>> = {
  source: 'GET file',
  target: 'PUT file',
  s3: 'GetObject',
  web: 'GET page',
};

/** Puts two headers behind the request line, which is sent in one piece with all others. */
const withHeaders = (head: string, headers: Readonly<Record<string, string>>): Buffer => {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(head.replace('\r\n', `\r\n${lines.join('')}`), 'latin1');
};

type Write = net.Socket['write'];

/** Lets the first piece that is written be another one. */
const bendFirstWrite = (socket: net.Socket, bent: (head: Buffer) => Buffer): void => {
  const write = socket.write.bind(socket) as (bytes: Uint8Array, ...rest: unknown[]) => boolean;
  let isFirst = true;
  socket.write = ((bytes: Uint8Array, ...rest: unknown[]) => {
    const sent = isFirst ? bent(Buffer.from(bytes)) : bytes;
    isFirst = false;
    return write(sent, ...rest);
  }) as Write;
};

/** A body is on its way when its second piece is written. */
const dieWhileWriting = (socket: net.Socket, invocation: Invocation): void => {
  const write = socket.write.bind(socket) as (bytes: Uint8Array, ...rest: unknown[]) => boolean;
  let pieces = 0;
  socket.write = ((bytes: Uint8Array, ...rest: unknown[]) => {
    pieces += 1;
    if (pieces < 3) return write(bytes, ...rest);
    invocation.die();
    return false;
  }) as Write;
};

/** Who has died hears nothing of the bytes that come. */
const guardedReading = (
  onread: net.OnReadOpts,
  invocation: Invocation,
  diesAtAnswer: boolean,
): net.OnReadOpts => ({
  ...onread,
  callback: (length, buffer) => {
    if (diesAtAnswer) invocation.die();
    return invocation.isDead ? false : onread.callback(length, buffer);
  },
});

const silent = (): net.Socket => new net.Socket();

const fateOf = (invocation: Invocation, service: Service) => {
  const operation = dataOperations[service] ?? 'data';
  const { run, step, number } = invocation;
  return run.plan.fateOf(run.calls.add({ step, invocation: number, service, operation }));
};

/** An exchange of its own for each connection: whose fate it is and who dies with it is told when it is made. */
const unkept = (head: Buffer): Buffer =>
  Buffer.from(
    head.toString('latin1').replace('\r\nconnection: keep-alive\r\n', '\r\nconnection: close\r\n'),
    'latin1',
  );

/** Image data: lib/http makes its connections with an `onread`. */
export const interceptSockets = ({ services, faults }: Interception): void => {
  const planned = (
    connect: typeof net.connect,
    asked: DataConnection,
    invocation: Invocation,
  ): net.Socket => {
    const address = `${asked.host}:${asked.port}`;
    const service = services.get(address);
    if (!service) throw new Error(`no service at ${address}`);
    const fate = fateOf(invocation, service);
    if (fate.kind === 'die' && fate.when === 'before') invocation.die();
    if (invocation.isDead) return silent();
    const isWrite = service === 'target';
    const onread = guardedReading(
      asked.onread,
      invocation,
      fate.kind === 'die' && fate.when === 'after' && isWrite,
    );
    const open = (port: number, bent = unkept): net.Socket => {
      const socket = connect({ ...asked, host: '127.0.0.1', port, onread });
      bendFirstWrite(socket, bent);
      return socket;
    };

    const sendThrough = (fault: Fault): net.Socket => {
      const headers = { [faultHeader]: faults.plan(fault), [originHeader]: `http://${address}` };
      return open(faults.port, (head) => withHeaders(unkept(head).toString('latin1'), headers));
    };
    if (fate.kind !== 'fault') {
      const socket = open(asked.port);
      if (fate.kind === 'die' && fate.when === 'during' && isWrite) dieWhileWriting(socket, invocation);
      else if (fate.kind === 'die' && !isWrite) socket.prependListener('end', () => invocation.die());
      return socket;
    }
    if (fate.fault.kind !== 'timeout') return sendThrough(fate.fault);
    const socket = silent();
    setImmediate(() => socket.destroy(new Error('no byte came in 60 s')));
    return socket;
  };

  replaceMethod(
    net,
    'connect',
    (connect) =>
      ((...args: Parameters<typeof net.connect>) => {
        const [asked] = args as unknown as [DataConnection];
        const invocation = currentInvocation();
        if (!invocation || !asked.onread) return connect(...args);
        const socket = planned(connect, asked, invocation);
        invocation.sockets.add(socket);
        socket.once('close', () => invocation.sockets.delete(socket));
        return socket;
      }) as typeof net.connect,
  );
};
