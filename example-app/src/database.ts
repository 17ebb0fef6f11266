import { DatabaseUnavailable } from './errors.js'
import type { Log } from './logger.js'

export type Query = <Row>(text: string, params?: unknown[]) => Promise<{ rows: Row[] }>

/** PostgreSQL, on a server or in this process: the same SQL either way. */
export interface Database {
  readonly kind: 'postgres' | 'embedded'
  /** @throws {DatabaseUnavailable} where a retry may help */
  query: Query
  /** Runs `work` in one transaction: all of it or nothing. */
  transaction<T>(work: (query: Query) => Promise<T>): Promise<T>
  close(): Promise<void>
}

// Together below the plugin's `hookTimeout` of 5 s: a login that waits for a hanging database
// then fails by the database's own error, which says more.
const connectTimeout = 2000
const queryTimeout = 2500

/** Opens the database at `url`, or an empty one in memory where there is none. */
export function openDatabase(url: string | undefined, log: Log): Promise<Database> {
  return url === undefined ? openEmbedded() : openPostgres(url, log)
}

async function openPostgres(connectionString: string, log: Log): Promise<Database> {
  const { Pool } = await import('pg')
  const pool = new Pool({
    connectionString,
    application_name: 'express-wx-login-example',
    max: 10,
    keepAlive: true,
    connectionTimeoutMillis: connectTimeout,
    // The server gives up first and says so; the client's own limit is for a server that is silent.
    statement_timeout: queryTimeout - 500,
    query_timeout: queryTimeout,
    idle_in_transaction_session_timeout: 10_000,
  })
  // An idle connection that breaks is replaced. Without a listener it would end the process.
  pool.on('error', (error) => log.warn({ err: error }, 'a database connection was lost'))

  return {
    kind: 'postgres',
    query: <Row>(text: string, params?: unknown[]) =>
      named(async () => ({ rows: (await pool.query(text, params)).rows as Row[] })),
    transaction: (work) =>
      named(async () => {
        const client = await pool.connect()
        const broken = (): void => {}
        client.on('error', broken) // the query that is running rejects as well, and that is enough
        try {
          await client.query('begin')
          const result = await work(async <Row>(text: string, params?: unknown[]) => ({
            rows: (await client.query(text, params)).rows as Row[],
          }))
          await client.query('commit')
          client.off('error', broken)
          client.release()
          return result
        } catch (error) {
          // Closing the connection rolls back, whatever state it is in.
          client.release(true)
          throw error
        }
      }),
    close: () => pool.end(),
  }
}

async function openEmbedded(): Promise<Database> {
  const { PGlite } = await import('@electric-sql/pglite')
  // It takes some seconds to start: not before it is needed, so that a wrong option is told at once.
  let started: InstanceType<typeof PGlite> | undefined
  const db = () => (started ??= new PGlite())
  return {
    kind: 'embedded',
    query: <Row>(text: string, params?: unknown[]) => named(() => db().query<Row>(text, params)),
    transaction: (work) =>
      named(() =>
        db().transaction((tx) =>
          work(<Row>(text: string, params?: unknown[]) => tx.query<Row>(text, params)),
        ),
      ),
    close: async () => started?.close(),
  }
}

async function named<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw retryMayHelp(error) ? new DatabaseUnavailable(error) : error
  }
}

/** Lost, full, restarting, failing over, too slow, not migrated yet (42P01); as opposed to a mistake in our SQL or data. */
function retryMayHelp(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  // Everything PostgreSQL itself says has a severity and an SQLSTATE.
  if ('severity' in error && 'code' in error)
    return /^(08|40|53|57|58|25006|42P01)/.test(String(error.code))
  return !(error instanceof TypeError || error instanceof DatabaseUnavailable)
}
