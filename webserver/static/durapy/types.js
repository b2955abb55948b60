// The shapes that the server sends, for the type checker; nothing here runs.

/**
 * A command as it is stored.
 *
 * @typedef {object} CommandRecord
 * @property {string} key its id, ordered
 * @property {string | null} type wire type, such as `PING`
 * @property {string} sent_at ISO time of the store's clock
 * @property {string | null} sender
 * @property {string | null} cause key of the record whose handler sent this one
 * @property {number | null} n which of that handler's sends it is
 * @property {Record<string, any> | null} body
 * @property {string | null} raw the text as stored, when it is no valid body
 * @property {string | null} problem why it cannot be read
 */

/**
 * A command type as running (and stopped) services publish it.
 *
 * @typedef {object} CommandType
 * @property {string} type
 * @property {string | null} title
 * @property {string | null} group
 * @property {string} description
 * @property {boolean} confirm ask before sending
 * @property {boolean} actuates moves or delivers something
 * @property {number | null} max_age_s
 * @property {JsonSchema} schema
 * @property {string} hash of the version that is shown
 * @property {{service: string, roles: string[], running: boolean, hash: string, version: 'same' | 'older' | 'newer' | 'conflict'}[]} services
 * @property {number} running how many services that know it are up
 * @property {string | null} conflict how services disagree on its schema
 * @property {string | null} changed why records of former versions may not fit any more, or do not
 */

/** @typedef {Record<string, any>} JsonSchema */

/**
 * What became of a record in one service; `*_s` are seconds, null when no handler was called.
 *
 * @typedef {object} Receipt
 * @property {string} key of the record
 * @property {string} service
 * @property {'done' | 'failed' | 'invalid' | 'expired' | 'interrupted' | 'refused'} outcome
 * @property {string} text why; empty when done
 * @property {number | null} wait_s
 * @property {number | null} took_s
 * @property {boolean} redelivered
 */

/**
 * @typedef {object} Session
 * @property {'idle' | 'running' | 'unknown'} state
 * @property {string | null} key
 * @property {string | null} label
 * @property {string | null} type
 * @property {string | null} since
 * @property {string[]} services
 * @property {string[]} ends
 */

/** @typedef {{key: string, type: string | null}} RecordName */

/**
 * What a service says of itself once a second; `*_s` are seconds.
 *
 * @typedef {object} ServiceStatus
 * @property {string} service
 * @property {string} replica
 * @property {string} host
 * @property {number} pid
 * @property {string} revision
 * @property {'starting' | 'standby' | 'idle' | 'in_session' | 'busy' | 'stopping' | 'stopped'} state
 * @property {string | null} busy_key
 * @property {number | null} busy_s
 * @property {{key: string, type: string, label: string | null} | null} session
 * @property {string} started_at
 * @property {number} handled
 * @property {number} failed
 * @property {number} invalid
 * @property {number} skipped
 * @property {RecordName | null} [last_failed] the newest of them
 * @property {RecordName | null} [last_invalid]
 * @property {string | null} fault
 * @property {'beside' | 'stop_first'} [rollout] how it wishes to be replaced
 * @property {number | null} lag_s
 * @property {number | null} p50_s
 * @property {number | null} p99_s
 * @property {number} age_s
 * @property {boolean} up
 */

/** @typedef {{services: ServiceStatus[], session: Session}} RigSnapshot */

/**
 * The safe state, and what each service says of it.
 *
 * @typedef {object} SafeState
 * @property {boolean} engaged
 * @property {string | null} key
 * @property {string | null} since ISO time
 * @property {string | null} by who entered it
 * @property {string} reason
 * @property {{service: string, replica: string, state: 'safe' | 'failed' | 'waiting' | 'none' | 'down', text: string, took_s: number | null}[]} services
 */

/** @typedef {{key: string, verb: string, service: string, state: 'requested' | 'done' | 'failed', message: string}} Operation */

/** @typedef {{loc: (string | number)[], msg: string}} Problem */

export {};
