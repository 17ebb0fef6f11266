import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from './database.js'
import { DatabaseUnavailable } from './errors.js'
import type { Log } from './logger.js'

// Never change one that was deployed: append the next.
const migrations: readonly (readonly string[])[] = [
  [
    // A user is (appid, openid): the same openid text in two mini programs is two people.
    `create table users (
      id bigint generated always as identity primary key,
      appid text not null,
      openid text not null,
      unionid text,
      nickname text,
      avatar_url text,
      phone text,
      created_at timestamptz not null default now(),
      last_login_at timestamptz not null default now(),
      unique (appid, openid)
    )`,
    // The same person in all apps of one Open Platform account.
    `create index users_unionid on users (unionid) where unionid is not null`,
    `create table notes (
      id bigint generated always as identity primary key,
      appid text not null,
      openid text not null,
      text text not null check (char_length(text) between 1 and 500),
      created_at timestamptz not null default now()
    )`,
    `create index notes_of_user on notes (appid, openid, id)`,
  ],
  [
    // One picture a user. Its id is its address: random, and another one with every picture.
    `create table avatars (
      id text primary key,
      appid text not null,
      openid text not null,
      type text not null,
      bytes bytea not null,
      unique (appid, openid)
    )`,
  ],
]

/** The version this program needs. */
export const schemaVersion = migrations.length

const lock = 0x77785f6c // any number, as long as every process uses the same

/** Brings the schema up to date. Of several processes that start at once, one works and the others wait. */
export async function migrate(database: Database): Promise<void> {
  await database.transaction(async (query) => {
    await query('select pg_advisory_xact_lock($1)', [lock])
    await query('create table if not exists schema_version (version int primary key)')
    const { rows } = await query<{ version: number | null }>(
      'select max(version) as version from schema_version',
    )
    for (let version = (rows[0]?.version ?? 0) + 1; version <= schemaVersion; version++) {
      for (const statement of migrations[version - 1] ?? []) await query(statement)
      await query('insert into schema_version (version) values ($1)', [version])
    }
  })
}

/** Whether the schema is as this program needs it; fails where the database cannot say. */
export async function isMigrated(database: Database): Promise<boolean> {
  const { rows } = await database.query<{ version: number | null }>(
    'select max(version) as version from schema_version',
  )
  return (rows[0]?.version ?? 0) >= schemaVersion
}

/**
 * Migrates. Where the database is away, the start goes on without it, /readyz says what is missing, and
 * `done` resolves when it came and was migrated.
 *
 * @throws where waiting will not help: a wrong password, a missing right, a mistake in a migration
 */
export async function startMigration(
  database: Database,
  log: Log,
  signal: AbortSignal,
): Promise<{ done: Promise<void> }> {
  try {
    await migrate(database)
    return { done: Promise.resolve() }
  } catch (error) {
    if (!(error instanceof DatabaseUnavailable)) throw error
    log.error({ err: error }, 'the database is unavailable: trying again every second')
    return { done: keepTrying(database, log, signal) }
  }
}

async function keepTrying(database: Database, log: Log, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sleep(1000, undefined, { signal }).catch(() => {})
    try {
      await migrate(database)
      log.info('the database is there and migrated')
      return
    } catch (error) {
      if (!(error instanceof DatabaseUnavailable)) throw error
    }
  }
}
