// Sending what must arrive: by the socket, and by a request if that is not heard of in time.

/** How long the socket has for its answer. */
export const PATIENCE_MS = 500;

/**
 * Try the socket; unless it answers in time, or at once if it refuses, try the request as well.
 * Both carry the same name for the send, so it is done once even if both arrive.
 *
 * @template T
 * @param {{socket: () => Promise<T>, request: () => Promise<T>, patience_ms?: number}} ways
 * @returns {Promise<T>} the first good answer; rejects with what the request said if both failed
 */
export async function deliver({ socket, request, patience_ms = PATIENCE_MS }) {
  const bySocket = socket();
  if (await answeredWithin(bySocket, patience_ms)) return bySocket;
  const byRequest = request();
  return Promise.any([bySocket, byRequest]).catch(() => byRequest);
}

/** Whether a promise is kept in time; false at once when it is broken. @param {Promise<unknown>} promise @param {number} wait_ms */
function answeredWithin(promise, wait_ms) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, wait_ms, false);
    const settle = (/** @type {boolean} */ answered) => {
      clearTimeout(timer);
      resolve(answered);
    };
    promise.then(
      () => settle(true),
      () => settle(false),
    );
  });
}
