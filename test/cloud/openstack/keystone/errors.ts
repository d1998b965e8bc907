/** An answer other than success, as Keystone words it: {"error": {code, message, title}}. */
export class KeystoneError extends Error {
  readonly status: number;
  readonly title: string;
  constructor(status: number, title: string, message: string) {
    super(message);
    this.status = status;
    this.title = title;
  }
}

export const unauthorized = (message = 'The request you have made requires authentication.'): KeystoneError =>
  new KeystoneError(401, 'Unauthorized', message);

export const notFound = (message: string): KeystoneError => new KeystoneError(404, 'Not Found', message);

export const badRequest = (message: string): KeystoneError => new KeystoneError(400, 'Bad Request', message);

export const forbidden = (action: string): KeystoneError =>
  new KeystoneError(
    403,
    'Forbidden',
    `You are not authorized to perform the requested action: identity:${action}.`,
  );
