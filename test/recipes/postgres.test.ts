import { codeOf } from '../docs/markdown.js'
import { createWorkspace, run, type Workspace } from '../docs/workspace.js'
import { type PostgresServer, startPostgres } from '../support/postgres.js'

// The SQL and the code of docs/recipes.md, as they stand there, on a real PostgreSQL, from processes of their own.

const block = (words: string): string => codeOf('docs/recipes.md', words)

let postgres: PostgresServer
let workspace: Workspace
beforeAll(async () => {
  postgres = await startPostgres()
  workspace = createWorkspace()
  workspace.write('accounts.mjs', block('export const createOnUser'))
  workspace.write('accounts.sql', block('create table unionids'))
  workspace.write('users.sql', block('create index users_unionid'))
  workspace.write('upsert.sql', block('values ($1, $2, $3, $4, $5, $6, $7)'))
}, 120_000)
afterAll(async () => {
  workspace?.remove()
  await postgres?.stop()
})

/** Runs a script that has a pool of fifty connections to an empty schema of this name; what it prints as JSON. */
async function play<T>(schema: string, script: string): Promise<T> {
  const file = workspace.write(
    `${schema}.mjs`,
    `import { readFileSync } from 'node:fs'
import pg from 'pg'
import { createOnUser } from './accounts.mjs'
const sql = (name) => readFileSync(new URL(name, import.meta.url), 'utf8')
const pool = new pg.Pool({
  connectionString: ${JSON.stringify(postgres.url)},
  max: 50,
  options: '-c search_path=${schema}',
})
await pool.query('create schema ${schema}')
const fifty = (work) => Promise.allSettled(Array.from({ length: 50 }, (_, i) => work(i)))
const rows = async (query) => (await pool.query(query)).rows
const told = (results) => ({
  failed: results.flatMap(({ reason }) => reason?.message ?? []),
  ids: [...new Set(results.map(({ value }) => value?.id))].length,
})
${script}
await pool.end()
`,
  )
  const { ok, stdout, stderr } = await run(process.execPath, [file], workspace.path)
  expect([ok, stderr]).toEqual([true, ''])
  return JSON.parse(stdout) as T
}

interface Told {
  failed: string[]
  ids: number
}

describe('accounts by unionid', () => {
  test('fifty first logins of one openid at once make one account', async () => {
    const { results, accounts } = await play<{ results: Told; accounts: unknown[] }>(
      'first',
      `await pool.query(sql('accounts.sql'))
const onUser = createOnUser(pool)
const results = told(await fifty(() => onUser({ appid: 'wx1', openid: 'x' })))
console.log(JSON.stringify({ results, accounts: await rows('select id from accounts') }))`,
    )
    expect(results).toEqual({ failed: [], ids: 1 })
    expect(accounts).toHaveLength(1)
  })

  test('fifty first logins of two openids with one unionid make one account', async () => {
    const { results, accounts } = await play<{ results: Told; accounts: unknown[] }>(
      'unioned',
      `await pool.query(sql('accounts.sql'))
const onUser = createOnUser(pool)
const login = (i) => onUser({ appid: 'wx' + (i % 2), openid: 'u' + (i % 2), unionid: 'U' })
const results = told(await fifty(login))
console.log(JSON.stringify({ results, accounts: await rows('select account_id from openids group by 1') }))`,
    )
    expect(results.failed).toEqual([])
    expect(accounts).toHaveLength(1)
  })

  test('two accounts that turn out to be one person become one, however many logins say so', async () => {
    const told = await play<{ rounds: { results: Told; accounts: number }[] }>(
      'merged',
      `await pool.query(sql('accounts.sql'))
const onUser = createOnUser(pool)
const rounds = []
for (let round = 0; round < 5; round += 1) {
  const [x, y, unionid] = ['x' + round, 'y' + round, 'U' + round]
  await onUser({ appid: 'wx1', openid: x })
  await onUser({ appid: 'wx2', openid: y })
  const results = told(await fifty((i) =>
    i % 2 ? onUser({ appid: 'wx1', openid: x, unionid }) : onUser({ appid: 'wx2', openid: y, unionid }),
  ))
  const found = await pool.query('select distinct account_id from openids where openid in ($1, $2)', [x, y])
  rounds.push({ results, accounts: found.rows.length })
}
console.log(JSON.stringify({ rounds }))`,
    )
    for (const { results, accounts } of told.rounds) {
      expect(results.failed).toEqual([])
      expect(accounts).toBe(1)
    }
  })

  test('a login that PostgreSQL ends for one that crosses it is tried again, three times', async () => {
    // PostgreSQL decides by itself when that is: here its word comes at the commit.
    const told = await play<{ ends: string[]; accounts: number }>(
      'crossed',
      `await pool.query(sql('accounts.sql'))
const ending = (code, times) => ({
  async connect() {
    const client = await pool.connect()
    const query = (text, values) =>
      text === 'commit' && times-- > 0
        ? Promise.reject(Object.assign(new Error(code), { code }))
        : client.query(text, values)
    return { query, release: (drop) => client.release(drop) }
  },
})
const ends = []
for (const [code, times] of [['40P01', 1], ['23503', 3], ['40P01', 4], ['23505', 1]]) {
  const onUser = createOnUser(ending(code, times))
  const openid = code + times
  ends.push(await onUser({ appid: 'wx1', openid }).then(() => 'in', (error) => error.code))
}
const found = await rows('select id from accounts')
console.log(JSON.stringify({ ends, accounts: found.length }))`,
    )
    expect(told).toEqual({ ends: ['in', 'in', '40P01', '23505'], accounts: 2 })
  })
})

describe('the table of users', () => {
  test('fifty first logins at once make one row, and what is not known leaves what is there', async () => {
    const told = await play<{ ids: number; row: object }>(
      'users_table',
      `await pool.query(sql('users.sql'))
const upsert = (...values) => pool.query(sql('upsert.sql'), values)
const results = await fifty((i) => upsert('wx1', 'o', null, i === 0 ? '名😀' : null, null, null, null))
await upsert('wx1', 'o', 'U', null, null, '86', '13800000000')
const [row] = await rows('select unionid, nickname, phone, avatar_url from users')
console.log(JSON.stringify({ ids: new Set(results.map(({ value }) => value.rows[0].id)).size, row }))`,
    )
    expect(told).toEqual({
      ids: 1,
      row: { unionid: 'U', nickname: '名😀', phone: '13800000000', avatar_url: null },
    })
  })
})
