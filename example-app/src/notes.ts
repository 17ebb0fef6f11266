import type { WxIdentity } from 'express-wx-login'
import * as v from 'valibot'
import type { Database } from './database.js'
import { HttpError } from './errors.js'

export interface Note {
  id: number
  text: string
  createdAt: string
}

interface Row {
  id: string | number
  text: string
  created_at: Date
}

export interface Notes {
  add(owner: WxIdentity, text: string): Promise<Note>
  /** The newest hundred, newest first. */
  list(owner: WxIdentity): Promise<Note[]>
}

// Counted in characters as people see them in the database, not in UTF-16: an emoji is one.
const noteBody = v.object(
  {
    text: v.pipe(
      v.string('text must be a string.'),
      v.trim(),
      v.check(
        (text) => text !== '' && [...text].length <= 500,
        'text must have 1 to 500 characters.',
      ),
      // PostgreSQL's text takes neither.
      v.check(
        (text) => !/[\0\p{Surrogate}]/u.test(text),
        'text has characters that cannot be stored.',
      ),
    ),
  },
  'text must be a string.',
)

/** @throws {HttpError} 400 that says what is wrong with the body */
export function parseNote(body: unknown): string {
  const parsed = v.safeParse(noteBody, body, { abortEarly: true })
  if (!parsed.success) throw new HttpError(400, 'BAD_REQUEST', parsed.issues[0].message)
  return parsed.output.text
}

export function createNotes(database: Database): Notes {
  return {
    async add({ appid, openid }, text) {
      const { rows } = await database.query<Row>(
        'insert into notes (appid, openid, text) values ($1, $2, $3) returning id, text, created_at',
        [appid, openid, text],
      )
      return toNote(rows[0]!)
    },
    async list({ appid, openid }) {
      const { rows } = await database.query<Row>(
        'select id, text, created_at from notes where appid = $1 and openid = $2 order by id desc limit 100',
        [appid, openid],
      )
      return rows.map(toNote)
    },
  }
}

function toNote(row: Row): Note {
  return { id: Number(row.id), text: row.text, createdAt: row.created_at.toISOString() }
}
