// The JSON API: one function, one error. Sends the XSRF token, which the page carries.

/** @typedef {import('./types.js').Problem} Problem */
/** @typedef {{method?: string, query?: Record<string, string | number>, body?: unknown, signal?: AbortSignal, idempotencyKey?: string}} Options */

/** What the server refused, in its own words; `errors` are the problems field by field. */
export class ApiError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   * @param {Problem[]} [errors]
   */
  constructor(code, message, errors = []) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
    this.errors = errors;
  }
}

/**
 * Call `/api/v1/PATH` and return its JSON.
 *
 * @param {string} path
 * @param {Options} [options] `idempotencyKey`: the send's own name; repeated, it counts once
 * @returns {Promise<any>}
 * @throws {ApiError} the server refused, or did not answer (code `unreachable`)
 */
export async function api(path, { method = 'GET', query = {}, ...request } = {}) {
  const url = new URL(`/api/v1/${path}`, location.href);
  for (const [name, value] of Object.entries(query)) {
    if (value !== '') url.searchParams.set(name, String(value));
  }
  const answer = await ask(url, { method, ...request });
  const data = await answer.json().catch(() => null);
  if (answer.ok) return data;
  const error = data?.error;
  throw new ApiError(
    error?.code ?? 'failed',
    error?.message ?? `The server answered ${answer.status} without a reason.`,
    error?.errors,
  );
}

/** @param {URL} url @param {Options} options */
async function ask(url, { method = 'GET', body, signal, idempotencyKey }) {
  /** @type {Record<string, string>} */
  const headers = { Accept: 'application/json' };
  if (method !== 'GET') headers['X-XSRFToken'] = xsrfToken();
  if (idempotencyKey) headers['Idempotency-Key'] = idempotencyKey;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  try {
    return await fetch(url, {
      method,
      headers,
      signal,
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (signal?.aborted && signal.reason?.name !== 'TimeoutError') throw error;
    throw new ApiError(
      'unreachable',
      'The web server does not answer. The rig may go on without it.',
    );
  }
}

/** The token that proves a write comes from one of our pages. */
function xsrfToken() {
  const meta = /** @type {HTMLMetaElement | null} */ (document.querySelector('meta[name=xsrf]'));
  return meta?.content ?? '';
}
