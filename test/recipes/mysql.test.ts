import { createPool, type Pool, type ResultSetHeader } from 'mysql2/promise'
import { codeOf } from '../docs/markdown.js'
import { type MariaDbServer, startMariaDb } from '../support/mariadb.js'

// The SQL of docs/recipes.md for MySQL on MariaDB, which is what Debian has, with the one change that the page names.

const schema = codeOf('docs/recipes.md', 'unique key users_appid_openid')
const upsert = codeOf('docs/recipes.md', 'on duplicate key update')
const upsertOfMariaDb = upsert.replace(' as new', '').replace(/new\.(\w+)/g, 'values($1)')

let mariaDb: MariaDbServer
let pool: Pool
beforeAll(async () => {
  mariaDb = await startMariaDb()
  const { host, port, user } = mariaDb
  pool = createPool({ host, port, user, charset: 'utf8mb4', connectionLimit: 50 })
  await pool.query('create database app')
  await pool.end()
  pool = createPool({ host, port, user, charset: 'utf8mb4', connectionLimit: 50, database: 'app' })
}, 120_000)
beforeEach(async () => {
  await pool.query('drop table if exists users')
  await pool.query(schema)
})
afterAll(async () => {
  await pool?.end()
  await mariaDb?.stop()
})

type Column = 'appid' | 'openid' | 'unionid' | 'nickname' | 'avatar' | 'country_code' | 'phone'

/** Writes a user as `onUser` would; the `insertId` of the reply. */
async function write(user: Partial<Record<Column, string>>): Promise<number> {
  const { appid = 'wx1', openid = 'oAbc', unionid, nickname, avatar, country_code, phone } = user
  const values = [appid, openid, unionid, nickname, avatar, country_code, phone]
  const [{ insertId }] = await pool.execute<ResultSetHeader>(
    upsertOfMariaDb,
    values.map((value) => value ?? null),
  )
  return insertId
}

const rows = async (columns: string): Promise<unknown> =>
  (await pool.query(`select ${columns} from users order by id`))[0]

test('fifty first logins at once make one row, and all of them get its id', async () => {
  const ids = await Promise.all(Array.from({ length: 50 }, () => write({})))
  const [{ id }] = (await rows('id')) as [{ id: number }]
  expect(await rows('id')).toEqual([{ id }])
  expect([...new Set(ids)]).toEqual([id])
})

test('logins of fifty users, each five times and all at once, make fifty rows', async () => {
  const logins = Array.from({ length: 250 }, (_, i) => write({ openid: `o${String(i % 50)}` }))
  await Promise.all(logins)
  expect(await rows('count(*) as users')).toEqual([{ users: 50 }])
})

test('what is not known leaves what is there', async () => {
  await write({ nickname: '小明😀', avatar: 'https://example.com/1.png' })
  await write({ unionid: 'U', country_code: '86', phone: '13800000000' })
  await write({})
  expect(await rows('unionid, nickname, avatar_url, country_code, phone')).toEqual([
    {
      unionid: 'U',
      nickname: '小明😀',
      avatar_url: 'https://example.com/1.png',
      country_code: '86',
      phone: '13800000000',
    },
  ])
})

test('openids that differ in upper and lower case only are two users', async () => {
  expect(await write({ openid: 'oAbc' })).not.toBe(await write({ openid: 'oaBC' }))
})

test('one person with one unionid has a row in each app', async () => {
  expect(await write({ appid: 'wx1', unionid: 'U' })).not.toBe(
    await write({ appid: 'wx2', unionid: 'U' }),
  )
})

test('the statement for MySQL is one that MariaDB does not know, as the page says', async () => {
  await expect(pool.query(upsert, Array.from({ length: 7 }).fill(null))).rejects.toMatchObject({
    code: 'ER_PARSE_ERROR',
  })
})
