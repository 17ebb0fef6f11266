import type { WxIdentity, WxUserEvent } from 'express-wx-login'
import type { Database } from './database.js'

/** A user as the phone may see them. The openid is not among it: it is the server's name for them. */
export interface PublicUser {
  id: number
  nickname: string | null
  /** An https URL of WeChat's, or the path of an upload: the phone puts this server's address before it. */
  avatarUrl: string | null
  phone?: string
  createdAt: string
  lastLoginAt: string
}

// From here on `req.wx.user` and `getWx(req).user` have this type everywhere.
declare module 'express-wx-login' {
  interface WxRegister {
    user: PublicUser
  }
}

/** What {@link userColumns} gives. */
export interface UserRow {
  id: string | number
  nickname: string | null
  avatar_url: string | null
  phone: string | null
  created_at: Date
  last_login_at: Date
}

export interface Users {
  /** Saves what an event of the plugin says about a user, and returns the user. For `onUser`. */
  upsert(event: WxUserEvent): Promise<PublicUser>
  /** The whole row, for the sandbox' page. */
  row(user: WxIdentity): Promise<object | undefined>
}

export const userColumns = 'id, nickname, avatar_url, phone, created_at, last_login_at'

// One statement, so that fifty first logins of one user at the same time, in any number of processes,
// are one row. Unknown values are null and leave what is there.
const upsertUser = `
  insert into users (appid, openid, unionid, nickname, avatar_url, phone)
  values ($1, $2, $3, $4, $5, $6)
  on conflict (appid, openid) do update set
    unionid = coalesce(excluded.unionid, users.unionid),
    nickname = coalesce(excluded.nickname, users.nickname),
    avatar_url = coalesce(excluded.avatar_url, users.avatar_url),
    phone = coalesce(excluded.phone, users.phone),
    last_login_at = case when $7 then now() else users.last_login_at end
  returning ${userColumns}`

export function createUsers(database: Database): Users {
  return {
    async upsert(event) {
      // WeChat's stand-in (微信用户, grey avatar) must not overwrite a name the user once chose.
      const profile = event.profile?.isDefault === false ? event.profile : undefined
      const { rows } = await database.query<UserRow>(upsertUser, [
        event.appid,
        event.openid,
        event.unionid ?? null,
        storable(profile?.nickName),
        storable(profile?.avatarUrl),
        event.phone?.phoneNumber ?? null,
        event.reason === 'login',
      ])
      return toPublicUser(rows[0]!)
    },
    async row({ appid, openid }) {
      const sql = 'select * from users where appid = $1 and openid = $2'
      return (await database.query<object>(sql, [appid, openid])).rows[0]
    },
  }
}

/** PostgreSQL's text takes every character but NUL. Nothing left is nothing known. */
function storable(text: string | undefined): string | null {
  return text?.replaceAll('\0', '').trim() || null
}

export function toPublicUser(row: UserRow): PublicUser {
  return {
    id: Number(row.id),
    nickname: row.nickname,
    avatarUrl: row.avatar_url,
    ...(row.phone !== null && { phone: row.phone }),
    createdAt: row.created_at.toISOString(),
    lastLoginAt: row.last_login_at.toISOString(),
  }
}
