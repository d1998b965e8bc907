/** An answer other than success. Which text stands where is webob's business: see error-body.ts. */
export class GlanceError extends Error {
  readonly status: number;
  /** What webob calls the detail: a second paragraph below its stock sentence. */
  readonly detail: string;
  readonly headers: Readonly<Record<string, string>>;
  constructor(status: number, message: string, detail = '', headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.detail = detail;
    this.headers = headers;
  }
}

export const badRequest = (message: string): GlanceError => new GlanceError(400, message);

export const forbidden = (message: string): GlanceError => new GlanceError(403, message);

/** Where Glance passes the message as webob's detail, below the stock sentence. */
export const accessDenied = (detail: string): GlanceError =>
  new GlanceError(403, 'Access was denied to this resource.', detail);

export const notFound = (message = 'The resource could not be found.'): GlanceError =>
  new GlanceError(404, message);

export const noImage = (imageId: string): GlanceError => notFound(`No image found with ID ${imageId}`);

export const conflict = (message: string): GlanceError => new GlanceError(409, message);

/** The conflicts of PATCH, which Glance passes as webob's detail. */
export const propertyConflict = (detail: string): GlanceError =>
  new GlanceError(409, 'There was a conflict when trying to complete your request.', detail);

export const unsatisfiable = (detail: string): GlanceError =>
  new GlanceError(416, 'The Range requested is not available.', detail);

export const tooLarge = (message: string): GlanceError => new GlanceError(413, message);

export const serverError = (): GlanceError =>
  new GlanceError(500, 'The server has either erred or is incapable of performing the requested operation.');

/** What eventlet answers when Glance dies outside of its own error handling: no body, no request id. */
export class BareServerError extends Error {}
