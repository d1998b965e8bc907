/** An answer other than success, as Keystone words it: {"error": {code, message, title}}. */
export class KeystoneError extends Error {
  readonly status: number;
  readonly title: string;
  /** Fields beside code, message and title. */
  readonly more: object;
  constructor(status: number, title: string, message: string, more: object = {}) {
    super(message);
    this.status = status;
    this.title = title;
    this.more = more;
  }
}

export const unauthorized = (): KeystoneError =>
  new KeystoneError(401, 'Unauthorized', 'The request you have made requires authentication.');

export const unsupportedMethod = (methods: readonly string[]): KeystoneError =>
  new KeystoneError(401, 'Unauthorized', 'Attempted to authenticate with an unsupported method.', {
    identity: { methods },
  });

export const notFound = (message: string): KeystoneError => new KeystoneError(404, 'Not Found', message);

export const badRequest = (message: string): KeystoneError => new KeystoneError(400, 'Bad Request', message);

/** @param expected what Keystone expected to find */
export const malformed = (expected: string): KeystoneError =>
  badRequest(
    `Expecting to find ${expected}. The server could not comply with the request since it is either malformed or otherwise incorrect. The client is assumed to be in error.`,
  );

export const forbidden = (action: string): KeystoneError =>
  new KeystoneError(
    403,
    'Forbidden',
    `You are not authorized to perform the requested action: identity:${action}.`,
  );
