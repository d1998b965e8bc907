/** Of AWS JSON 1.1. */
export interface Answer {
  readonly status: number;
  readonly json: object;
}

export const answered = (json: object): Answer => ({ status: 200, json });

export const refused = (type: string, message: string, status = 400): Answer => ({
  status,
  json: { __type: type, message },
});
